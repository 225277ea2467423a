import { DEAD_LETTER_REASONS, REJECTED_REASONS } from "../model/verdict.ts";
import type { Metrics } from "../observe/metrics.ts";
import { type SourceLabelSet, sourceLabelSets } from "../observe/source_label_sets.ts";
import type { Clock } from "../run/clock.ts";
import { gvrLabel } from "../source/informer.ts";
import { POD_LOGS, PODS } from "../source/pod_logs.ts";
import type { Compiled } from "./compile.ts";
import type { IngesterRegistry } from "./registry.ts";

const TURN_MILLISECONDS = 60_000;
/**
 * How long counters of a source stay when no Ingester names it any more and nothing of it is in flight: as long as Prometheus
 * looks back, so that their last increase is scraped.
 */
export const KEPT_MILLISECONDS: number = 5 * 60_000;

/** What it works with. */
export interface SourceSeriesParts {
  readonly registry: IngesterRegistry;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** Series that nobody needs any more. */
interface Leftover {
  /** Since when they have stood still (monotonic). */
  readonly since: number;
  /** All their values together. */
  readonly sum: number;
}

/**
 * The series of each source, from its first Ingester to its last: an Ingester says freely what its source is called and what it
 * reads, so without an end there would be ever more of them (promise P7).
 */
export class SourceSeries {
  readonly #parts: SourceSeriesParts;
  readonly #begun = new Set<string>();
  readonly #leftovers = new Map<string, Leftover>();

  constructor(parts: SourceSeriesParts) {
    this.#parts = parts;
    parts.registry.onChange(() => this.#beginAll());
  }

  /**
   * Sweeps every minute for as long as `signal` lasts.
   *
   * @throws the signal's reason
   */
  async keepSweeping(signal: AbortSignal): Promise<never> {
    while (true) {
      await this.#parts.clock.sleep(TURN_MILLISECONDS, signal);
      await this.sweep();
    }
  }

  /**
   * Removes what belongs to a source, or to a resource of it, that no Ingester names and that has stood still for
   * {@link KEPT_MILLISECONDS}, with nothing in flight. All counters of a source go in one turn of the event loop, so that the sum
   * of all verdicts holds in every scrape (promise P5). Should it come back, all of them begin at 0 again.
   */
  async sweep(): Promise<void> {
    const groups = grouped(await sourceLabelSets(this.#parts.metrics.registry));
    // No await from here on.
    const named = this.#named();
    const now = this.#parts.clock.monotonic();
    for (const key of this.#leftovers.keys()) if (!groups.has(key)) this.#leftovers.delete(key);
    for (const [key, sets] of groups) {
      const [{ source, gvr }] = sets;
      const gvrs = named.get(source);
      const isNamed = gvrs !== undefined && (gvr === undefined || gvrs === "any" || gvrs.has(gvr));
      if (isNamed || sets.some(({ name, value }) => name === IN_FLIGHT && value !== 0)) {
        this.#leftovers.delete(key);
        continue;
      }
      const sum = sets.reduce((total, { value }) => total + value, 0);
      const leftover = this.#leftovers.get(key);
      if (leftover?.sum !== sum) {
        this.#leftovers.set(key, { since: now, sum });
        continue;
      }
      if (now - leftover.since < KEPT_MILLISECONDS) continue;
      for (const set of sets) set.remove();
      this.#leftovers.delete(key);
      if (gvr === undefined) this.#begun.delete(source);
    }
  }

  /** What Ingesters name, by source: resources, or `any` where it cannot be told which. */
  #named(): ReadonlyMap<string, ReadonlySet<string> | "any"> {
    const named = new Map<string, Set<string> | "any">();
    // Requests that are for no webhook.
    named.set("", "any");
    for (const { ingester, compiled } of this.#parts.registry.entries.values()) {
      const { source } = ingester.spec;
      const before = named.get(source);
      const gvrs = gvrsOf(compiled);
      named.set(source, before === "any" || gvrs === "any" ? "any" : new Set([...before ?? [], ...gvrs]));
    }
    return named;
  }

  /**
   * Begins at 0 what alerts look at, for each source as soon as an Ingester of it runs: a series that came into being with its
   * first increase would hide that increase from `increase()` and `rate()`. Only label values that are known beforehand: what
   * was created and filtered has too many, and no alert of its own.
   */
  #beginAll(): void {
    for (const { compiled } of this.#parts.registry.entries.values()) {
      if (!("lane" in compiled) || this.#begun.has(compiled.lane.source)) continue;
      this.#begun.add(compiled.lane.source);
      this.#begin(compiled.lane.source);
    }
  }

  #begin(source: string): void {
    const { metrics } = this.#parts;
    metrics.received.inc({ source }, 0);
    metrics.inFlight.inc({ source }, 0);
    metrics.deduplicated.inc({ source }, 0);
    for (const reason of REJECTED_REASONS) metrics.rejected.inc({ source, reason }, 0);
    for (const reason of DEAD_LETTER_REASONS) metrics.deadLetters.inc({ source, reason }, 0);
  }
}

const IN_FLIGHT = "zen_watcher_signals_in_flight";

function gvrsOf(compiled: Compiled): readonly string[] | "any" {
  switch (compiled.kind) {
    case "informer":
      return compiled.targets.map(({ gvr }) => gvrLabel(gvr));
    case "logs":
      return [gvrLabel(POD_LOGS), gvrLabel(PODS)];
    case "webhook":
      return [];
    case "suspended":
    case "invalid":
      return "any";
    default:
      return compiled satisfies never;
  }
}

/** What has no resource is one group for each source, what has one is a group for each of its resources. */
function grouped(
  all: readonly SourceLabelSet[],
): ReadonlyMap<string, readonly [SourceLabelSet, ...SourceLabelSet[]]> {
  const groups = new Map<string, [SourceLabelSet, ...SourceLabelSet[]]>();
  for (const set of all) {
    const key = keyOf(set.source, set.gvr);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [set]);
    else group.push(set);
  }
  return groups;
}

function keyOf(source: string, gvr: string | undefined): string {
  return JSON.stringify([source, gvr ?? null]);
}
