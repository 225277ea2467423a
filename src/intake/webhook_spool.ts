import type { Json } from "../model/json.ts";
import type { Lane } from "../pipeline/lane.ts";
import type { Ledger } from "../pipeline/ledger.ts";
import type { ProcessTerms } from "../pipeline/observation_sink.ts";
import type { Outcome } from "../pipeline/outcome.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { Clock } from "../run/clock.ts";
import type { ObservationWriter } from "../write/writer.ts";
import type { Replay } from "./replay.ts";
import type { TakenFinding } from "./route.ts";
import { type Spool, SpoolError } from "./spool.ts";

/** How long a request waits for its findings to be written (contract, section 8). */
const PATIENCE_MILLISECONDS = 2000;

/** Under which rules a webhook is taken. */
export interface WebhookTerms {
  readonly lane: Lane;
  readonly ack: "created" | "spooled";
  readonly onStall: ProcessTerms["onStall"];
}

/** What it works with. */
export interface WebhookSpoolParts {
  readonly spool: Spool;
  readonly replay: Replay;
  readonly pipeline: Pipeline;
  readonly writer: Pick<ObservationWriter, "isAway">;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** Takes the payload of a webhook so far that its sender can be answered: written, or safe on disk (promise P4). */
export class WebhookSpool {
  readonly #parts: WebhookSpoolParts;

  constructor(parts: WebhookSpoolParts) {
    this.#parts = parts;
  }

  /** Resolves to what became of each finding; those that could be neither written nor spooled are rejected. */
  async take(
    { payload, receivedAt }: { readonly payload: Json; readonly receivedAt: string },
    terms: WebhookTerms,
    signal: AbortSignal,
  ): Promise<readonly TakenFinding[]> {
    const { lane } = terms;
    const { source, ingester } = lane;
    const outcomes = await this.#parts.pipeline.receive(
      { source, payload, receivedAt },
      lane,
      this.#goesToDisk(terms) ? undefined : this.#processTerms(terms),
      signal,
    );
    const open = outcomes.flatMap(({ kind }, index) => kind === "open" ? [index] : []);
    if (open.length === 0) return outcomes.map((outcome) => this.#orRefused(outcome, source));
    try {
      const spooledAt = new Date(this.#parts.clock.now()).toISOString();
      const total = outcomes.length;
      await this.#parts.spool.append({
        kind: "signal",
        source,
        ingester,
        spooledAt,
        receivedAt,
        payload,
        open,
        total,
      });
    } catch (error) {
      if (!(error instanceof SpoolError)) throw error;
      return outcomes.map((outcome) => this.#orRefused(outcome, source));
    }
    return outcomes.map((outcome) => outcome.kind === "open" ? { kind: "spooled" } : outcome);
  }

  /** Whether a write now would only keep the sender waiting, or was not asked for. */
  #goesToDisk({ ack, lane }: WebhookTerms): boolean {
    const { spool, replay, writer } = this.#parts;
    const { ingester, rateLimit } = lane;
    // At a rate, who came first goes first.
    const isLate = rateLimit !== undefined && replay.isBehind(ingester);
    return spool.isUsable && (ack === "spooled" || isLate || writer.isAway || replay.isStalled(ingester));
  }

  #processTerms({ onStall }: WebhookTerms): ProcessTerms {
    return {
      patienceMilliseconds: PATIENCE_MILLISECONDS,
      // What lies in the spool asks for the API server; when there is nothing and no way to it, somebody has to.
      sparesAway: this.#parts.spool.isUsable || this.#parts.spool.pending.size > 0,
      // A webhook's write is nobody's term: every replica serves it.
      mayWrite: () => true,
      onStall,
    };
  }

  #orRefused(outcome: Outcome, source: string): TakenFinding {
    if (outcome.kind !== "open") return outcome;
    const verdict = { kind: "rejected", reason: "unavailable", message: outcome.message } as const;
    this.#parts.ledger.settle(source, verdict, undefined);
    return verdict;
  }
}
