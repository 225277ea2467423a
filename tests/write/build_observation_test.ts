import assert from "node:assert/strict";
import { fingerprint } from "../../src/deduplicate/fingerprint.ts";
import { observationSpecSchema } from "../../src/model/observation.ts";
import type { Finding } from "../../src/model/finding.ts";
import { buildObservation, originLabel } from "../../src/write/build_observation.ts";

const finding: Finding = {
  category: "security",
  severity: "high",
  eventType: "vulnerability",
  title: "CVE-1 in a 1.0",
  description: "d",
  detectedAt: "2026-01-01T00:00:00Z",
  resource: { kind: "Pod", namespace: "shop", name: "web" },
  details: { fixedVersion: "1.1" },
  identity: ["x"],
  isWindowed: false,
  isState: true,
};
const seen = {
  source: "trivy",
  namespace: "shop",
  ingester: { namespace: "zen", name: "trivy" },
  origin: {
    apiVersion: "aquasecurity.github.io/v1alpha1",
    kind: "VulnerabilityReport",
    name: "r",
    namespace: "shop",
    uid: "u1",
    resourceVersion: "7",
  },
  receivedAt: "2026-02-02T00:00:00Z",
  ttlSeconds: 100,
};
const build = (
  changes: Partial<Finding> = {},
  other: Partial<typeof seen> = {},
): ReturnType<typeof buildObservation> =>
  buildObservation({ ...finding, ...changes }, fingerprint("trivy", finding, 0, 60), { ...seen, ...other });

Deno.test("An Observation says what was seen, of what, by whom, and passes its own schema", () => {
  const { metadata, spec } = build();
  assert.equal(observationSpecSchema.safeParse(spec).success, true);
  assert.deepEqual(metadata.labels, {
    "app.kubernetes.io/managed-by": "zen-watcher",
    "zen.kube-zen.io/source": "trivy",
    "zen.kube-zen.io/severity": "high",
    "zen.kube-zen.io/category": "security",
    "zen.kube-zen.io/event-type": "vulnerability",
    "zen.kube-zen.io/ingester": "zen.trivy",
    "zen.kube-zen.io/origin": originLabel(seen.origin),
  });
  assert.equal(spec.detectedAt, "2026-01-01T00:00:00Z");
});

Deno.test("What shows a state carries no ttl, what happened does", () => {
  assert.equal(build().spec.ttlSecondsAfterCreation, undefined);
  assert.equal(build({ isState: false }).spec.ttlSecondsAfterCreation, 100);
});

Deno.test("Without a time of its own the time of receipt stands", () => {
  assert.equal(build({ detectedAt: undefined }).spec.detectedAt, seen.receivedAt);
});

Deno.test("The origin label outlives the report's uid, and is 16 characters", () => {
  assert.match(originLabel(seen.origin), /^[a-z2-7]{16}$/);
  assert.equal(originLabel({ ...seen.origin, uid: "u2", resourceVersion: "9" }), originLabel(seen.origin));
  assert.notEqual(originLabel({ ...seen.origin, name: "other" }), originLabel(seen.origin));
});

Deno.test("What is no legal label value is replaced by its hash", () => {
  for (const eventType of ["_x", "a".repeat(64), "x_"]) {
    assert.match(
      build({ eventType }).metadata.labels?.["zen.kube-zen.io/event-type"] ?? "",
      /^[a-z2-7]{26}$/,
    );
  }
  const long = build({}, { ingester: { namespace: "n".repeat(40), name: "i".repeat(63) } });
  const label = long.metadata.labels?.["zen.kube-zen.io/ingester"] ?? "";
  assert.match(label, /^n{40}\.i{5}-[a-z2-7]{16}$/);
  assert.equal(label.length, 63);
});
