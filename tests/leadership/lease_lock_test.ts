import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import { ApiLeaseLock } from "../../src/leadership/lease_lock.ts";
import type { LeaseRecord } from "../../src/leadership/record.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { type Answer, ScriptedApi } from "../support/scripted_api.ts";

const signal = new AbortController().signal;
const PATH = "/apis/coordination.k8s.io/v1/namespaces/zen-system/leases";
const LEASE = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: {
    name: "the-lease",
    namespace: "zen-system",
    resourceVersion: "42",
    labels: { team: "platform" },
  },
  spec: {
    holderIdentity: "pod-1",
    leaseDurationSeconds: 15,
    acquireTime: "2026-01-02T12:00:00.000000Z",
    renewTime: "2026-01-02T12:00:04.123456Z",
    leaseTransitions: 3,
  },
};
const renewed = { ...LEASE, metadata: { ...LEASE.metadata, resourceVersion: "43" } };

function play(...answers: readonly Answer[]): { readonly api: ScriptedApi; readonly lock: ApiLeaseLock } {
  const api = new ScriptedApi(answers);
  const name = { namespace: "zen-system", name: "the-lease" };
  return { api, lock: new ApiLeaseLock(name, { api, clock: new FakeClock() }) };
}

function error(code: number, reason: string): Answer {
  return { kind: "error", error: new ApiError(reason, { code, reason }) };
}

Deno.test("A Lease is read by its name", async () => {
  const { api, lock } = play({ kind: "json", value: LEASE });
  const record = await lock.get(signal);
  assert.equal(record?.holderIdentity, "pod-1");
  assert.deepEqual(api.requests, [{ role: "lease", method: "GET", path: `${PATH}/the-lease` }]);
});

Deno.test("A Lease that is not there is undefined; every other failure is thrown", async () => {
  assert.equal(await play(error(404, "NotFound")).lock.get(signal), undefined);
  await assert.rejects(play(error(403, "Forbidden")).lock.get(signal), ApiError);
  await assert.rejects(play({ kind: "json", value: { kind: "Status" } }).lock.get(signal), TypeError);
});

Deno.test("A Lease is created in the namespace, without what another one left", async () => {
  const { api, lock } = play({ kind: "json", value: LEASE });
  const record: LeaseRecord = {
    holderIdentity: "pod-1",
    leaseDurationSeconds: 15,
    acquireTime: "T1",
    renewTime: "T1",
    leaseTransitions: 0,
    release: "r1",
    resourceVersion: "17",
    object: { metadata: { uid: "u-1" } },
  };
  assert.equal((await lock.create(record, signal)).resourceVersion, "42");
  const [{ role, method, path, body } = assert.fail()] = api.requests;
  assert.deepEqual([role, method, path], ["lease", "POST", PATH]);
  assert.deepEqual(body, {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      namespace: "zen-system",
      name: "the-lease",
      annotations: { "zen.kube-zen.io/release": "r1" },
    },
    spec: {
      holderIdentity: "pod-1",
      leaseDurationSeconds: 15,
      acquireTime: "T1",
      renewTime: "T1",
      leaseTransitions: 0,
    },
  });
});

Deno.test("An update names the resourceVersion and keeps what it does not know", async () => {
  const { api, lock } = play({ kind: "json", value: LEASE }, { kind: "json", value: renewed });
  const record = await lock.get(signal) ?? assert.fail();
  const stored = await lock.update({ ...record, renewTime: "T2" }, signal);
  assert.equal(stored.resourceVersion, "43");
  const [, { role, method, path, body } = assert.fail()] = api.requests;
  assert.deepEqual([role, method, path], ["lease", "PUT", `${PATH}/the-lease`]);
  assert.deepEqual(body, { ...LEASE, spec: { ...LEASE.spec, renewTime: "T2" } });
});

Deno.test("A conflict is thrown", async () => {
  const { lock } = play({ kind: "json", value: LEASE }, error(409, "Conflict"), error(409, "AlreadyExists"));
  const record = await lock.get(signal) ?? assert.fail();
  await assert.rejects(lock.update(record, signal), (thrown: ApiError) => thrown.kind === "conflict");
  await assert.rejects(lock.create(record, signal), (thrown: ApiError) => thrown.kind === "already-exists");
});

Deno.test("A watch of the one Lease tells it, its changes and its deletion, and passes over bookmarks", async () => {
  const { api, lock } = play({
    kind: "lines",
    lines: [
      { type: "ADDED", object: LEASE },
      { type: "BOOKMARK", object: { metadata: { resourceVersion: "99" } } },
      { type: "MODIFIED", object: renewed },
      { type: "DELETED", object: renewed },
    ],
    then: "end",
  });
  const seen: (string | undefined)[] = [];
  for await (const record of lock.watch(signal)) seen.push(record?.resourceVersion);
  assert.deepEqual(seen, ["42", "43", undefined]);
  const [{ query, ...request } = assert.fail()] = api.requests;
  assert.deepEqual(request, { role: "watch", method: "GET", path: PATH });
  const { timeoutSeconds, ...rest } = query ?? {};
  assert.deepEqual(rest, {
    fieldSelector: "metadata.name=the-lease",
    watch: true,
    allowWatchBookmarks: true,
  });
  assert.ok(Number(timeoutSeconds) >= 300 && Number(timeoutSeconds) < 600, `${timeoutSeconds}`);
});

const faults: readonly [string, Answer, RegExp][] = [
  ["an error at its start", error(403, "Forbidden"), /Forbidden/],
  [
    "an error in the stream",
    {
      kind: "lines",
      lines: [{ type: "ERROR", object: { code: 410, reason: "Expired", message: "too old" } }],
      then: "silence",
    },
    /The watch of the Lease ended: too old/,
  ],
  ["a line that is no event", { kind: "lines", lines: [[]], then: "silence" }, /a line that is no event/],
  ["a line that is no JSON", { kind: "lines", lines: ["{"], then: "silence" }, /JSON/],
  [
    "an object that is no Lease",
    { kind: "lines", lines: [{ type: "ADDED", object: 1 }], then: "silence" },
    /Lease/,
  ],
  ["a connection that breaks off", { kind: "lines", lines: [], then: "break" }, /connection reset/],
];

for (const [what, answer, message] of faults) {
  Deno.test(`A watch ends with ${what}`, async () => {
    await assert.rejects(play(answer).lock.watch(signal).next(), message);
  });
}

Deno.test("A watch ends when its signal aborts", async () => {
  const stop = new AbortController();
  const watching = play({ kind: "lines", lines: [{ type: "ADDED", object: LEASE }], then: "silence" }).lock
    .watch(stop.signal);
  await watching.next();
  const next = watching.next();
  stop.abort(new Error("asked to stop"));
  await assert.rejects(next, /asked to stop/);
});
