import { textAt } from "../../src/model/json.ts";
import type { Observation } from "../../src/model/observation.ts";

/** How the books of one source stand: what was sent in against what lies in the cluster. */
export interface Balance {
  readonly source: string;
  readonly expected: number;
  /** How many of the expected are there, each counted once. */
  readonly there: number;
  readonly missing: readonly string[];
  /** What is there more than once. */
  readonly doubled: readonly string[];
  /** What is there and was never sent. */
  readonly unexpected: readonly string[];
}

/**
 * What must be there, written down when it is sent. An entry says in plain words what was seen (which report and which
 * finding in it, which audit event), so that no name and no hash of the program is believed.
 */
export class Ledger {
  readonly #expected = new Map<string, Set<string>>();

  /** How many Observations must be there. */
  get size(): number {
    return [...this.#expected.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Writes down what is about to be sent; each entry must be new. */
  expect(source: string, entries: readonly string[]): void {
    const expected = this.#expected.get(source) ?? new Set<string>();
    this.#expected.set(source, expected);
    for (const entry of entries) {
      if (expected.has(entry)) throw new Error(`Cannot expect ${source} ${entry}: it must be told apart`);
      expected.add(entry);
    }
  }

  /** How many of the expected are there, of all sources. */
  countThere(observations: readonly Observation[]): number {
    return this.compare(observations).reduce((sum, { there }) => sum + there, 0);
  }

  /** Compares with what is there, source by source. */
  compare(observations: readonly Observation[]): readonly Balance[] {
    const found = new Map<string, Map<string, number>>();
    for (const observation of observations) {
      const source = observation.spec.source ?? "unknown";
      const entries = found.get(source) ?? new Map<string, number>();
      found.set(source, entries);
      const entry = entryOf(observation);
      entries.set(entry, (entries.get(entry) ?? 0) + 1);
    }
    const sources = [...new Set([...this.#expected.keys(), ...found.keys()])];
    return sources.map((source) => {
      const awaited = this.#expected.get(source) ?? new Set<string>();
      const expected = [...awaited];
      const there = found.get(source) ?? new Map<string, number>();
      return {
        source,
        expected: expected.length,
        there: expected.filter((entry) => there.has(entry)).length,
        missing: expected.filter((entry) => !there.has(entry)),
        doubled: [...there].filter(([, count]) => count > 1).map(([entry]) => entry),
        unexpected: [...there.keys()].filter((entry) => !awaited.has(entry)),
      };
    });
  }
}

/** What was seen in an object of the API, such as a report: the object, and the finding in it. */
export function entryOfObject(namespace: string, name: string, finding: string): string {
  return `${namespace}/${name}: ${finding}`;
}

/** What was seen in a Falco alert: its rule, its pod if it has one, and its time. */
export function entryOfAlert(rule: string, pod: string | undefined, time: string): string {
  return `${rule}, pod ${pod ?? "none"}, ${Date.parse(time)}`;
}

/** What was seen in an audit event: its id. */
export function entryOfAuditEvent(auditId: string): string {
  return `event ${auditId}`;
}

/** Reads an Observation back to what was seen. */
function entryOf({ spec }: Observation): string {
  const { title = "", details, origin, detectedAt = "" } = spec;
  switch (spec.source) {
    case "falco":
      return entryOfAlert(title, textAt(details, "output_fields", "k8s.pod.name"), detectedAt);
    case "audit":
      return entryOfAuditEvent(textAt(details, "auditID") ?? "");
    default:
      return entryOfObject(origin?.namespace ?? "", origin?.name ?? "", title);
  }
}
