import type { Ingester } from "../model/ingester.ts";
import { type Compiled, compileIngester, type CompileSettings } from "./compile.ts";

/** An Ingester and what it was made into. */
export interface Entry {
  /** `<namespace>/<name>`. */
  readonly key: string;
  readonly ingester: Ingester;
  readonly compiled: Compiled;
}

/**
 * The Ingesters as they stand now: compiled once for each change of a spec, with paths that belong to one each. Every
 * replica keeps one, whoever leads.
 */
export class IngesterRegistry {
  readonly #settings: CompileSettings;
  readonly #own = new Map<string, Entry>();
  readonly #listeners = new Set<() => void>();
  #entries: ReadonlyMap<string, Entry> = new Map();
  #byPath: ReadonlyMap<string, Entry> = new Map();

  constructor(settings: CompileSettings) {
    this.#settings = settings;
  }

  /** All entries by key. */
  get entries(): ReadonlyMap<string, Entry> {
    return this.#entries;
  }

  /** Who owns a webhook path; also those that cannot serve it now. */
  findByPath(path: string): Entry | undefined {
    return this.#byPath.get(path);
  }

  /** Takes a new or changed Ingester in. */
  put(ingester: Ingester): void {
    const key = keyOfIngester(ingester.metadata);
    const before = this.#own.get(key)?.ingester;
    const isSameSpec = before !== undefined && before.metadata.uid === ingester.metadata.uid &&
      before.metadata.generation !== undefined && before.metadata.generation === ingester.metadata.generation;
    const compiled = isSameSpec ? this.#own.get(key)?.compiled : undefined;
    this.#own.set(key, { key, ingester, compiled: compiled ?? compileIngester(ingester, this.#settings) });
    this.#settle(!isSameSpec);
  }

  /** Forgets an Ingester. */
  remove(key: string): void {
    if (this.#own.delete(key)) this.#settle(true);
  }

  /** Calls `listener` after every change of a spec; returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Two Ingesters never share a path: the older keeps it, the younger is invalid (design, section 4). */
  #settle(hasChanged: boolean): void {
    const entries = new Map<string, Entry>();
    const byPath = new Map<string, Entry>();
    for (const entry of [...this.#own.values()].sort(olderFirst)) {
      const path = pathOfCompiled(entry.compiled);
      const owner = path === undefined ? undefined : byPath.get(path);
      const settled: Entry = owner === undefined ? entry : {
        ...entry,
        compiled: {
          kind: "invalid",
          path: undefined,
          message: `path ${path} belongs to the older Ingester ${owner.key}; give another spec.webhook.path`,
        },
      };
      entries.set(entry.key, keepSame(this.#entries.get(entry.key), settled));
      if (path !== undefined && owner === undefined) byPath.set(path, settled);
    }
    this.#entries = entries;
    this.#byPath = byPath;
    if (hasChanged) { for (const listener of this.#listeners) listener(); }
  }
}

/** `<namespace>/<name>`. */
export function keyOfIngester(
  metadata: { readonly namespace?: string | undefined; readonly name: string },
): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

/** The same conflict found again must not look like a change. */
function keepSame(before: Entry | undefined, now: Entry): Entry {
  if (before?.compiled.kind === "invalid" && now.compiled.kind === "invalid") {
    if (before.compiled.message === now.compiled.message) return { ...now, compiled: before.compiled };
  }
  return now;
}

function pathOfCompiled(compiled: Compiled): string | undefined {
  return compiled.kind === "webhook"
    ? compiled.door.path
    : compiled.kind === "informer" || compiled.kind === "logs"
    ? undefined
    : compiled.path;
}

function olderFirst(a: Entry, b: Entry): number {
  const created = (entry: Entry): string => entry.ingester.metadata.creationTimestamp ?? "";
  if (created(a) !== created(b)) return created(a) < created(b) ? -1 : 1;
  return a.key < b.key ? -1 : 1;
}
