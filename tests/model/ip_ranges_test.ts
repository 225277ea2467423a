import assert from "node:assert/strict";
import { hostOf, type IpRange, isSameAddress, isWithin, parseIpRange } from "../../src/model/ip_ranges.ts";

const cases: readonly (readonly [range: string, inside: readonly string[], outside: readonly string[]])[] = [
  ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3", "::ffff:a01:203"], [
    "11.0.0.0",
    "9.255.255.255",
    "::10.1.2.3",
    "a01:203::",
  ]],
  ["10.1.2.3/8", ["10.9.9.9"], ["11.1.2.3"]],
  ["192.168.1.7", ["192.168.1.7"], ["192.168.1.6", "192.168.1.8"]],
  ["192.168.1.7/32", ["192.168.1.7"], ["192.168.1.6"]],
  ["192.168.1.6/31", ["192.168.1.6", "192.168.1.7"], ["192.168.1.5", "192.168.1.8"]],
  ["0.0.0.0/0", ["1.2.3.4", "255.255.255.255", "::ffff:1.2.3.4"], ["::1", "2001:db8::1"]],
  ["fd00::/8", ["fd00::1", "FDFF:ffff::", "fd12::1%eth0"], ["fe00::1", "10.0.0.1"]],
  ["2001:db8::1", ["2001:db8::1", "2001:0db8:0:0:0:0:0:1"], ["2001:db8::2"]],
  ["2001:db8:0:0:1::/80", ["2001:db8::1:2:3:4"], ["2001:db8::2:2:3:4"]],
  ["::/0", ["::", "::1", "2001:db8::1"], ["10.0.0.1", "::ffff:10.0.0.1"]],
  ["::1", ["::1"], ["127.0.0.1", "::"]],
  ["::ffff:10.0.0.0/104", ["10.200.0.1", "::ffff:10.200.0.1"], ["11.0.0.1"]],
  ["::ffff:0:0/96", ["1.2.3.4"], ["::1"]],
];

for (const [text, inside, outside] of cases) {
  Deno.test(`${text} holds what it says and nothing else`, () => {
    const range = parseIpRange(text);
    assert.ok(range !== undefined);
    for (const address of inside) assert.ok(isWithin(address, [range]), address);
    for (const address of [...outside, "", "unknown", "10.0.0.1:80", "10.0.0"]) {
      assert.ok(!isWithin(address, [range]), address);
    }
  });
}

Deno.test("What is no range is said", () => {
  const bad = [
    "",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "10.0.0/8",
    "010.0.0.1",
    "::1/129",
    "::ffff:10.0.0.0/95",
    "fe80::1%eth0",
    "a.example",
    " 10.0.0.1",
    "1e1.0.0.0/8",
  ];
  for (const text of bad) assert.equal(parseIpRange(text), undefined, text);
});

Deno.test("An address lies in several ranges when it lies in one, and in none of none", () => {
  const ranges = ["10.0.0.0/8", "fd00::/8"].map(parseIpRange).filter((one): one is IpRange =>
    one !== undefined
  );
  assert.deepEqual(["10.1.1.1", "fd00::1", "8.8.8.8"].map((address) => isWithin(address, ranges)), [
    true,
    true,
    false,
  ]);
  assert.ok(!isWithin("10.1.1.1", []));
});

Deno.test("A host is its IPv4 address, or the first 64 bits of its IPv6 address", () => {
  assert.equal(hostOf("::ffff:10.0.0.1"), hostOf("10.0.0.1"));
  assert.notEqual(hostOf("10.0.0.1"), hostOf("10.0.0.2"));
  assert.equal(hostOf("2001:db8::1"), hostOf("2001:db8::ffff:1"));
  assert.notEqual(hostOf("2001:db8::1"), hostOf("2001:db8:0:1::1"));
  assert.notEqual(hostOf("0.0.0.1"), hostOf("0:0:0:1::"));
  assert.equal(hostOf("unknown"), undefined);
});

Deno.test("An address is the same however it is written", () => {
  assert.ok(isSameAddress("2001:db8::1", "2001:0DB8:0:0:0:0:0:1"));
  assert.ok(isSameAddress("::ffff:10.0.0.1", "10.0.0.1"));
  assert.ok(!isSameAddress("10.0.0.1", "10.0.0.2"));
  assert.ok(!isSameAddress("x", "x"));
});
