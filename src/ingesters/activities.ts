import type { ApiErrorKind } from "../kube/errors.ts";
import type { SourceState } from "../source/informer.ts";
import type { Activity, CredentialsState } from "./readiness.ts";

interface Mutable {
  readonly sources: Map<string, SourceState>;
  stall: string | undefined;
  credentials: CredentialsState | undefined;
  stallKind?: ApiErrorKind;
  note: string | undefined;
  lastSignalMilliseconds: number | undefined;
}

const NONE: Activity = { sources: new Map(), stall: undefined };

/** What this replica knows of the work of each Ingester; changes are told to one listener. */
export class Activities {
  readonly #byKey = new Map<string, Mutable>();
  #onChange: (key: string) => void = () => {};

  /** Says who is told of changes. */
  listen(onChange: (key: string) => void): void {
    this.#onChange = onChange;
  }

  /** How the sources of an Ingester stand. */
  of(key: string): Activity {
    return this.#byKey.get(key) ?? NONE;
  }

  /** Wall time of the last signal that came through an Ingester, in milliseconds since 1970. */
  lastSignalOf(key: string): number | undefined {
    return this.#byKey.get(key)?.lastSignalMilliseconds;
  }

  /** A source changed its state. */
  setSource(key: string, source: string, state: SourceState): void {
    this.#of(key).sources.set(source, state);
    this.#onChange(key);
  }

  /** A write waits for a right or for what it is written to (message), or goes through again (undefined). */
  setStall(key: string, message: string | undefined, kind: ApiErrorKind = "forbidden"): void {
    const activity = this.#of(key);
    if (activity.stall === message) return;
    activity.stall = message;
    activity.stallKind = kind;
    this.#onChange(key);
  }

  /** What a webhook knows its senders by is there, or is not. */
  setCredentials(key: string, state: CredentialsState | undefined): void {
    const activity = this.#of(key);
    const before = activity.credentials;
    activity.credentials = state;
    if (before?.kind !== state?.kind || messageOf(before) !== messageOf(state)) this.#onChange(key);
  }

  /** It works, but not as it was meant to (message), or does again (undefined). */
  setNote(key: string, message: string | undefined): void {
    const activity = this.#of(key);
    if (activity.note === message) return;
    activity.note = message;
    this.#onChange(key);
  }

  /** A signal came in. */
  setSignal(key: string, milliseconds: number): void {
    this.#of(key).lastSignalMilliseconds = milliseconds;
  }

  /** Forgets the sources of an Ingester that was stopped, and what their writes waited for. */
  clearSources(key: string): void {
    const activity = this.#byKey.get(key);
    if (activity === undefined) return;
    activity.sources.clear();
    activity.stall = undefined;
    this.#onChange(key);
  }

  /** Forgets every Ingester but these: one that is made again under an old name is another one. */
  keepOnly(keys: { has(key: string): boolean }): void {
    for (const key of this.#byKey.keys()) if (!keys.has(key)) this.#byKey.delete(key);
  }

  #of(key: string): Mutable {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const fresh: Mutable = {
      sources: new Map(),
      stall: undefined,
      credentials: undefined,
      note: undefined,
      lastSignalMilliseconds: undefined,
    };
    this.#byKey.set(key, fresh);
    return fresh;
  }
}

function messageOf(state: CredentialsState | undefined): string | undefined {
  return state === undefined || state.kind === "usable" ? undefined : state.message;
}
