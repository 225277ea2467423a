import { type WatchApi, watchResource } from "../kube/watcher.ts";
import { at, isJsonObject } from "../model/json.ts";
import type { Log } from "../observe/log.ts";
import { aborted } from "../run/aborted.ts";
import type { Clock } from "../run/clock.ts";
import { withDeadline } from "../run/deadline.ts";
import type { IngesterRegistry } from "./registry.ts";

/** The values of one Secret by key, decoded. */
export type SecretValues = Readonly<Record<string, string>>;

interface Watched {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  /** Resolves when the API server has said the first time whether the Secret is there. */
  readonly known: Promise<void>;
  values: SecretValues | undefined;
}

/** How long a request waits for a Secret that is being read the first time. */
const FIRST_READ_MILLISECONDS = 2000;

/**
 * The Secrets that webhook Ingesters name, each watched by its name alone, so that a rotated value is valid within a
 * moment and a Role can name the one object. While the API server is away the last values stay.
 */
export class WatchedSecrets {
  readonly #api: WatchApi;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #watched = new Map<string, Watched>();

  constructor(parts: { readonly api: WatchApi; readonly clock: Clock; readonly log: Log }) {
    this.#api = parts.api;
    this.#clock = parts.clock;
    this.#log = parts.log.component("secrets");
  }

  /** Follows the registry: watches what is named, stops what no longer is. Ends when `signal` aborts. */
  async follow(registry: IngesterRegistry, signal: AbortSignal): Promise<void> {
    const stopping = new Set<Promise<void>>();
    const stop = (key: string, { stop, ended }: Watched): void => {
      this.#watched.delete(key);
      stop.abort(new DOMException("No Ingester names the Secret any more", "AbortError"));
      const gone = ended.finally(() => stopping.delete(gone));
      stopping.add(gone);
    };
    const reconcile = (): void => {
      const named = new Set<string>();
      for (const { compiled, ingester } of registry.entries.values()) {
        if (compiled.kind !== "webhook" || compiled.door.auth?.secretName === undefined) continue;
        const namespace = ingester.metadata.namespace;
        const name = compiled.door.auth.secretName;
        named.add(`${namespace}/${name}`);
        if (!this.#watched.has(`${namespace}/${name}`)) {
          this.#watched.set(`${namespace}/${name}`, this.#watch(namespace, name));
        }
      }
      for (const [key, watched] of [...this.#watched]) {
        if (!named.has(key)) stop(key, watched);
      }
    };
    const unlisten = registry.onChange(reconcile);
    try {
      reconcile();
      await aborted(signal);
    } finally {
      unlisten();
      for (const [key, watched] of [...this.#watched]) stop(key, watched);
      await Promise.all(stopping);
    }
  }

  /** The values of a Secret that an Ingester names; undefined when it is not there or may not be read. */
  async read(namespace: string, name: string, signal: AbortSignal): Promise<SecretValues | undefined> {
    const watched = this.#watched.get(`${namespace}/${name}`);
    if (watched === undefined) return undefined;
    await withDeadline(
      FIRST_READ_MILLISECONDS,
      this.#clock,
      (inner) => Promise.race([watched.known, aborted(inner)]),
      signal,
    );
    signal.throwIfAborted();
    return watched.values;
  }

  #watch(namespace: string, name: string): Watched {
    const stop = new AbortController();
    let tell = (): void => {};
    const known = new Promise<void>((resolve) => tell = resolve);
    const watched: Watched = { stop, known, values: undefined, ended: Promise.resolve() };
    const ended = this.#follow(namespace, name, (values) => watched.values = values, tell, stop.signal);
    return Object.assign(watched, { ended });
  }

  /** Never rejects. */
  async #follow(
    namespace: string,
    name: string,
    set: (values: SecretValues | undefined) => void,
    tell: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    const target = {
      gvr: { group: "", version: "v1", resource: "secrets" },
      namespace,
      fieldSelector: `metadata.name=${name}`,
      hasBookmarks: true,
    };
    let isListed = false;
    try {
      for await (const event of watchResource(target, this.#api, this.#clock, signal)) {
        switch (event.kind) {
          case "relisting":
            isListed = false;
            break;
          case "listed":
          case "present":
          case "added":
          case "modified":
            isListed = true;
            set(valuesOf(event.object));
            break;
          case "relisted":
            if (!isListed) set(undefined);
            tell();
            break;
          case "deleted":
            set(undefined);
            break;
          case "restarting":
            if (event.error === undefined) break;
            this.#log.warn("Cannot watch a Secret", {
              namespace,
              name,
              reason: event.reason,
              error: event.error.message,
            });
            if (event.reason === "forbidden") set(undefined);
            tell();
            break;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      set(undefined);
      tell();
      this.#log.error("Watch of a Secret failed", { namespace, name, error: String(error) });
    }
  }
}

/** data of a v1 Secret, from base64. */
function valuesOf(object: unknown): SecretValues {
  const values: Record<string, string> = {};
  const data = at(object, "data");
  for (const [key, encoded] of Object.entries(isJsonObject(data) ? data : {})) {
    if (typeof encoded !== "string") continue;
    const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
    values[key] = new TextDecoder().decode(bytes);
  }
  return values;
}
