import { sha256 } from "../model/sha256.ts";
import type { StampedLine } from "./pod_logs_time.ts";

const MAX_LINES = 1000;

/** The lines of one log that were received lately: what is asked for again after a reconnect is not received twice. */
export class SeenLines {
  readonly #byKey = new Map<string, bigint>();

  /** How many are remembered. */
  get size(): number {
    return this.#byKey.size;
  }

  /** Remembers a line; false when it was remembered already. */
  add({ timestamp, nanoseconds, line }: StampedLine): boolean {
    const key = `${timestamp} ${sha256(line).toString("base64").slice(0, 22)}`;
    if (this.#byKey.has(key)) return false;
    this.#byKey.set(key, nanoseconds ?? 0n);
    // One that is forgotten and comes again has its Observation already, under the same name.
    if (this.#byKey.size > MAX_LINES) {
      for (const oldest of this.#byKey.keys()) {
        this.#byKey.delete(oldest);
        break;
      }
    }
    return true;
  }

  /** Forgets what is not asked for again: lines before a time in nanoseconds. */
  forgetBefore(nanoseconds: bigint): void {
    for (const [key, at] of this.#byKey) if (at < nanoseconds) this.#byKey.delete(key);
  }
}
