import assert from "node:assert/strict";
import { senderAddress } from "../../src/intake/sender_address.ts";
import { type IpRange, parseIpRange } from "../../src/model/ip_ranges.ts";

const trusted = ["10.0.0.0/8", "fd00::/8"].map(parseIpRange).filter((one): one is IpRange =>
  one !== undefined
);

const cases: readonly (readonly [
  name: string,
  peer: string | undefined,
  forwardedFor: string | null,
  sender: string | undefined,
])[] = [
  ["nobody forwards", "192.0.2.1", null, "192.0.2.1"],
  ["a stranger says that it forwards", "192.0.2.1", "198.51.100.9", "192.0.2.1"],
  ["a proxy forwards", "10.0.0.1", "198.51.100.9", "198.51.100.9"],
  ["a proxy forwards, its address mapped", "::ffff:10.0.0.1", "198.51.100.9", "198.51.100.9"],
  ["the sender wrote something before", "10.0.0.1", "127.0.0.1, 198.51.100.9", "198.51.100.9"],
  ["two proxies forward", "10.0.0.1", "198.51.100.9, 10.0.0.2", "198.51.100.9"],
  ["two proxies of both families", "fd00::1", "1.1.1.1,198.51.100.9,10.0.0.2", "198.51.100.9"],
  ["a proxy itself sends", "10.0.0.1", null, "10.0.0.1"],
  ["a proxy itself sends through another", "10.0.0.1", "10.0.0.3", "10.0.0.3"],
  ["an empty header", "10.0.0.1", " , ", "10.0.0.1"],
  ["a port", "10.0.0.1", "198.51.100.9:4711", "198.51.100.9"],
  ["an IPv6 address", "10.0.0.1", "2001:db8::1", "2001:db8::1"],
  ["an IPv6 address with a port", "10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"],
  ["an IPv6 address in brackets", "10.0.0.1", "[2001:db8::1]", "2001:db8::1"],
  ["what is no address", "10.0.0.1", "198.51.100.9, unknown", undefined],
  ["what is no address, left of the sender", "10.0.0.1", "unknown, 198.51.100.9", "198.51.100.9"],
  ["a connection that is gone", undefined, "198.51.100.9", undefined],
];

for (const [name, peer, forwardedFor, sender] of cases) {
  Deno.test(`${name}: the sender is ${sender}`, () => {
    assert.equal(senderAddress({ peer, forwardedFor }, trusted), sender);
  });
}

Deno.test("without trusted proxies the header means nothing", () => {
  assert.equal(senderAddress({ peer: "10.0.0.1", forwardedFor: "198.51.100.9" }, []), "10.0.0.1");
});
