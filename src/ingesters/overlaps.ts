import { areDisjoint } from "./selectors.ts";
import type { Compiled } from "./compile.ts";
import type { Entry, IngesterRegistry } from "./registry.ts";

/** What one Ingester reads in one namespace, or in all. */
interface Reach {
  readonly key: string;
  readonly labelSelector: string | undefined;
  readonly fieldSelector: string | undefined;
}

const ALL = "*";

/**
 * Which Ingesters of one source read the same objects: each finding is then owned by whichever saw it first, so that two
 * different filters or lifetimes apply by chance (contract, section 5). Webhooks do not overlap, since a path belongs to
 * one; nor does one that is suspended, invalid or a dry run, since it owns nothing.
 */
export class Overlaps {
  readonly #registry: IngesterRegistry;
  #byKey: ReadonlyMap<string, ReadonlySet<string>> | undefined;

  constructor(registry: IngesterRegistry) {
    this.#registry = registry;
    registry.onChange(() => this.#byKey = undefined);
  }

  /** The keys of those that an Ingester overlaps with, sorted. */
  of(key: string): readonly string[] {
    this.#byKey ??= findOverlaps(this.#registry.entries.values());
    return [...this.#byKey.get(key) ?? []].sort();
  }
}

/** Those that overlap, by key; one that overlaps with none is not in it. */
export function findOverlaps(entries: Iterable<Entry>): ReadonlyMap<string, ReadonlySet<string>> {
  const byResource = new Map<string, Map<string, Reach[]>>();
  for (const { key, compiled } of entries) {
    for (const { resource, namespaces, ...selectors } of reachesOf(compiled)) {
      const byNamespace = upsert(byResource, resource, () => new Map<string, Reach[]>());
      for (const namespace of namespaces) {
        upsert(byNamespace, namespace, () => []).push({ key, ...selectors });
      }
    }
  }
  const found = new Map<string, Set<string>>();
  for (const byNamespace of byResource.values()) {
    const everywhere = byNamespace.get(ALL) ?? [];
    for (const [namespace, here] of byNamespace) {
      compare(here, here, found);
      if (namespace !== ALL) compare(here, everywhere, found);
    }
  }
  return found;
}

function compare(some: readonly Reach[], others: readonly Reach[], found: Map<string, Set<string>>): void {
  for (const one of some) {
    for (const other of others) {
      if (one.key === other.key || found.get(one.key)?.has(other.key) === true) continue;
      if (areDisjoint(one.labelSelector, other.labelSelector)) continue;
      if (areDisjoint(one.fieldSelector, other.fieldSelector)) continue;
      upsert(found, one.key, () => new Set<string>()).add(other.key);
      upsert(found, other.key, () => new Set<string>()).add(one.key);
    }
  }
}

function reachesOf(
  compiled: Compiled,
): readonly (Omit<Reach, "key"> & { readonly resource: string; readonly namespaces: Iterable<string> })[] {
  if (compiled.kind !== "informer" && compiled.kind !== "logs") return [];
  const { source, isDryRun } = compiled.lane;
  if (isDryRun) return [];
  if (compiled.kind === "logs") {
    return compiled.logs.targets.map((target) => ({
      resource: `${source} logs`,
      namespaces: namespacesOf(target),
      labelSelector: target.podSelector,
      fieldSelector: target.container === undefined ? undefined : `container=${target.container}`,
    }));
  }
  return compiled.targets.map((target) => ({
    resource: `${source} ${objectsOf(target.gvr)}`,
    namespaces: namespacesOf(target),
    labelSelector: target.labelSelector,
    fieldSelector: target.fieldSelector,
  }));
}

function namespacesOf(
  target: {
    readonly namespace: string | undefined;
    readonly keepNamespaces: ReadonlySet<string> | undefined;
  },
): Iterable<string> {
  return target.keepNamespaces ?? [target.namespace ?? ALL];
}

/** Versions show the same objects, and so do the two groups of Events. */
function objectsOf({ group, resource }: { readonly group: string; readonly resource: string }): string {
  return resource === "events" && group === "events.k8s.io" ? "/events" : `${group}/${resource}`;
}

function upsert<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const fresh = make();
  map.set(key, fresh);
  return fresh;
}
