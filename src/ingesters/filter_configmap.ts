import type { Seen } from "../filter/seen.ts";
import { watchObject } from "../kube/watch_object.ts";
import type { WatchApi } from "../kube/watcher.ts";
import type { Finding } from "../model/finding.ts";
import { at } from "../model/json.ts";
import type { FilteredReason } from "../model/verdict.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { ClusterFilter } from "../pipeline/admission.ts";
import { aborted } from "../run/aborted.ts";
import type { Clock } from "../run/clock.ts";
import { compileClusterFilter } from "./filter_configmap_content.ts";

/**
 * The filter for all Ingesters, kept true to a ConfigMap that every replica watches by its name alone. What cannot be taken
 * leaves the last good filter in force; without the ConfigMap nothing is left out.
 */
export class FilterConfigMap implements ClusterFilter {
  readonly #where: { readonly namespace: string; readonly name: string };
  readonly #api: WatchApi;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #log: Log;
  readonly #known = Promise.withResolvers<void>();
  #filter: ClusterFilter | undefined;

  constructor(
    where: { readonly namespace: string; readonly name: string },
    parts: { readonly api: WatchApi; readonly clock: Clock; readonly metrics: Metrics; readonly log: Log },
  ) {
    this.#where = where;
    this.#api = parts.api;
    this.#clock = parts.clock;
    this.#metrics = parts.metrics;
    this.#log = parts.log.component("filter");
  }

  /**
   * Resolves when it is known what the ConfigMap says, or that it may not be read: before that no source may be read, since
   * what should be left out would pass.
   *
   * @throws the signal's reason
   */
  async known(signal: AbortSignal): Promise<void> {
    await Promise.race([this.#known.promise, aborted(signal)]);
    signal.throwIfAborted();
  }

  /** Why the filter as it stands leaves a finding out, or undefined when it passes. */
  filter(source: string, finding: Finding, seen: Seen): FilteredReason | undefined {
    return this.#filter?.filter(source, finding, seen);
  }

  /**
   * Follows the ConfigMap for as long as `signal` lasts.
   *
   * @param onKnown called once it is known what the ConfigMap says, or that it may not be read
   * @throws the signal's reason
   */
  async follow(onKnown: () => void, signal: AbortSignal): Promise<void> {
    const tell = (): void => {
      this.#known.resolve();
      onKnown();
    };
    const target = { gvr: { group: "", version: "v1", resource: "configmaps" }, ...this.#where };
    for await (const event of watchObject(target, this.#api, this.#clock, signal)) {
      switch (event.kind) {
        case "present":
          this.#take(event.object);
          break;
        case "absent":
          this.#drop();
          break;
        case "listed":
          tell();
          break;
        case "failed":
          this.#log.warn("Cannot watch the filter ConfigMap; the last good filter stands", {
            ...this.#where,
            reason: event.reason,
            error: event.error.message,
          });
          // A right that is missing stays missing until somebody grants it: signals do not wait for that.
          if (event.reason === "forbidden") tell();
          break;
        default:
          event satisfies never;
      }
    }
  }

  #take(object: unknown): void {
    const resourceVersion = String(at(object, "metadata", "resourceVersion") ?? "");
    const compiled = compileClusterFilter(at(object, "data"));
    this.#metrics.filterConfigMapValid.set(compiled.kind === "filter" ? 1 : 0);
    if (compiled.kind === "filter") {
      this.#filter = compiled.filter;
      this.#log.info("Filter ConfigMap taken", { ...this.#where, resource_version: resourceVersion });
      return;
    }
    this.#log.error(
      this.#filter === undefined
        ? "Filter ConfigMap cannot be taken; nothing is left out by it"
        : "Filter ConfigMap cannot be taken; the last good filter stands",
      { ...this.#where, resource_version: resourceVersion, reason: compiled.message },
    );
  }

  #drop(): void {
    this.#metrics.filterConfigMapValid.set(1);
    this.#filter = undefined;
    this.#log.warn("Filter ConfigMap is not there; nothing is left out by it", this.#where);
  }
}
