import assert from "node:assert/strict";
import * as readers from "../../src/cli/readers.ts";

interface Case {
  readonly name: string;
  readonly reader: readers.Reader<unknown>;
  readonly good: readonly (readonly [string, unknown])[];
  readonly bad: readonly string[];
}

const label63 = "a".repeat(63);
const cases: readonly Case[] = [
  { name: "text", reader: readers.text, good: [["x y", "x y"]], bad: [""] },
  { name: "a path", reader: readers.path, good: [["/a b/c", "/a b/c"]], bad: ["", "a\0b"] },
  {
    name: "a namespace",
    reader: readers.namespace,
    good: [["prod-1", "prod-1"], [label63, label63]],
    bad: ["", "Prod", "a.b", "-a", "a-", "a_b", `${label63}a`, "a\n"],
  },
  {
    name: "namespaces",
    reader: readers.namespaces,
    good: [["", []], ["a", ["a"]], ["a, b,,a", ["a", "b"]]],
    bad: ["a,B", "*"],
  },
  {
    name: "namespaces or all",
    reader: readers.namespacesOrAll,
    good: [["*", "*"], ["a,b", ["a", "b"]]],
    bad: ["a,*"],
  },
  {
    name: "a name of at most 10",
    reader: readers.objectName(10),
    good: [["a.b-c", "a.b-c"], ["a".repeat(10), "a".repeat(10)]],
    bad: ["", "a..b", ".a", "a_b", "A", "a".repeat(11)],
  },
  {
    name: "custom resources",
    reader: readers.customResources,
    good: [
      ["", []],
      ["example.com/v1/alerts, b.example.com/v1beta1/c", [
        { group: "example.com", version: "v1", resource: "alerts" },
        { group: "b.example.com", version: "v1beta1", resource: "c" },
      ]],
    ],
    bad: [
      "alerts",
      "/v1/secrets",
      "example.com/v1",
      "example.com/v1/pods/exec",
      "rbac.authorization.k8s.io/v1/roles",
    ],
  },
  {
    name: "a label value",
    reader: readers.labelValue,
    good: [["My_release.1", "My_release.1"]],
    bad: ["", "a/b", "-a", "a_", "a".repeat(64)],
  },
  {
    name: "a whole number from 1 to 100",
    reader: readers.integer(1, 100),
    good: [["1", 1], ["100", 100], ["007", 7]],
    bad: ["", "0", "101", "-1", "1.5", "1e1", " 1", "abc", "99999999999999999999"],
  },
  { name: "a port", reader: readers.port, good: [["0", 0], ["65535", 65535]], bad: ["65536", "http"] },
  {
    name: "seconds up to 60",
    reader: readers.seconds(60),
    good: [["2", 2], ["0.25", 0.25], ["60", 60]],
    bad: ["0", "60.1", "-1", "2s", ".5", "1e1"],
  },
  {
    name: "a duration from 1s to 1h",
    reader: readers.duration("1s", "1h"),
    good: [["1s", 1000], ["1h", 3_600_000], ["1m30s", 90_000]],
    bad: ["", "0", "999ms", "61m", "10", "1d"],
  },
  {
    name: "one of two words",
    reader: readers.choice("json", "text"),
    good: [["json", "json"], ["TEXT", "text"]],
    bad: ["", "yaml", "jso"],
  },
  {
    name: "an IP address",
    reader: readers.ipAddress,
    good: [["0.0.0.0", "0.0.0.0"], ["::", "::"]],
    bad: ["", "localhost", "1.2.3", "1.2.3.4:80"],
  },
  {
    name: "IP ranges",
    reader: readers.cidrs,
    good: [["", []], ["10.0.0.0/8, fd00::/8,1.2.3.4", ["10.0.0.0/8", "fd00::/8", "1.2.3.4"]]],
    bad: ["10.0.0.0/33", "fd00::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/8/8", "a"],
  },
  {
    name: "the address of a server",
    reader: readers.serverUrl,
    good: [["http://127.0.0.1:8001", "http://127.0.0.1:8001"], ["https://[::1]:6443", "https://[::1]:6443"]],
    bad: ["", "127.0.0.1:8001", "ftp://x", "https://"],
  },
];

for (const { name, reader, good, bad } of cases) {
  Deno.test(`${name} is read`, () => {
    for (const [given, expected] of good) assert.deepEqual(reader.read(given), expected, given);
  });
  Deno.test(`what is not ${name} is refused`, () => {
    for (const given of bad) assert.equal(reader.read(given), undefined, JSON.stringify(given));
  });
}
