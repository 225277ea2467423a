import assert from "node:assert/strict";
import { compileIdentity, type Identify, type Sight } from "../../src/deduplicate/identity.ts";
import type { Finding } from "../../src/model/finding.ts";
import type { DeduplicationSpec } from "../../src/model/ingester.ts";

const finding: Finding = {
  category: "security",
  severity: "high",
  eventType: "x",
  title: "t",
  details: {},
  identity: ["preset"],
  isWindowed: true,
  isState: false,
};
const sight: Sight = {
  payload: {
    a: { b: [1, 2] },
    "x.y": "q",
    metadata: { name: "n", resourceVersion: "7", managedFields: [1] },
  },
  observation: () => ({ spec: { severity: "high", detectedAt: "receipt", details: { b: 1, a: 2 } } }),
  receivedAt: "2026-01-01T00:00:00Z",
  origin: undefined,
};
function identify(spec: DeduplicationSpec): Identify {
  const compiled = compileIdentity(spec);
  assert.ok(compiled.kind === "identity" && compiled.identify !== undefined, JSON.stringify(compiled));
  return compiled.identify;
}
const key = (...fields: string[]): unknown => identify({ strategy: "key", fields })(finding, sight).identity;

Deno.test("Without key and with enabled true the preset says who a finding is", () => {
  for (const spec of [undefined, {}, { enabled: true }, { strategy: "fingerprint", window: "5m" }] as const) {
    assert.deepEqual(compileIdentity(spec), { kind: "identity", identify: undefined });
  }
});

Deno.test("With strategy key a finding is the values of its fields; what is absent is null", () => {
  assert.deepEqual(key("signal.a.b[0]", "$['x.y']", "nothing", "observation.spec.severity", "a.b[*]"), [
    1,
    "q",
    null,
    "high",
    [1, 2],
  ]);
  assert.deepEqual(key("observation.spec.details"), [{ b: 1, a: 2 }]);
  assert.deepEqual(key("metadata"), [{ name: "n" }]);
  assert.equal(identify({ strategy: "key", fields: ["a"] })(finding, sight).isWindowed, true);
});

Deno.test("The time of receipt is no part of a key", () => {
  assert.deepEqual(key("observation.spec.detectedAt"), [null]);
  const own = { ...finding, detectedAt: "2026-01-01T00:00:01Z" };
  assert.deepEqual(
    identify({ strategy: "key", fields: ["observation.spec.detectedAt"] })(own, sight).identity,
    ["2026-01-01T00:00:01Z"],
  );
});

Deno.test("A field that changes by itself, or is made of the identity, is refused with its place", () => {
  const cases: readonly [string, RegExp][] = [
    ["metadata.resourceVersion", /resourceVersion changes/],
    ["signal.metadata['managedFields']", /managedFields changes/],
    ["observation.spec.fingerprint", /only spec and there source/],
    ["observation.metadata.name", /only spec/],
    ["observation.spec", /only spec/],
    ["a..b", /column 3/],
  ];
  for (const [field, expected] of cases) {
    const compiled = compileIdentity({ strategy: "key", fields: ["a", field] });
    assert.ok(compiled.kind === "problems", field);
    assert.equal(compiled.messages.length, 1);
    assert.match(compiled.messages[0] ?? "", /^spec\.deduplication\.fields\[1\]: /);
    assert.match(compiled.messages[0] ?? "", expected);
  }
  assert.equal(compileIdentity({ strategy: "key", fields: [] }).kind, "problems");
});

Deno.test("With enabled false every signal is one of its own, and the same signal again is the same", () => {
  const of = identify({ enabled: false });
  const text = (own: Partial<Finding> = {}, more: Partial<Sight> = {}): string =>
    JSON.stringify(of({ ...finding, ...own }, { ...sight, ...more }));
  const origin = { kind: "Event", uid: "u", resourceVersion: "7" };
  assert.equal(text(), text());
  assert.equal(of(finding, sight).isWindowed, false);
  const others = [
    text({}, { receivedAt: "2026-01-01T00:00:00.001Z" }),
    text({}, { payload: { a: 1 } }),
    text({ identity: ["other"] }),
    text({ detectedAt: "2026-01-01T00:00:00.000000001Z" }),
    text({ detectedAt: "2026-01-01T00:00:00.000000002Z" }),
    text({}, { origin }),
    text({}, { origin: { ...origin, resourceVersion: "8" } }),
  ];
  assert.equal(new Set([text(), ...others]).size, others.length + 1);
});

Deno.test("With enabled false the order of keys and, of an API object, the time of receipt say nothing", () => {
  const of = identify({ enabled: false });
  const a = of(finding, { ...sight, payload: { a: 1, b: 2 } });
  assert.deepEqual(of(finding, { ...sight, payload: { b: 2, a: 1 } }), a);
  const origin = { kind: "Event", uid: "u", resourceVersion: "7" };
  assert.deepEqual(
    of(finding, { ...sight, origin }),
    of(finding, { ...sight, origin, receivedAt: "2027-01-01T00:00:00Z" }),
  );
});
