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
    name: "checkpoint before effect",
    file: "src/source/informer.ts",
    find: "      const isDue = seen.isDue(object, clock.now());",
    replace:
      '      if (mark !== undefined) settle(mark, "by-findings");\n      const isDue = seen.isDue(object, clock.now());',
    breaks: ["P3 checkpoint after effect"],
  },
  {
    name: "position of the last started instead of the lowest settled",
    file: "src/source/low_water.ts",
    find: "      if (!first.isSettled) break;\n",
    replace: "",
    breaks: ["P3 checkpoint after effect"],
  },
  {
    name: "LRU entry before write",
    file: "src/pipeline/observation_sink.ts",
    find: "    const result = await this.#writer.write(observation, {",
    replace:
      "    this.#recent.add(observation.metadata);\n    const result = await this.#writer.write(observation, {",
    breaks: ["P4 OK means safe"],
  },
  {
    name: "name with a clock in it",
    file: "src/pipeline/name_of.ts",
    find: "  return fingerprint(lane.source, finding, signalTime(finding, signal), lane.windowSeconds);",
    replace:
      "  void signalTime;\n  return fingerprint(lane.source, { ...finding, isWindowed: true }, performance.now() * 1e9, lane.windowSeconds);",
    breaks: ["P2 no doubles"],
  },
  {
    name: "resume without relist on 410",
    file: "src/kube/watcher.ts",
    find: '    for (const object of page.objects) yield { kind: "listed", object };\n',
    replace: "",
    breaks: ["P1 no loss", "P3 checkpoint after effect"],
  },
  {
    name: "the lost position is asked for again after 410",
    file: "src/kube/restart.ts",
    find: '      return judged("expired", false);',
    replace: '      return judged("expired", true);',
    breaks: ["P1 no loss"],
  },
  {
    name: "rewound history not detected",
    file: "src/kube/watcher.ts",
    find:
      '      if (isOlder(now, resourceVersion)) return { at: "restarting", reason: "rewound", next: START };\n',
    replace: "      void now;\n",
    breaks: ["no watch from the future"],
  },
  {
    name: "names remembered although history went back",
    file: "src/ingesters/supervisor.ts",
    find: "onRewound(() => {\n    parts.pipeline.forgetNames();",
    replace: "onRewound(() => {",
    breaks: ["P1 no loss", "P3 checkpoint after effect"],
  },
  {
    name: "a quiet watch that died is believed",
    file: "src/kube/watcher.ts",
    find: `          const again = await reopen(watched, resourceVersion, timeoutSeconds, signal);
          if (again === undefined) continue;
          await current[Symbol.asyncDispose]();
          current = again;
          openedAt = clock.monotonic();
`,
    replace: "          void reopen;\n",
    breaks: ["P3 checkpoint after effect"],
  },
  {
    name: "a stale leader may overwrite checkpoints",
    file: "src/source/checkpoint_maps.ts",
    find: "metadata: { ...metadata, resourceVersion: map.resourceVersion },",
    replace: "metadata,",
    breaks: ["checkpoints by one leader", "checkpoints forward", "P3 checkpoint after effect"],
  },
  {
    name: "a term that outlasts the lease",
    file: "src/leadership/term.ts",
    find: "    return this.#renewedAt + this.#renewDeadline;",
    replace: "    return this.#renewedAt + 3 * this.#renewDeadline;",
    breaks: ["one leader"],
  },
  {
    name: "a write without asking whether the term holds",
    file: "src/write/writer.ts",
    find: "    if (!terms.mayWrite()) throw new TermEndedError();\n",
    replace: "    void TermEndedError;\n",
    breaks: ["no write after the term"],
  },
  {
    name: "a follower that does not wait for the lease to run out",
    file: "src/leadership/seen.ts",
    find: "expiresAt: isOwn ? now : now + duration,",
    replace: "expiresAt: isOwn ? now : now + duration / 4,",
    breaks: ["one leader"],
  },
  {
    name: "an older Lease is never believed",
    file: "src/leadership/seen.ts",
    find: "    if (!sight.isLatest && isOlder(",
    replace: "    if (isOlder(",
    breaks: ["P1 no loss", "P6 hand-over"],
  },
  {
    name: "no fresh deadline at release",
    file: "src/leadership/lease_elector.ts",
    find: 'await this.#hold.release(signal.aborted ? "asked to stop" : "failed", tasks.signal);',
    replace: 'await this.#hold.release(signal.aborted ? "asked to stop" : "failed", signal);',
    breaks: ["P6 hand-over"],
  },
];
