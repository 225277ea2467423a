import type { IngesterStatusLine } from "../observe/observe_app.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Activities } from "./activities.ts";
import { readinessOf } from "./readiness.ts";
import type { Entry, IngesterRegistry } from "./registry.ts";

/** What this replica shows of its Ingesters: the metric, and the lines of /status. */
export class ReadinessView {
  readonly #registry: IngesterRegistry;
  readonly #activities: Activities;
  readonly #metrics: Metrics;

  constructor(
    parts: {
      readonly registry: IngesterRegistry;
      readonly activities: Activities;
      readonly metrics: Metrics;
    },
  ) {
    this.#registry = parts.registry;
    this.#activities = parts.activities;
    this.#metrics = parts.metrics;
    parts.registry.onChange(() => this.#showAll());
    parts.activities.listen((key) => this.#show(key));
  }

  /** One line for each Ingester; those whose sources are another replica's say so. */
  lines(): readonly IngesterStatusLine[] {
    return [...this.#registry.entries.values()].map((entry) => {
      const { namespace, name } = entry.ingester.metadata;
      const readiness = this.#readiness(entry);
      return {
        namespace,
        name,
        source: entry.ingester.spec.source,
        kind: entry.compiled.kind,
        ready: readiness?.isReady ?? false,
        reason: readiness?.reason ?? "Standby",
        message: readiness?.message ?? "Its sources are read by the leader",
      };
    });
  }

  #readiness(entry: Entry): ReturnType<typeof readinessOf> {
    return readinessOf(entry.compiled, this.#activities.of(entry.key));
  }

  #show(key: string): void {
    const entry = this.#registry.entries.get(key);
    if (entry === undefined) return;
    const { namespace, name } = entry.ingester.metadata;
    const readiness = this.#readiness(entry);
    if (readiness === undefined) this.#metrics.ingesterReady.remove({ namespace, name });
    else this.#metrics.ingesterReady.set({ namespace, name }, readiness.isReady ? 1 : 0);
  }

  #showAll(): void {
    this.#metrics.ingesterReady.reset();
    for (const key of this.#registry.entries.keys()) this.#show(key);
  }
}
