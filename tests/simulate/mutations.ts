import type { Invariant } from "./ledger.ts";

/** A mistake that somebody could make in the sources, as an edit of one of them. */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The promises that it breaks; the first that is seen broken must be one of them. */
  readonly breaks: readonly Invariant[];
}

/** The known mistakes: each must be found by the simulation, or its invariants prove nothing. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: "LRU entry before write",
    file: "src/pipeline/pipeline.ts",
    find: "    const result = await this.#writer.write(observation, {",
    replace: "    this.#recent.add(observation.metadata);\n    const result = await this.#writer.write(observation, {",
    breaks: ["P1 no loss", "P3 checkpoint after effect"],
  },
  {
    name: "name with a clock in it",
    file: "src/pipeline/pipeline.ts",
    find: "fingerprint(lane.source, finding, signalTime(finding, signal), lane.windowSeconds)",
    replace: "fingerprint(lane.source, { ...finding, isWindowed: true }, this.#clock.now(), lane.windowSeconds)",
    breaks: ["P2 no doubles"],
  },
  {
    name: "no fresh deadline at release",
    file: "src/leadership/lease_elector.ts",
    find: 'await this.#hold.release(signal.aborted ? "asked to stop" : "failed", tasks.signal);',
    replace: 'await this.#hold.release(signal.aborted ? "asked to stop" : "failed", signal);',
    breaks: ["P6 hand-over"],
  },
];
