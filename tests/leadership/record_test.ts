import assert from "node:assert/strict";
import { isSameHold, leaseOf, parseLease } from "../../src/leadership/record.ts";

const NAME = { namespace: "zen-system", name: "the-lease" };
const LEASE = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: {
    name: "the-lease",
    namespace: "zen-system",
    uid: "u-1",
    resourceVersion: "42",
    labels: { team: "platform" },
    annotations: { "zen.kube-zen.io/release": "r1", "example.com/note": "keep me" },
  },
  spec: {
    holderIdentity: "pod-1",
    leaseDurationSeconds: 15,
    acquireTime: "2026-01-02T12:00:00.000000Z",
    renewTime: "2026-01-02T12:00:04.123456Z",
    leaseTransitions: 3,
    strategy: "OldestEmulationVersion",
  },
};

Deno.test("A Lease is read", () => {
  assert.deepEqual(parseLease(LEASE), {
    holderIdentity: "pod-1",
    leaseDurationSeconds: 15,
    acquireTime: "2026-01-02T12:00:00.000000Z",
    renewTime: "2026-01-02T12:00:04.123456Z",
    leaseTransitions: 3,
    release: "r1",
    resourceVersion: "42",
    object: LEASE,
  });
});

Deno.test("What a Lease does not say, or says in the wrong type, is nobody's hold", () => {
  const spec = { leaseDurationSeconds: "15", leaseTransitions: 1.5, holderIdentity: 7, renewTime: null };
  for (
    const lease of [{ metadata: { resourceVersion: "1" } }, { metadata: { resourceVersion: "1" }, spec }]
  ) {
    assert.deepEqual({ ...parseLease(lease), object: undefined }, {
      holderIdentity: "",
      leaseDurationSeconds: undefined,
      acquireTime: undefined,
      renewTime: undefined,
      leaseTransitions: 0,
      release: undefined,
      resourceVersion: "1",
      object: undefined,
    });
  }
});

Deno.test("What is no Lease is refused", () => {
  for (const value of [undefined, null, "lease", [], {}, { metadata: {} }]) {
    assert.throws(() => parseLease(value), /must be an object with metadata\.resourceVersion/);
  }
});

Deno.test("An update keeps labels, annotations and fields that it does not know", () => {
  const record = { ...parseLease(LEASE), holderIdentity: "pod-2", leaseTransitions: 4, release: "r2" };
  assert.deepEqual(leaseOf(record, NAME), {
    ...LEASE,
    metadata: {
      ...LEASE.metadata,
      annotations: { "zen.kube-zen.io/release": "r2", "example.com/note": "keep me" },
    },
    spec: { ...LEASE.spec, holderIdentity: "pod-2", leaseTransitions: 4 },
  });
});

Deno.test("Without a release the annotations stay as they are", () => {
  const { annotations: _, ...metadata } = LEASE.metadata;
  const bare = { ...LEASE, metadata };
  assert.deepEqual(leaseOf({ ...parseLease(bare), release: undefined }, NAME), bare);
});

Deno.test("A new Lease has a name, an annotation and no resourceVersion", () => {
  const record = { ...parseLease(LEASE), resourceVersion: "", object: undefined };
  const { strategy: _, ...spec } = LEASE.spec;
  assert.deepEqual(leaseOf(record, NAME), {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { ...NAME, annotations: { "zen.kube-zen.io/release": "r1" } },
    spec,
  });
});

Deno.test("Only holder, times and transitions make another hold", () => {
  const record = parseLease(LEASE);
  assert.equal(
    isSameHold(record, { ...record, resourceVersion: "43", release: "r9", object: undefined }),
    true,
  );
  for (
    const change of [
      { holderIdentity: "" },
      { renewTime: "2026-01-02T12:00:04.123457Z" },
      { acquireTime: undefined },
      { leaseDurationSeconds: 1 },
      { leaseTransitions: 4 },
    ]
  ) assert.equal(isSameHold(record, { ...record, ...change }), false, JSON.stringify(change));
});
