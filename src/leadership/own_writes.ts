import { formatMicroTime } from "../kube/micro_time.ts";
import type { OwnWrite } from "./decide.ts";

/** Writes that are remembered; an older one lost its resourceVersion long ago and can take no effect any more. */
const MOST = 64;
const MICROSECOND = 0.001;

/**
 * The writes of this process by their renewTime, so that it knows its own also where the answer was lost, and a twin's when
 * it sees one.
 */
export class OwnWrites {
  readonly #byRenewTime = new Map<string, OwnWrite>();

  /** All that are remembered. */
  get byRenewTime(): ReadonlyMap<string, OwnWrite> {
    return this.#byRenewTime;
  }

  /**
   * A stamp for the next write: the wall time, or as many microseconds later as it takes to be unlike those of our writes
   * and `seen`. So every renewal changes the record, even when the wall clock was set back.
   *
   * @param now wall time in milliseconds since 1970
   * @param seen renewTime of the Lease as it is
   */
  nextStamp(now: number, seen: string | undefined): string {
    let time = now;
    let stamp = formatMicroTime(time);
    while (stamp === seen || this.#byRenewTime.has(stamp)) stamp = formatMicroTime(time += MICROSECOND);
    return stamp;
  }

  /** Remembers a write before it is sent. */
  add(renewTime: string, write: OwnWrite): void {
    this.#byRenewTime.set(renewTime, write);
    for (const oldest of this.#byRenewTime.keys()) {
      if (this.#byRenewTime.size <= MOST) break;
      this.#byRenewTime.delete(oldest);
    }
  }
}
