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
import { compileClusterFilter, type CompiledClusterFilter } from "./filter_configmap_content.ts";

type Taken = Extract<CompiledClusterFilter, { kind: "filter" }>;

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
  readonly #listeners = new Set<() => void>();
  #taken: Taken | undefined;

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
    return this.#taken?.filter.filter(source, finding, seen);
  }

  /** All that the filter as it stands says of a source's findings, in one text; "" when that is nothing. */
  saysOf(source: string): string {
    return this.#taken?.saysOf(source) ?? "";
  }

  /** Calls `listener` when another filter, or the same one again, is in force; returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
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
      this.#set(compiled);
      this.#log.info("Filter ConfigMap taken", { ...this.#where, resource_version: resourceVersion });
      return;
    }
    this.#log.error(
      this.#taken === undefined
        ? "Filter ConfigMap cannot be taken; nothing is left out by it"
        : "Filter ConfigMap cannot be taken; the last good filter stands",
      { ...this.#where, resource_version: resourceVersion, reason: compiled.message },
    );
  }

  #drop(): void {
    this.#metrics.filterConfigMapValid.set(1);
    this.#set(undefined);
    this.#log.warn("Filter ConfigMap is not there; nothing is left out by it", this.#where);
  }

  #set(taken: Taken | undefined): void {
    this.#taken = taken;
    for (const listener of this.#listeners) listener();
  }
}
