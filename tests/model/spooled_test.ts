import assert from "node:assert/strict";
import { isSpooled, openFindings, type Spooled } from "../../src/model/spooled.ts";
import type { Observation } from "../../src/model/observation.ts";

Deno.test("A signal counts its open findings, an Observation is one", () => {
  const common = {
    source: "own",
    ingester: { namespace: "n", name: "own" },
    spooledAt: "2026-01-02T12:00:00Z",
  };
  const signal: Spooled = {
    ...common,
    kind: "signal",
    receivedAt: common.spooledAt,
    payload: [],
    open: [1, 4],
    total: 7,
  };
  assert.equal(openFindings(signal), 2);
  assert.equal(openFindings({ ...common, kind: "observation", observation: {} as Observation }), 1);
});

Deno.test("A record is taken only with all that is read of it later, and may say more", () => {
  const common = {
    source: "own",
    ingester: { namespace: "n", name: "own" },
    spooledAt: "2026-01-02T12:00:00Z",
  };
  const signal = {
    ...common,
    kind: "signal",
    receivedAt: common.spooledAt,
    payload: null,
    open: [1, 4],
    total: 7,
  };
  const metadata = { name: "a", namespace: "n", labels: { a: "b" } };
  const observed = { apiVersion: "zen.kube-zen.io/v1alpha1", kind: "Observation", metadata, spec: {} };
  const observation = {
    ...common,
    kind: "observation",
    observation: observed,
    destination: { group: "g", version: "v1", resource: "r" },
  };
  for (const good of [signal, observation, { ...signal, newer: 1 }, { ...signal, open: [] }]) {
    assert.ok(isSpooled(good), JSON.stringify(good));
  }
  const { payload: _, ...empty } = signal;
  const odd: readonly unknown[] = [
    null,
    [],
    common,
    empty,
    { ...signal, kind: "other" },
    { ...signal, source: "Own source" },
    { ...signal, source: "x".repeat(64) },
    { ...signal, ingester: { name: "own" } },
    { ...signal, ingester: { namespace: "n", name: "x".repeat(254) } },
    { ...signal, spooledAt: "yesterday" },
    { ...signal, receivedAt: 1 },
    ...[undefined, 3, "12", ["1"], [-1], [0.5], [7], [1, 1], [4, 1]].map((open) => ({ ...signal, open })),
    ...[undefined, "7", -1, 2].map((total) => ({ ...signal, total })),
    { ...observation, observation: undefined },
    { ...observation, observation: { ...observed, kind: "Pod" } },
    { ...observation, observation: { ...observed, spec: undefined } },
    { ...observation, observation: { ...observed, spec: { severity: "awful" } } },
    { ...observation, observation: { ...observed, metadata: { name: "a" } } },
    { ...observation, observation: { ...observed, metadata: { ...metadata, labels: { a: 1 } } } },
    { ...observation, destination: { group: "g" } },
  ];
  for (const one of odd) assert.equal(isSpooled(one), false, JSON.stringify(one));
});
