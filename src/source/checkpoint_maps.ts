import { type Api, type KubeObject, resourcePath } from "../kube/api.ts";
import { ApiError, isApiError } from "../kube/errors.ts";
import { isOlder } from "../kube/resource_version.ts";
import { isJsonObject } from "../model/json.ts";

/** What was found when the ConfigMaps were read. */
export interface Found {
  /** All keys of all ConfigMaps, their values as they stand there. */
  readonly values: ReadonlyMap<string, unknown>;
  /** Who claimed them last; undefined: nobody, or there is none. */
  readonly holder: string | undefined;
  /** True when history went back (etcd was restored): one is older than what was written there. */
  readonly isRewound: boolean;
}

/** How a save went. */
export type Saved =
  | {
    readonly kind: "saved";
    /** True when history went back (etcd was restored): a new version is older than the last one that was written. */
    readonly isRewound: boolean;
  }
  /** A ConfigMap is not as it was left: it must be read before the next save. */
  | { readonly kind: "changed" }
  | { readonly kind: "failed"; readonly error: ApiError };

interface MapState {
  readonly name: string;
  /** Undefined: there is none yet. */
  resourceVersion: string | undefined;
  /** The last that was read or written here: what is found later is never older, unless history went back. */
  written: string | undefined;
  holder: string | undefined;
  readonly keys: Set<string>;
}

interface ConfigMap extends KubeObject {
  readonly data?: unknown;
}

/** Above so many keys a further ConfigMap is used (contract, section 6): one object may have 1 MiB. */
const MAX_KEYS = 3000;
const CONFIG_MAPS = { group: "", version: "v1", resource: "configmaps" } as const;
/** Says whose checkpoints these are: the process, and its term. */
const HOLDER = "zen.kube-zen.io/holder";
const LABELS = {
  "app.kubernetes.io/managed-by": "zen-watcher",
  "app.kubernetes.io/component": "checkpoints",
};

/**
 * The ConfigMaps `<lease>-checkpoints`, `-1`, `-2`, ... of one lease. Every write says which resourceVersion it changes, so
 * that a write of somebody who has not seen the last one takes no effect.
 */
export class CheckpointMaps {
  readonly #namespace: string;
  readonly #name: string;
  readonly #holder: string;
  readonly #api: Api;
  readonly #maxKeys: number;
  readonly #mayWrite: () => boolean;
  #maps: MapState[] = [];

  /**
   * @param options.name of the first ConfigMap
   * @param options.holder stands for this process and its term, and for no other
   * @param options.mayWrite asked before every write: false when the term has ended
   */
  constructor(
    options: {
      readonly namespace: string;
      readonly name: string;
      readonly holder: string;
      readonly mayWrite: () => boolean;
      readonly maxKeys?: number;
    },
    api: Api,
  ) {
    this.#namespace = options.namespace;
    this.#name = options.name;
    this.#holder = options.holder;
    this.#mayWrite = options.mayWrite;
    this.#maxKeys = options.maxKeys ?? MAX_KEYS;
    this.#api = api;
  }

  /** True when every ConfigMap that is there says that this term writes it. */
  get isClaimed(): boolean {
    return this.#maps.every((map) => map.resourceVersion === undefined || map.holder === this.#holder);
  }

  /** History went back, and that is known: an older version than was written here is no news. */
  forgetHistory(): void {
    for (const map of this.#maps) map.written = undefined;
  }

  /**
   * Reads all ConfigMaps.
   *
   * @throws ApiError
   */
  async read(signal: AbortSignal): Promise<Found> {
    const values = new Map<string, unknown>();
    let isRewound = false;
    let holder: string | undefined;
    const maps: MapState[] = [];
    // Most have one: the second is asked for beside it, since a new leader waits for this.
    const [first, second] = await Promise.all([this.#get(0, signal), this.#get(1, signal)]);
    for (
      let index = 0, found = first;
      index === 0 || found !== undefined;
      index++, found = index === 1 ? second : await this.#get(index, signal)
    ) {
      const before = this.#maps[index];
      const resourceVersion = found?.metadata.resourceVersion;
      if (before?.written !== undefined && resourceVersion !== undefined) {
        isRewound ||= isOlder(resourceVersion, before.written);
      }
      const data = isJsonObject(found?.data) ? found.data : {};
      for (const [key, value] of Object.entries(data)) values.set(key, value);
      const own = found?.metadata.annotations?.[HOLDER];
      holder ??= own === this.#holder ? undefined : own;
      maps.push({
        name: this.#nameOf(index),
        resourceVersion,
        written: resourceVersion ?? before?.written,
        holder: own,
        keys: new Set(Object.keys(data)),
      });
    }
    // One that somebody deleted is made again, under a version that tells whether history went back.
    for (const gone of this.#maps.slice(maps.length)) {
      maps.push({ ...gone, resourceVersion: undefined, holder: undefined, keys: new Set() });
    }
    this.#maps = maps;
    return {
      values,
      holder: holder ?? (this.isClaimed && first !== undefined ? this.#holder : undefined),
      isRewound,
    };
  }

  /**
   * Writes what has changed; undefined removes a key. What is not claimed yet is claimed with it, and at least the first
   * ConfigMap is written when nothing has changed.
   *
   * @throws the signal's reason
   */
  async save(changes: ReadonlyMap<string, string | undefined>, signal: AbortSignal): Promise<Saved> {
    let isRewound = false;
    for (const [map, part] of this.#split(changes)) {
      const before = map.written;
      try {
        if (before !== undefined && map.resourceVersion === undefined) {
          // It is made again, empty at first: if history went back with it, what is to be saved is of no worth.
          if (!this.#mayWrite()) return { kind: "changed" };
          await this.#write(map, new Map(), signal);
          if (isOlder(map.written ?? before, before)) return { kind: "saved", isRewound: true };
        }
        // Whoever leads now may have changed them already.
        if (!this.#mayWrite()) return { kind: "changed" };
        await this.#write(map, part, signal);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const isGone = error.kind === "not-found" && map.resourceVersion !== undefined;
        if (isGone || isApiError(error, "conflict", "already-exists")) return { kind: "changed" };
        return { kind: "failed", error };
      }
      isRewound ||= before !== undefined && isOlder(map.written ?? before, before);
    }
    return { kind: "saved", isRewound };
  }

  /** Which ConfigMap each change belongs to; all that are not claimed take part. */
  #split(changes: ReadonlyMap<string, string | undefined>): Map<MapState, Map<string, string | undefined>> {
    if (this.#maps.length === 0) this.#maps.push(this.#emptyMap(0));
    const parts = new Map<MapState, Map<string, string | undefined>>();
    const sizes = new Map(this.#maps.map((map) => [map, map.keys.size]));
    const put = (map: MapState, key: string, value: string | undefined): void => {
      const part = parts.get(map) ?? new Map<string, string | undefined>();
      parts.set(map, part.set(key, value));
    };
    const [first] = this.#maps;
    if (first !== undefined && first.resourceVersion === undefined) parts.set(first, new Map());
    for (const map of this.#maps) {
      if (map.resourceVersion !== undefined && map.holder !== this.#holder) parts.set(map, new Map());
    }
    for (const [key, value] of changes) {
      const owner = this.#maps.find((map) => map.keys.has(key));
      if (owner !== undefined) put(owner, key, value);
      else if (value !== undefined) {
        let map = this.#maps.find((one) => (sizes.get(one) ?? 0) < this.#maxKeys);
        if (map === undefined) this.#maps.push(map = this.#emptyMap(this.#maps.length));
        sizes.set(map, (sizes.get(map) ?? 0) + 1);
        put(map, key, value);
      }
    }
    return parts;
  }

  async #write(
    map: MapState,
    part: ReadonlyMap<string, string | undefined>,
    signal: AbortSignal,
  ): Promise<void> {
    const metadata = { annotations: { [HOLDER]: this.#holder } };
    const written = map.resourceVersion === undefined
      ? await this.#api.request<ConfigMap>({
        role: "write",
        method: "POST",
        path: resourcePath(CONFIG_MAPS, this.#namespace),
        body: {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { ...metadata, name: map.name, labels: LABELS },
          data: Object.fromEntries([...part].filter(([, value]) => value !== undefined)),
        },
        timeoutMilliseconds: 5000,
      }, signal)
      : await this.#api.request<ConfigMap>({
        role: "write",
        method: "PATCH",
        path: resourcePath(CONFIG_MAPS, this.#namespace, map.name),
        body: {
          metadata: { ...metadata, resourceVersion: map.resourceVersion },
          data: Object.fromEntries([...part].map(([key, value]) => [key, value ?? null])),
        },
        timeoutMilliseconds: 5000,
      }, signal);
    map.resourceVersion = map.written = written.metadata.resourceVersion;
    map.holder = this.#holder;
    for (const [key, value] of part) {
      if (value === undefined) map.keys.delete(key);
      else map.keys.add(key);
    }
  }

  async #get(index: number, signal: AbortSignal): Promise<ConfigMap | undefined> {
    try {
      return await this.#api.request<ConfigMap>({
        role: "read",
        method: "GET",
        path: resourcePath(CONFIG_MAPS, this.#namespace, this.#nameOf(index)),
        timeoutMilliseconds: 5000,
      }, signal);
    } catch (error) {
      if (isApiError(error, "not-found")) return undefined;
      // A Role names the ConfigMaps that are expected; one more than that cannot have been written.
      if (index > 0 && isApiError(error, "forbidden")) return undefined;
      throw error;
    }
  }

  #emptyMap(index: number): MapState {
    return {
      name: this.#nameOf(index),
      resourceVersion: undefined,
      written: undefined,
      holder: undefined,
      keys: new Set(),
    };
  }

  #nameOf(index: number): string {
    return index === 0 ? this.#name : `${this.#name}-${index}`;
  }
}
