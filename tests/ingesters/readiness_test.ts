import assert from "node:assert/strict";
import type { Compiled } from "../../src/ingesters/compile.ts";
import {
  type CredentialsState,
  nextCondition,
  overlapCondition,
  readinessOf,
} from "../../src/ingesters/readiness.ts";
import type { Lane } from "../../src/pipeline/lane.ts";
import type { SourceState } from "../../src/source/informer.ts";

const lane: Lane = {
  source: "trivy",
  ingester: { namespace: "zen", name: "t" },
  namespaces: [],
  filter: () => undefined,
  stages: [],
  windowSeconds: 60,
  isDryRun: false,
  ttlSeconds: () => 1,
};
const informer: Compiled = {
  kind: "informer",
  lane,
  targets: [],
  resyncMilliseconds: undefined,
  stateSpec: undefined,
};
const activity = (
  states: Readonly<Record<string, SourceState>>,
  stall?: string,
): { sources: ReadonlyMap<string, SourceState>; stall: string | undefined } => ({
  sources: new Map(Object.entries(states)),
  stall,
});

Deno.test("Why an Ingester is ready or not is one table", () => {
  const running: SourceState = { kind: "running" };
  const cases: readonly [
    string,
    Readonly<Record<string, SourceState>>,
    string | undefined,
    string | undefined,
  ][] = [
    ["nothing known yet", { a: { kind: "starting" } }, undefined, undefined],
    ["all watched", { a: running, b: running }, undefined, "Running"],
    ["some not served", { a: running, b: { kind: "missing" } }, undefined, "Running"],
    ["none served", { a: { kind: "missing" }, b: { kind: "missing" } }, undefined, "SourceMissing"],
    ["one refused", { a: running, b: { kind: "forbidden", message: "no" } }, undefined, "Forbidden"],
    ["one fails", { a: running, b: { kind: "failing", message: "no" } }, undefined, "Degraded"],
    ["one waits", { a: running, b: { kind: "waiting", message: "full" } }, undefined, "Degraded"],
    ["writes refused", { a: running }, "cannot create", "Forbidden"],
  ];
  for (const [what, sources, stall, expected] of cases) {
    assert.equal(readinessOf(informer, activity(sources, stall))?.reason, expected, what);
  }
  assert.equal(readinessOf({ kind: "suspended", path: "/x" }, activity({}))?.reason, "Suspended");
  for (const [message, said] of [["m", "M"], ["spec.ttl must be", "spec.ttl must be"]] as const) {
    assert.equal(readinessOf({ kind: "invalid", path: undefined, message }, activity({}))?.message, said);
  }
});

Deno.test("Writes that wait for what is not there are Degraded, whatever comes in", () => {
  const stalled = { ...activity({ a: { kind: "running" } }, "not served"), stallKind: "not-found" } as const;
  assert.deepEqual(readinessOf(informer, stalled), {
    isReady: false,
    reason: "Degraded",
    message: "Writes wait: not served",
  });
});

Deno.test("What works, but not as it was meant to, is ready and says so", () => {
  const note = "The budget of 5 Observations is used up";
  const running = { ...activity({ a: { kind: "running" } }), note };
  assert.deepEqual(readinessOf(informer, running), {
    isReady: true,
    reason: "Degraded",
    message: `Watching a. ${note}`,
  });
  assert.equal(
    readinessOf(informer, { ...activity({ a: { kind: "missing" } }), note })?.reason,
    "SourceMissing",
  );
  assert.equal(
    readinessOf({ kind: "suspended", path: "/x" }, { ...activity({}), note })?.reason,
    "Suspended",
  );
});

Deno.test("A webhook without auth is not ready, since it refuses everyone", () => {
  const door = {
    path: "/ingest/falco",
    methods: ["POST"],
    allowedRanges: [],
    rateLimit: undefined,
    maxBodyBytes: 1,
    ack: "created" as const,
  };
  assert.equal(
    readinessOf({ kind: "webhook", lane, door: { ...door, auth: undefined } }, activity({}))?.reason,
    "Invalid",
  );
  const open: Compiled = {
    kind: "webhook",
    lane,
    door: { ...door, auth: { type: "none", secretName: undefined } },
  };
  assert.equal(readinessOf(open, activity({}))?.reason, "Running");
});

Deno.test("A webhook is ready when its Secret is there with what it needs", () => {
  const cases: readonly (readonly [CredentialsState | undefined, boolean | undefined, string | undefined])[] =
    [
      [undefined, undefined, undefined],
      [{ kind: "usable" }, true, "Running"],
      [{ kind: "missing", message: "m" }, false, "Degraded"],
      [{ kind: "forbidden", message: "m" }, false, "Forbidden"],
    ];
  for (const type of ["bearer", "basic", "hmac", "mtls"] as const) {
    const guarded: Compiled = {
      kind: "webhook",
      lane,
      door: {
        path: "/ingest/falco",
        methods: ["POST"],
        auth: { type, secretName: "s" },
        allowedRanges: [],
        rateLimit: undefined,
        maxBodyBytes: 1,
        ack: "created",
      },
    };
    for (const [credentials, isReady, reason] of cases) {
      const readiness = readinessOf(guarded, { ...activity({}), credentials });
      // What mtls needs is no Secret.
      const expected = type === "mtls" ? [true, "Running"] : [isReady, reason];
      assert.deepEqual([readiness?.isReady, readiness?.reason], expected, type);
      if (isReady === false && type !== "mtls") assert.equal(readiness?.message, "m");
    }
  }
});

Deno.test("lastTransitionTime moves only when the status does", () => {
  const ready = { isReady: true, reason: "Running", message: "a" } as const;
  const first = nextCondition(undefined, ready, 1, "t1");
  assert.equal(first.lastTransitionTime, "t1");
  assert.equal(nextCondition(first, { ...ready, message: "b" }, 2, "t2").lastTransitionTime, "t1");
  const failed = nextCondition(first, { isReady: false, reason: "Degraded", message: "x" }, 2, "t3");
  assert.deepEqual([failed.status, failed.lastTransitionTime, failed.observedGeneration], ["False", "t3", 2]);
});

Deno.test("A source of logs says how much it reads", () => {
  const patterns = { patterns: [], steps: 0 };
  const logs: Compiled = {
    kind: "logs",
    lane,
    logs: { targets: [], patterns, sinceSeconds: 0, ownNamespace: "zen" },
  };
  const detail = "3 containers of 2 pods";
  assert.deepEqual(readinessOf(logs, activity({ "v1/pods/log in a": { kind: "running", detail } })), {
    isReady: true,
    reason: "Running",
    message: "Watching v1/pods/log in a (3 containers of 2 pods)",
  });
  assert.equal(
    readinessOf(logs, activity({ "v1/pods/log": { kind: "forbidden", message: "no get" } }))?.message,
    "Not allowed to read v1/pods/log: no get",
  );
});

Deno.test("How many watches wait is said, with some of their names", () => {
  const waiting: SourceState = { kind: "waiting", message: "MAX_WATCHES allows 3" };
  const sources = Object.fromEntries(["a", "b", "c", "d", "e", "f", "g"].map((name) => [name, waiting]));
  assert.equal(
    readinessOf(informer, activity({ ...sources, r: { kind: "running" } }))?.message,
    "7 of 8 watches wait (a, b, c, d, e and 2 more): MAX_WATCHES allows 3",
  );
});

Deno.test("Condition Degraded stands while Ingesters overlap, and keeps its time", () => {
  assert.equal(overlapCondition(undefined, [], 1, "t1"), undefined);
  const first = overlapCondition(undefined, ["zen/b"], 1, "t1");
  assert.deepEqual([first?.reason, first?.status, first?.lastTransitionTime], ["Overlap", "True", "t1"]);
  const later = overlapCondition(first, ["zen/b", "zen/c"], 2, "t2");
  assert.deepEqual([later?.lastTransitionTime, later?.observedGeneration], ["t1", 2]);
  assert.match(later?.message ?? "", /zen\/b, zen\/c/);
});
