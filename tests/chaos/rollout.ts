import { systemClock } from "../../src/run/clock.ts";
import type { Replica } from "../support/process.ts";
import type { Deployment } from "./deployment.ts";
import type { Fleet } from "./fleet.ts";
import type { Endpoints } from "./endpoints.ts";

/** A pod that the Service knows. */
interface Pod {
  readonly place: number;
  readonly terminating: AbortController;
  /** Resolves when nobody is sent to it any more. */
  readonly routed: Promise<void>;
}

/** How one pod came to its end. */
export interface End {
  readonly name: string;
  readonly led: boolean;
  /** Monotonic time of its SIGTERM. */
  readonly at: number;
  /** From there to its end, in milliseconds. */
  readonly took: number;
}

const NEVER = new AbortController().signal;
const GUARD_MILLISECONDS = 120_000;

/** A Deployment whose pods are replaced one after the other, as the controller and the kubelet do it. */
export class Rollout {
  /** Of all pods that were replaced. */
  readonly ends: End[] = [];
  readonly #deployment: Deployment;
  readonly #fleet: Fleet;
  readonly #endpoints: Endpoints;
  readonly #ending = new Set<Promise<void>>();
  #pods: readonly Pod[] = [];

  constructor(deployment: Deployment, fleet: Fleet, endpoints: Endpoints) {
    this.#deployment = deployment;
    this.#fleet = fleet;
    this.#endpoints = endpoints;
  }

  /** Lets the Service know the pods that are there; resolves when it sends to all of them. */
  async begin(): Promise<void> {
    for (const place of this.#fleet.places) await this.#join(place);
    while (this.#endpoints.size < this.#pods.length) await systemClock.sleep(20, NEVER);
  }

  /**
   * Replaces every pod: a new one is started, and when its probe passes an old one is stopped, which nobody waits for
   * before the next one is started. Resolves when all old ones have ended.
   */
  async roll(): Promise<void> {
    for (const old of this.#pods) {
      await this.#start();
      this.#ending.add(this.#end(old));
    }
    await this.#ended();
  }

  /** Has nobody probed any more. */
  async stop(): Promise<void> {
    for (const { terminating } of this.#pods) terminating.abort();
    await Promise.all(this.#pods.map(({ routed }) => routed));
    await this.#ended();
  }

  async #ended(): Promise<void> {
    await Promise.all(this.#ending);
    this.#ending.clear();
  }

  async #start(): Promise<void> {
    const place = this.#fleet.freePlace;
    if (place === undefined) throw new Error("Cannot roll out: there must be a place for one more");
    await this.#fleet.start(place, true);
    await this.#join(place);
  }

  async #join(place: number): Promise<void> {
    const replica = this.#fleet.at(place);
    if (replica === undefined) throw new Error(`Cannot send to place ${place}: there must be a replica`);
    const terminating = new AbortController();
    const ready = Promise.withResolvers<void>();
    const backend = { port: replica.webhookPort, isReady: (signal: AbortSignal) => isReady(replica, signal) };
    const routed = this.#endpoints.route(backend, ready.resolve, terminating.signal);
    this.#pods = [...this.#pods, { place, terminating, routed }];
    const guard = new AbortController();
    const late = systemClock.sleep(GUARD_MILLISECONDS, guard.signal).then(() => {
      throw new Error(`${replica.name} was not ready within ${GUARD_MILLISECONDS} ms`);
    }, () => {});
    await Promise.race([ready.promise, late]).finally(() => guard.abort());
  }

  async #end(pod: Pod): Promise<void> {
    const { preStopMilliseconds, graceMilliseconds } = this.#deployment;
    this.#pods = this.#pods.filter((one) => one !== pod);
    const retired = this.#fleet.retire(pod.place);
    if (retired === undefined) throw new Error(`Cannot end the pod at ${pod.place}: it must be there`);
    // Both learn of it at the same time: who sends to it, and the kubelet.
    pod.terminating.abort();
    await systemClock.sleep(preStopMilliseconds, NEVER);
    const at = systemClock.monotonic();
    await retired.end(graceMilliseconds - preStopMilliseconds);
    const took = systemClock.monotonic() - at;
    const led = retired.replica.lines.some(({ fields: { msg } }) => msg === "leader released");
    this.ends.push({ name: retired.replica.name, led, at, took });
    await pod.routed;
  }
}

async function isReady(replica: Replica, signal: AbortSignal): Promise<boolean> {
  const response = await replica.observe("/readyz", { signal });
  await response.body?.cancel();
  return response.ok;
}
