import assert from "node:assert/strict";
import { FakeClock } from "../support/fake_clock.ts";
import { type Backend, Endpoints } from "./endpoints.ts";
import { randomOf } from "./random.ts";

const TIMINGS = { probeMilliseconds: 2000, probeTimeoutMilliseconds: 500, toldAfterMilliseconds: 1000 };

/** Pods that are ready when they are told to be, and the endpoints they are in. */
function scene(): {
  readonly clock: FakeClock;
  readonly endpoints: Endpoints;
  readonly start: (port: number) => {
    answer: boolean | "silence" | "refusal";
    readonly terminating: AbortController;
    readonly routed: Promise<void>;
    readonly ready: number[];
  };
} {
  const clock = new FakeClock();
  const endpoints = new Endpoints(TIMINGS, randomOf(1), clock);
  return {
    clock,
    endpoints,
    start(port) {
      const terminating = new AbortController();
      const ready: number[] = [];
      const pod = { answer: false as boolean | "silence" | "refusal", terminating, ready };
      const backend: Backend = {
        port,
        isReady: async (signal) => {
          if (pod.answer === "silence") await clock.sleep(Infinity, signal);
          if (pod.answer === "refusal") throw new TypeError("Connection refused");
          return pod.answer === true;
        },
      };
      const onReady = (): void => void ready.push(clock.monotonic());
      return Object.assign(pod, { routed: endpoints.route(backend, onReady, terminating.signal) });
    },
  };
}

Deno.test("a pod is sent to when its probe has passed and everybody has been told", async () => {
  const { clock, endpoints, start } = scene();
  const pod = start(1);
  await clock.advance(2500);
  pod.answer = true;
  await clock.advance(1499);
  assert.deepEqual([pod.ready, endpoints.pick()], [[], undefined]);
  await clock.advance(1);
  assert.deepEqual([pod.ready, endpoints.pick()], [[4000], undefined]);
  await clock.advance(1000);
  assert.deepEqual([endpoints.pick(), endpoints.size], [1, 1]);
  pod.terminating.abort();
  await clock.advance(1000);
  await pod.routed;
});

Deno.test("a pod that is to stop is sent to until everybody has been told", async () => {
  const { clock, endpoints, start } = scene();
  const pod = start(1);
  pod.answer = true;
  await clock.advance(4000);
  pod.terminating.abort();
  await clock.advance(999);
  assert.equal(endpoints.pick(), 1);
  await clock.advance(1);
  assert.equal(endpoints.pick(), undefined);
  await pod.routed;
  assert.equal(clock.sleeping, 0);
});

for (const answer of [false, "silence", "refusal"] as const) {
  Deno.test(`a probe that is answered by ${answer} takes a pod out, and one that passes brings it back`, async () => {
    const { clock, endpoints, start } = scene();
    const pod = start(1);
    pod.answer = true;
    await clock.advance(3500);
    assert.equal(endpoints.pick(), 1);
    pod.answer = answer;
    await clock.advance(2500);
    assert.equal(endpoints.pick(), undefined);
    pod.answer = true;
    await clock.advance(4000);
    assert.deepEqual([endpoints.pick(), pod.ready.length], [1, 2]);
    pod.terminating.abort();
    await clock.advance(1000);
    await pod.routed;
  });
}

Deno.test("connections go to all pods that are ready", async () => {
  const { clock, endpoints, start } = scene();
  const pods = [1, 2, 3].map(start);
  for (const pod of pods.slice(0, 2)) pod.answer = true;
  await clock.advance(5000);
  const picked = Array.from({ length: 100 }, () => endpoints.pick());
  assert.deepEqual([...new Set(picked)].sort(), [1, 2]);
  for (const { terminating } of pods) terminating.abort();
  await clock.advance(1000);
  await Promise.all(pods.map(({ routed }) => routed));
});
