import type { StoredObject } from "./store.ts";
import type { Violate } from "./ledger.ts";

interface Spec {
  readonly holderIdentity?: string;
  readonly acquireTime?: string;
  readonly leaseTransitions?: number;
}

/** Judges the Lease: one writer for each term, and one leader at a time. */
export class LeaseJudge {
  readonly #violate: Violate;
  #term: { readonly id: string; readonly writer: string } | undefined;
  #lastRelease: string | undefined;
  #excusedUntil = 0;

  constructor(violate: Violate) {
    this.#violate = violate;
  }

  /** Two may lead until then: etcd gave the Lease back to somebody who held it before. */
  excuseUntil(time: number): void {
    this.#excusedUntil = Math.max(this.#excusedUntil, time);
    this.#term = undefined;
  }

  /** Whether the last release of the Lease was by `caller`. */
  releasedBy(caller: string): boolean {
    return this.#lastRelease === caller;
  }

  /** A write of the Lease took effect. */
  onWrite(caller: string, before: StoredObject | undefined, after: StoredObject): void {
    const spec = after["spec"] as Spec;
    if (spec.holderIdentity === "") {
      this.#lastRelease = caller;
      const holder = (before?.["spec"] as Spec | undefined)?.holderIdentity;
      if (this.#term !== undefined && holder !== "" && this.#term.writer !== caller) {
        this.#violate("one writer of a term", `${caller} released the term of ${this.#term.writer}`);
      }
      this.#term = undefined;
      return;
    }
    const id = `${spec.holderIdentity} ${spec.acquireTime} ${spec.leaseTransitions}`;
    if (this.#term?.id === id && this.#term.writer !== caller) {
      this.#violate("one writer of a term", `${caller} renewed the term of ${this.#term.writer}`);
    }
    this.#term = { id, writer: caller };
  }

  /** Who holds a valid term at this moment, each by its own clock. */
  onLeaders(leaders: readonly (string | undefined)[], now: number): void {
    if (leaders.length > 1 && now > this.#excusedUntil) {
      this.#violate("one leader", `${leaders.join(" and ")} hold valid terms at once`);
    }
  }
}
