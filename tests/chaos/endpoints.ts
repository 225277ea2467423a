import type { Clock } from "../../src/run/clock.ts";
import { withDeadline } from "../../src/run/deadline.ts";
import type { Random } from "./random.ts";

/** What a Service knows of a pod. */
export interface Backend {
  readonly port: number;
  /** Its readiness probe; a rejection is as good as no. */
  isReady(signal: AbortSignal): Promise<boolean>;
}

/** How late a Service is. */
export interface EndpointsTimings {
  readonly probeMilliseconds: number;
  readonly probeTimeoutMilliseconds: number;
  /** From a change of a pod to the rules that send new connections: endpoints are written, and every node is told. */
  readonly toldAfterMilliseconds: number;
}

/**
 * The endpoints of a Service as kube-proxy plays it with iptables: each new connection goes to any one of the pods that are
 * ready as far as the node has been told, and stays there to its end, whatever becomes of the pod.
 */
export class Endpoints {
  readonly #timings: EndpointsTimings;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #ports = new Set<number>();

  constructor(timings: EndpointsTimings, random: Random, clock: Clock) {
    this.#timings = timings;
    this.#random = random;
    this.#clock = clock;
  }

  /** How many pods new connections may go to. */
  get size(): number {
    return this.#ports.size;
  }

  /** Where a new connection goes; undefined: it is refused. */
  pick(): number | undefined {
    return this.#ports.size === 0 ? undefined : this.#random.oneOf([...this.#ports]);
  }

  /**
   * Sends new connections to a pod while its probe passes. Resolves when nobody is sent there any more.
   *
   * @param onReady is called each time that the probe passes after it did not
   * @param terminating aborts when the pod is to stop
   */
  async route(backend: Backend, onReady: () => void, terminating: AbortSignal): Promise<void> {
    const { probeMilliseconds } = this.#timings;
    const telling: Promise<void>[] = [];
    let wasReady = false;
    while (!terminating.aborted) {
      const isReady = await this.#probe(backend, terminating);
      if (terminating.aborted) break;
      if (isReady !== wasReady) telling.push(this.#tell(backend.port, isReady));
      if (isReady && !wasReady) onReady();
      wasReady = isReady;
      await this.#clock.sleep(probeMilliseconds, terminating).catch(() => {});
    }
    telling.push(this.#tell(backend.port, false));
    await Promise.all(telling);
  }

  async #probe(backend: Backend, signal: AbortSignal): Promise<boolean> {
    const { probeTimeoutMilliseconds } = this.#timings;
    try {
      return await withDeadline(
        probeTimeoutMilliseconds,
        this.#clock,
        (inner) => backend.isReady(inner),
        signal,
      );
    } catch {
      return false;
    }
  }

  async #tell(port: number, isReady: boolean): Promise<void> {
    await this.#clock.sleep(this.#timings.toldAfterMilliseconds, new AbortController().signal);
    if (isReady) this.#ports.add(port);
    else this.#ports.delete(port);
  }
}
