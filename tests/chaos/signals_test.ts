import assert from "node:assert/strict";
import { compileFilter } from "../../src/filter/filter.ts";
import type { JsonObject } from "../../src/model/json.ts";
import { presetOf } from "../../src/model/preset.ts";
import { normalize } from "../../src/normalize/normalize.ts";
import { seenOf } from "../support/seen_of.ts";
import { randomOf } from "./random.ts";
import { type FedSignal, signalsOf } from "./signals.ts";

const COUNT = 400;

function take(seed: number, fleetingShare = 0.3): readonly FedSignal[] {
  return [...signalsOf(seed, randomOf(seed), { fleetingShare }).take(COUNT)];
}

Deno.test("the same seed makes the same signals, another seed none of them", () => {
  assert.deepEqual(take(1), take(1));
  const numbers = new Set(take(1).flatMap(({ numbers }) => numbers));
  assert.ok(take(2).every((signal) => signal.numbers.every((number) => !numbers.has(number))));
});

Deno.test("every source comes, in every way that it may", () => {
  const signals = take(1);
  assert.deepEqual(
    [...new Set(signals.map(({ source }) => source))].sort(),
    ["chaos", "falco", "kubernetes-events", "kyverno", "trivy"],
  );
  const has = (isIt: (signal: FedSignal) => boolean): boolean => signals.some(isIt);
  assert.ok(has((signal) => signal.kind === "object" && signal.isFleeting));
  assert.ok(has((signal) => signal.kind === "object" && signal.change !== undefined));
  assert.ok(has((signal) => signal.kind === "webhook" && signal.isResent));
  assert.ok(has((signal) => signal.kind === "webhook" && !signal.isResent));
  assert.ok(take(1, 0).every((signal) => signal.kind === "webhook" || !signal.isFleeting));
});

/** How many findings of a payload pass the filter of their source's preset. */
function kept(source: string, payload: JsonObject): number {
  const filter = compileFilter(presetOf(source).filters, []);
  const signal = { source, payload, receivedAt: "2026-01-02T03:04:05Z" };
  const self = { username: undefined, namespace: "zen-system", podNames: [] };
  return normalize(signal, { stages: [], self })
    .filter((item) => item.kind === "finding" && filter(item.finding, seenOf(payload)) === undefined).length;
}

Deno.test("each number is one finding that passes the preset's filter, and what has no number does not", () => {
  for (const signal of take(3)) {
    const { source, numbers } = signal;
    const payload = signal.kind === "object" ? signal.object : signal.body;
    assert.equal(kept(source, payload), numbers.length, JSON.stringify(payload));
    if (signal.kind === "webhook" || signal.change === undefined) continue;
    assert.equal(kept(source, signal.change.object), numbers.length + signal.change.numbers.length);
  }
});
