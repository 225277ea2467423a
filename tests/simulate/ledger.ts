import type { Asked, Onlooker } from "./api_server.ts";
import { keyOf } from "./paths.ts";
import type { Change, Resource, Store, StoredObject } from "./store.ts";
import { numbersIn, type Target } from "./targets.ts";

/** What must hold, by name. */
export type Invariant =
  | "P1 no loss"
  | "P2 no doubles"
  | "P3 checkpoint after effect"
  | "P4 OK means safe"
  | "P5 conservation"
  | "P6 hand-over"
  | "one leader"
  | "one writer of a term"
  | "checkpoints by one leader"
  | "checkpoints forward"
  | "no write after the term"
  | "no watch from the future"
  | "the program goes on";

/** Says that an invariant does not hold. */
export type Violate = (invariant: Invariant, message: string) => void;

/** One numbered signal: an Event, a finding of a report, or a webhook. */
interface Entry {
  readonly number: number;
  readonly resource: Resource | "webhook";
  readonly namespace: string;
  /** Revision since which the API server has it. */
  born: number;
  /** Revision since which it has it no more. */
  gone: number | undefined;
  /** Key of its Observation. */
  observation: string | undefined;
  /** Why it may be lost. */
  excuse: string | undefined;
}

/** Why a signal may be lost after a restore whose numbers were given again before anybody asked. */
const OVERTAKEN =
  "a restore that no resourceVersion tells of took its Observation, or gave its number before";
/** How long a name may be taken for written without asking (contract, section 4). */
const REMEMBERED_MILLISECONDS = 60_000;

/** What a replica was told of the history of a kind. */
interface Told {
  readonly revision: number;
  readonly restores: number;
}

/** The ConfigMap that holds the checkpoints of the simulated Lease. */
export const CHECKPOINTS: { readonly namespace: string; readonly name: string } = {
  namespace: "zen",
  name: "zen-watcher-leader-election-checkpoints",
};

/**
 * The books of the simulation: which signals there were, which have an Observation, which may be lost and why. It sees what
 * reaches the API server and nothing of the program, and judges every write at once.
 */
export class Ledger implements Pick<Onlooker, "onChange" | "onList" | "onPeek" | "onWatch" | "onExpired"> {
  readonly #targets: readonly Target[];
  readonly #violate: Violate;
  #entries = new Map<number, Entry>();
  /** Who was told that a position is gone, or saw history go back, and may list anew. */
  readonly #mayList = new Set<string>();
  readonly #told = new Map<string, Told>();
  /** Also of signals that a restore took away while their write was on its way. */
  readonly #observations = new Map<number, string>();
  /** Whose Observation a restore took: within a minute their names may be taken for written. */
  readonly #lost = new Set<number>();
  /** In which history a watch was last listed or opened. */
  readonly #asked = new Map<string, number>();
  readonly #listed = new Map<string, Told>();
  /** The numbers that each object showed last. */
  readonly #shown = new Map<string, readonly number[]>();
  #store: Store | undefined;
  #restores = 0;
  #restoredAt = -Infinity;
  /** Highest revision that there was before the last restore. */
  #highest = 0;

  constructor(targets: readonly Target[], violate: Violate) {
    this.#targets = targets;
    this.#violate = violate;
  }

  /** Whose history is looked at. */
  follow(store: Store): void {
    this.#store = store;
  }

  /** All that have no Observation and should. */
  get missing(): readonly number[] {
    return [...this.#entries.values()].filter(isMissing).map(({ number }) => number);
  }

  /** How many signals there were, and how many of them may be lost without an Observation. */
  get counts(): { readonly signals: number; readonly excused: number } {
    let excused = 0;
    for (const entry of this.#entries.values()) {
      if (entry.observation === undefined && entry.excuse !== undefined) excused++;
    }
    return { signals: this.#entries.size, excused };
  }

  /** {@inheritDoc Onlooker.onChange} */
  onChange(change: Change): void {
    this.#record(change, this.#entries, true);
  }

  /**
   * {@inheritDoc Onlooker.onList}
   *
   * What is not in the list is lost for who asked. That is right only where the history is gone, or where nobody has ever
   * saved a position.
   */
  onList(asked: Asked, revision: number): void {
    this.onPeek(asked, revision);
    this.#asked.set(watchKey(asked), this.#restores);
    this.#listed.set(watchKey(asked), { revision, restores: this.#restores });
    for (const target of this.#targets) {
      if (target.resource !== asked.resource || target.namespace !== asked.namespace) continue;
      const why = this.#mayList.has(watchKey(asked))
        ? "its history was gone when it was listed"
        : this.positionOf(target) === undefined
        ? "no position was saved when it was listed"
        : undefined;
      if (why === undefined) continue;
      for (const entry of this.#of(target)) {
        if (entry.gone !== undefined && entry.gone <= revision) entry.excuse ??= why;
      }
    }
  }

  /** {@inheritDoc Onlooker.onPeek} */
  onPeek(asked: Asked, revision: number): void {
    this.#told.set(watchKey(asked), { revision, restores: this.#restores });
  }

  /** {@inheritDoc Onlooker.onWatch} */
  onWatch(asked: Asked, from: number, revision: number): void {
    const { caller, resource } = asked;
    const told = this.#told.get(watchKey(asked));
    this.#asked.set(watchKey(asked), this.#restores);
    if (from > revision && told?.restores === this.#restores) {
      this.#violate(
        "no watch from the future",
        `${caller} watches ${resource} from ${from}, was told ${told.revision}, and the API server is at ${revision}`,
      );
    }
    const listed = this.#listed.get(watchKey(asked));
    const isOfThisHistory = listed?.restores === this.#restores && from >= listed.revision;
    // Nobody can tell that this position is one of before the restore: it is no later than what the API server tells now,
    // since little went back, or since the same numbers were given again. What was written after it may have gone.
    if (this.#restores > 0 && from <= this.#highest && from <= revision && !isOfThisHistory) {
      for (const entry of this.#entries.values()) {
        if (entry.resource === resource && entry.born <= from) entry.excuse ??= OVERTAKEN;
      }
    }
    if (from <= revision) this.#mayList.delete(watchKey(asked));
  }

  /** {@inheritDoc Onlooker.onExpired} */
  onExpired(asked: Asked): void {
    this.#mayList.add(watchKey(asked));
  }

  /** A webhook is on its way, and its sender sends it until it is answered 2xx. */
  expectWebhook(number: number): void {
    this.#entries.set(number, {
      number,
      resource: "webhook",
      namespace: "",
      born: this.#store?.revision ?? 0,
      gone: undefined,
      observation: undefined,
      excuse: undefined,
    });
  }

  /** A webhook was answered 2xx: its Observation exists, or did within the time that it may be remembered (promise P4). */
  acknowledged(number: number, caller: string, now: number): void {
    const entry = this.#entries.get(number);
    if (entry === undefined || entry.observation !== undefined || entry.excuse !== undefined) return;
    if (now - this.#restoredAt < REMEMBERED_MILLISECONDS) {
      entry.excuse = "it was answered, and went with a restore";
    } else {this.#violate(
        "P4 OK means safe",
        `${caller} answered webhook ${number} 2xx, which has no Observation`,
      );}
  }

  /** Everything is as it was at an older revision. */
  restored(changes: readonly Change[], highest: number, callers: readonly string[], now: number): void {
    const entries = new Map<number, Entry>();
    for (const entry of this.#entries.values()) {
      if (entry.resource === "webhook") entries.set(entry.number, { ...entry, observation: undefined });
    }
    this.#shown.clear();
    const before = new Map(this.#observations);
    this.#observations.clear();
    for (const change of changes) this.#record(change, entries, false);
    for (const entry of entries.values()) {
      entry.excuse = this.#entries.get(entry.number)?.excuse;
      if (entry.observation !== undefined) continue;
      if (entry.gone !== undefined) entry.excuse ??= "it was gone when etcd was restored";
      const isWebhook = entry.resource === "webhook";
      if (isWebhook && this.#entries.get(entry.number)?.observation !== undefined) {
        entry.excuse ??= "its Observation went with a restore";
      }
    }
    for (const number of before.keys()) if (!entries.has(number)) this.#lost.add(number);
    this.#entries = entries;
    this.#restores++;
    this.#restoredAt = now;
    this.#highest = Math.max(this.#highest, highest);
    for (const caller of callers) {
      for (const target of this.#targets) this.#mayList.add(watchKey({ ...target, caller }));
    }
  }

  /** How often etcd was restored. */
  get restores(): number {
    return this.#restores;
  }

  /** The position that is saved for a watch; undefined when none is, or none that can be read. */
  positionOf(target: Target): number | undefined {
    const map = this.#store?.get("configmaps", keyOf(CHECKPOINTS.namespace, CHECKPOINTS.name));
    return map === undefined ? undefined : positionIn(map, target);
  }

  /** Judges the checkpoints as they are now: nothing before them may be without Observation (promise P3). */
  judgeCheckpoints(caller: string, after: StoredObject): void {
    for (const target of this.#targets) {
      const position = positionIn(after, target);
      // One from the future is of a history that is no more: whoever resumes from it is told so, and lists.
      if (position === undefined || position > (this.#store?.revision ?? 0)) continue;
      // So is one of a source that has not asked since a restore.
      if (this.#restores > 0 && this.#asked.get(watchKey({ ...target, caller })) !== this.#restores) continue;
      for (const entry of this.#of(target)) {
        if (entry.born > position || !isMissing(entry)) continue;
        this.#violate(
          "P3 checkpoint after effect",
          `${caller} saved ${position} for ${target.resource}, but signal ${entry.number} of ${entry.born} has no Observation`,
        );
      }
    }
  }

  *#of(target: Target): Generator<Entry> {
    for (const entry of this.#entries.values()) {
      if (entry.resource !== target.resource) continue;
      if (target.namespace === undefined || target.namespace === entry.namespace) yield entry;
    }
  }

  #record(change: Change, entries: Map<number, Entry>, isJudged: boolean): void {
    switch (change.resource) {
      case "events":
      case "policyreports":
        return this.#recordSignals(change, entries);
      case "observations":
        for (const number of numbersIn("observations", change.object)) {
          if (change.type !== "ADDED") continue;
          const known = this.#observations.get(number);
          if (isJudged && known !== undefined) {
            this.#violate("P2 no doubles", `Signal ${number} has ${known} and now ${change.key}`);
          }
          this.#observations.set(number, change.key);
          const entry = entries.get(number);
          if (entry !== undefined) entry.observation = change.key;
        }
        return;
      default:
    }
  }

  #recordSignals(change: Change, entries: Map<number, Entry>): void {
    const { resource, revision, object } = change;
    const { namespace } = object.metadata;
    const there = new Set(change.type === "DELETED" ? [] : numbersIn(resource, object));
    for (const number of there) {
      const entry = entries.get(number);
      if (entry === undefined) {
        entries.set(number, {
          number,
          resource,
          namespace,
          born: revision,
          gone: undefined,
          observation: this.#observations.get(number),
          excuse: this.#lost.has(number) ? OVERTAKEN : undefined,
        });
      } else if (entry.gone !== undefined) {
        entry.born = revision;
        entry.gone = undefined;
        if (entry.excuse !== OVERTAKEN) entry.excuse = undefined;
      }
    }
    // What a report showed before and shows no more; an Event shows itself until it is deleted.
    const before = this.#shown.get(change.key + resource) ?? [];
    this.#shown.set(change.key + resource, [...there]);
    for (const number of before) {
      const entry = entries.get(number);
      if (entry !== undefined && !there.has(number)) entry.gone ??= revision;
    }
  }
}

function isMissing(entry: Entry): boolean {
  return entry.observation === undefined && entry.excuse === undefined;
}

function watchKey({ caller, resource, namespace }: Asked): string {
  return `${caller} ${resource} ${namespace ?? "*"}`;
}

/** The position of a watch in the ConfigMap of checkpoints: its Ingester has one watch, so its uid says which. */
export function positionIn(map: StoredObject, target: Target): number | undefined {
  const data = map["data"] as Readonly<Record<string, unknown>> | undefined;
  const found = Object.entries(data ?? {}).find(([key]) => key.startsWith(`${target.uid}.`))?.[1];
  const text = typeof found === "string" ? found : "";
  const match = /"resourceVersion":"(\d+)"/.exec(text);
  return match === null ? undefined : Number(match[1]);
}
