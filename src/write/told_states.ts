import type { Observation } from "../model/observation.ts";
import type { ObservationRef } from "../model/verdict.ts";
import type { Clock } from "../run/clock.ts";
import { contentHash, contentPatch } from "./content.ts";
import type { ObservationStore } from "./observation_store.ts";
import { persist, type Persisted } from "./persist.ts";
import type { WriteTerms } from "./writer.ts";

/** What became of the end of a state: its Observation is Resolved now, or was, or there is none. */
export type Ended = "resolved" | "was-resolved" | "none";

/**
 * States whose beginning and end are told by their sender (alerts), and not read from a report. They move by the times that
 * are told, so that what is sent again or late turns nothing back (contract, section 4).
 */
export class ToldStates {
  readonly #store: ObservationStore;
  readonly #clock: Clock;

  constructor(parts: { readonly store: ObservationStore; readonly clock: Clock }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
  }

  /** A state that has its Observation is told again: it says what is told now, and is Active if it began after its end. */
  async goesOn(
    wanted: Observation,
    terms: Omit<WriteTerms, "isDryRun">,
    signal: AbortSignal,
  ): Promise<Persisted<void>> {
    const ref = refOf(wanted);
    return await persist(
      async (inner) => {
        const there = await this.#store.get(ref, inner);
        if (there === undefined) return;
        const isResolved = there.status?.phase === "Resolved";
        const beginsAt = Date.parse(wanted.spec.detectedAt ?? "");
        const begunAt = lastBeginning(there);
        if (isResolved ? beginsAt <= Date.parse(there.status?.resolvedAt ?? "") : beginsAt < begunAt) return;
        let { resourceVersion } = there.metadata;
        if (contentHash(there) !== contentHash(wanted)) {
          const { spec, labels } = contentPatch(wanted);
          const patch = { metadata: { resourceVersion, labels }, spec };
          ({ resourceVersion } = await this.#store.patch(ref, patch, undefined, inner));
        }
        // What it said first is no news; a later beginning is kept, since by it an end is known to be late.
        if (!isResolved && !(beginsAt > begunAt)) return;
        const lastSeen = new Date(beginsAt).toISOString();
        const status = isResolved ? { phase: "Active", resolvedAt: null, lastSeen } : { lastSeen };
        await this.#store.patch(ref, { metadata: { resourceVersion }, status }, "status", inner);
      },
      terms,
      this.#clock,
      signal,
    );
  }

  /** A state is told to be over, since `endedAt` (RFC 3339; undefined: now). */
  async ends(
    ended: Observation,
    endedAt: string | undefined,
    terms: Omit<WriteTerms, "isDryRun">,
    signal: AbortSignal,
  ): Promise<Persisted<Ended>> {
    const ref = refOf(ended);
    return await persist(
      async (inner) => {
        const there = await this.#store.get(ref, inner);
        if (there === undefined) return "none";
        if (there.status?.phase === "Resolved") return "was-resolved";
        const now = new Date(this.#clock.now()).toISOString();
        const resolvedAt = endedAt ?? now;
        // It has begun anew since: this end came late. The end of this very beginning never is, whatever its clock says.
        const begunAt = lastBeginning(there);
        const endsBeginning = Date.parse(ended.spec.detectedAt ?? "");
        if (begunAt > Date.parse(resolvedAt) && begunAt > endsBeginning) return "was-resolved";
        const status = { phase: "Resolved", resolvedAt };
        const { resourceVersion } = there.metadata;
        await this.#store.patch(ref, { metadata: { resourceVersion }, status }, "status", inner);
        return "resolved";
      },
      terms,
      this.#clock,
      signal,
    );
  }
}

/** When a state began that is there: as it was told last, or else when it was created. */
function lastBeginning({ spec, status }: Observation): number {
  return Math.max(...[spec.detectedAt, status?.lastSeen].map((time) => Date.parse(time ?? "") || -Infinity));
}

function refOf({ metadata: { namespace, name } }: Observation): ObservationRef {
  return { namespace, name };
}
