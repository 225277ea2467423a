import { textAt } from "../../src/model/json.ts";
import type { Observation } from "../../src/model/observation.ts";

/** The sources that signals are made for; `chaos` is a source of generic JSON. */
export const SOURCES = ["kubernetes-events", "trivy", "kyverno", "falco", "chaos"] as const;
/** One of {@link SOURCES}. */
export type Source = typeof SOURCES[number];

/** How the books of one source stand. */
export interface Balance {
  readonly source: string;
  /** How many findings were made, accepted or not. */
  readonly made: number;
  /** How many of them must be there. */
  readonly due: number;
  /** What must be there and is not. */
  readonly missing: readonly string[];
  /** What is there more than once. */
  readonly doubled: readonly string[];
  /** What is there and was never made, or must be filtered. */
  readonly unexpected: readonly string[];
}

/**
 * What was made in one round, by the number that each finding carries in its payload, and whether it must be there: it
 * must when the API server or a replica said that it took it. No name and no hash of the program is believed.
 */
export class Ledger {
  readonly #round: string;
  /** Due by number, source by source. */
  readonly #made = new Map<string, Map<string, boolean>>();

  /** @param round what every number of this round begins with, and no number of another round */
  constructor(round: string) {
    this.#round = round;
  }

  /** How many findings must be there. */
  get due(): number {
    return this.compare([]).reduce((sum, { due }) => sum + due, 0);
  }

  /** Writes down what may be there from now on. */
  make(source: Source, numbers: readonly string[]): void {
    const made = this.#of(source);
    for (const number of numbers) {
      if (!number.startsWith(this.#round)) {
        throw new Error(`Cannot make ${source} ${number}: it must begin with ${this.#round}`);
      }
      if (made.has(number)) throw new Error(`Cannot make ${source} ${number}: it must be told apart`);
      made.set(number, false);
    }
  }

  /** Writes down that somebody answered for it: it must be there. */
  accept(source: Source, numbers: readonly string[]): void {
    const made = this.#of(source);
    for (const number of numbers) {
      if (!made.has(number)) throw new Error(`Cannot accept ${source} ${number}: it must have been made`);
      made.set(number, true);
    }
  }

  /** Compares with what is there, source by source; what is of other rounds says nothing. */
  compare(observations: readonly Observation[]): readonly Balance[] {
    const there = new Map<string, Map<string, number>>();
    for (const observation of observations) {
      const { source = "none" } = observation.spec;
      const number = numberOf(observation) ?? `unreadable ${observation.metadata.name}`;
      if (!number.startsWith(this.#round) && isOfAnyRound(number)) continue;
      const counts = there.get(source) ?? new Map<string, number>();
      there.set(source, counts.set(number, (counts.get(number) ?? 0) + 1));
    }
    return [...new Set([...this.#made.keys(), ...there.keys()])].map((source) => {
      const made = this.#made.get(source) ?? new Map<string, boolean>();
      const counts = there.get(source) ?? new Map<string, number>();
      const due = [...made].filter(([, isDue]) => isDue).map(([number]) => number);
      return {
        source,
        made: made.size,
        due: due.length,
        missing: due.filter((number) => !counts.has(number)),
        doubled: [...counts].filter(([, count]) => count > 1).map(([number]) => number),
        unexpected: [...counts.keys()].filter((number) => !made.has(number)),
      };
    });
  }

  #of(source: Source): Map<string, boolean> {
    const found = this.#made.get(source) ?? new Map<string, boolean>();
    this.#made.set(source, found);
    return found;
  }
}

/** What a round's numbers begin with. */
export function roundPrefix(seed: number): string {
  return `n${seed.toString(16).padStart(8, "0")}-`;
}

/** Whether all that must be there is there, and once. */
export function isEven(balances: readonly Balance[]): boolean {
  return balances.every(({ missing, doubled, unexpected }) =>
    missing.length === 0 && doubled.length === 0 && unexpected.length === 0
  );
}

function isOfAnyRound(number: string): boolean {
  return /^n[0-9a-f]{8}-/.test(number);
}

/** Reads from an Observation, in what the source said, the number of the finding that it tells of. */
function numberOf({ spec }: Observation): string | undefined {
  switch (spec.source) {
    case "kubernetes-events":
      return spec.origin?.name;
    case "trivy":
      return textAt(spec.details, "vulnerabilityID");
    case "kyverno":
      return textAt(spec.details, "rule");
    case "falco":
      return textAt(spec.details, "output_fields", "k8s.pod.name");
    case "chaos":
      return textAt(spec.details, "number");
    default:
      return undefined;
  }
}
