import { watchObject } from "../kube/watch_object.ts";
import type { WatchApi } from "../kube/watcher.ts";
import { at, isJsonObject } from "../model/json.ts";
import type { Log } from "../observe/log.ts";
import { aborted } from "../run/aborted.ts";
import type { Clock } from "../run/clock.ts";
import { withDeadline } from "../run/deadline.ts";
import {
  lackingKey,
  SECRET_KEYS,
  type SecretAuthType,
  type SecretValues,
  takesSecret,
} from "../intake/secret_keys.ts";
import type { Activities } from "./activities.ts";
import type { CredentialsState } from "./readiness.ts";
import type { Entry, IngesterRegistry } from "./registry.ts";

/** What is known of a Secret. */
type SecretState =
  | { readonly kind: "unknown" }
  | { readonly kind: "present"; readonly values: SecretValues }
  | { readonly kind: "absent" }
  | { readonly kind: "forbidden" | "failing"; readonly message: string };

interface Watched {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  /** Resolves when the API server has said the first time whether the Secret is there. */
  readonly known: Promise<void>;
  state: SecretState;
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
  readonly #activities: Pick<Activities, "setCredentials">;
  readonly #watched = new Map<string, Watched>();
  #tell: () => void = () => {};

  constructor(
    parts: {
      readonly api: WatchApi;
      readonly clock: Clock;
      readonly log: Log;
      /** Is told which Ingesters can tell who sends. */
      readonly activities: Pick<Activities, "setCredentials">;
    },
  ) {
    this.#activities = parts.activities;
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
      for (const entry of registry.entries.values()) {
        const secret = secretOf(entry);
        if (secret === undefined) continue;
        const { namespace, name } = secret;
        named.add(`${namespace}/${name}`);
        if (!this.#watched.has(`${namespace}/${name}`)) {
          this.#watched.set(`${namespace}/${name}`, this.#watch(namespace, name));
        }
      }
      for (const [key, watched] of [...this.#watched]) {
        if (!named.has(key)) stop(key, watched);
      }
      this.#tell();
    };
    this.#tell = () => {
      for (const entry of registry.entries.values()) this.#tellOf(entry);
    };
    const unlisten = registry.onChange(reconcile);
    try {
      reconcile();
      await aborted(signal);
    } finally {
      unlisten();
      this.#tell = () => {};
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
    return watched.state.kind === "present" ? watched.state.values : undefined;
  }

  #tellOf(entry: Entry): void {
    const secret = secretOf(entry);
    if (secret === undefined) return;
    const watched = this.#watched.get(`${secret.namespace}/${secret.name}`);
    this.#activities.setCredentials(entry.key, credentialsOf(secret, watched?.state ?? { kind: "unknown" }));
  }

  #watch(namespace: string, name: string): Watched {
    const stop = new AbortController();
    let tell = (): void => {};
    const known = new Promise<void>((resolve) => tell = resolve);
    const watched: Watched = { stop, known, state: { kind: "unknown" }, ended: Promise.resolve() };
    const set = (state: SecretState): void => {
      watched.state = state;
      this.#tell();
    };
    const ended = this.#follow(namespace, name, set, tell, stop.signal);
    return Object.assign(watched, { ended });
  }

  /** Never rejects. */
  async #follow(
    namespace: string,
    name: string,
    set: (state: SecretState) => void,
    tell: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    const target = { gvr: { group: "", version: "v1", resource: "secrets" }, namespace, name };
    try {
      for await (const event of watchObject(target, this.#api, this.#clock, signal)) {
        switch (event.kind) {
          case "present":
            set({ kind: "present", values: valuesOf(event.object) });
            break;
          case "absent":
            set({ kind: "absent" });
            break;
          case "listed":
            tell();
            break;
          case "failed":
            this.#log.warn("Cannot watch a Secret", {
              namespace,
              name,
              reason: event.reason,
              error: event.error.message,
            });
            if (event.reason === "forbidden") set({ kind: "forbidden", message: event.error.message });
            tell();
            break;
          default:
            event satisfies never;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      set({ kind: "failing", message: String(error) });
      tell();
      this.#log.error("Watch of a Secret failed", { namespace, name, error: String(error) });
    }
  }
}

/** Which Secret an Ingester tells its senders by. */
export interface NamedSecret {
  readonly namespace: string;
  readonly name: string;
  readonly type: SecretAuthType;
}

/** The Secret that an Ingester names; undefined when it needs none. */
export function secretOf({ compiled, ingester }: Entry): NamedSecret | undefined {
  if (compiled.kind !== "webhook") return undefined;
  const { auth } = compiled.door;
  if (auth?.secretName === undefined || !takesSecret(auth.type)) return undefined;
  return { namespace: ingester.metadata.namespace, name: auth.secretName, type: auth.type };
}

function credentialsOf(
  { namespace, name, type }: NamedSecret,
  state: SecretState,
): CredentialsState | undefined {
  const called = `Secret ${namespace}/${name}`;
  const keys = type === "basic" ? "username and password" : SECRET_KEYS[type];
  const untilThen = "until then who shows credentials is answered 503";
  switch (state.kind) {
    case "unknown":
      return undefined;
    case "present": {
      const key = lackingKey(type, state.values);
      if (key === undefined) return { kind: "usable" };
      return { kind: "missing", message: `${called} has no key ${key}: set it; ${untilThen}` };
    }
    case "absent":
      return {
        kind: "missing",
        message: `${called} does not exist: create it with ${keys}; ${untilThen}`,
      };
    case "forbidden":
      return {
        kind: "forbidden",
        message: `${called} may not be read: grant list and watch; ${untilThen}: ${state.message}`,
      };
    case "failing":
      return { kind: "missing", message: `${called} cannot be read: ${state.message}` };
    default:
      return state satisfies never;
  }
}

/** data of a v1 Secret, from base64. What is no UTF-8 is no value: one that was guessed at would let others in. */
function valuesOf(object: unknown): SecretValues {
  const values: Record<string, string> = {};
  const data = at(object, "data");
  for (const [key, encoded] of Object.entries(isJsonObject(data) ? data : {})) {
    if (typeof encoded !== "string") continue;
    try {
      const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
      values[key] = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      continue;
    }
  }
  return values;
}
