import type { Api } from "../kube/api.ts";
import { ApiError, isApiError } from "../kube/errors.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { Backoff } from "../run/backoff.ts";
import type { Clock } from "../run/clock.ts";
import { withDeadline } from "../run/deadline.ts";
import { type Checkpoint, checkpointText, readCheckpoint, uidOfKey } from "./checkpoint.ts";
import { CheckpointMaps, type Found } from "./checkpoint_maps.ts";

/** The term as a leader that saves them. */
export interface SavingTerm {
  /** Whether the lease is held at this moment. */
  isValid(): boolean;
  /** When the last renewal that is known to have succeeded was sent (monotonic). */
  readonly renewedAt: number;
}

/** What {@link Checkpoints} works with. */
export interface CheckpointParts {
  readonly api: Api;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, "checkpointAge">;
  readonly log: Log;
  readonly term: SavingTerm;
  readonly namespace: string;
  /** Name of the first ConfigMap: `<lease>-checkpoints`. */
  readonly name: string;
  /** holderIdentity of this replica. */
  readonly identity: string;
}

/** Findings came, so the position is saved within a second; for a bookmark alone half a minute is enough. */
export type Moved = "by-findings" | "by-bookmark";

const TURN_MILLISECONDS = 1000;
const BOOKMARK_MILLISECONDS = 30_000;
/** How long a release waits for its last save: what is not saved is replayed. */
const FLUSH_MILLISECONDS = 2000;
const FLUSH_TRIES = 3;

/** A watch whose checkpoint has an age. */
export interface Watched extends Disposable {
  /** Says whether the API server serves the resource at all: where there is none, no position can be reached. */
  setServed(isServed: boolean): void;
}

interface CheckpointWatch {
  readonly key: string;
  readonly source: string;
  readonly since: string;
}

/**
 * The checkpoints of one term as leader: read and claimed when it begins, noted by the sources, saved about once a second
 * and at the release. A save is a change of the version that was seen last, and every term claims them first; so a leader
 * whose term was followed by another one cannot turn a position back (promise P3).
 */
export class Checkpoints {
  readonly #parts: CheckpointParts;
  readonly #log: Log;
  readonly #maps: CheckpointMaps;
  readonly #known = new Map<string, Checkpoint>();
  /** What the ConfigMaps are to say and do not; undefined: to be removed. */
  readonly #unsaved = new Map<string, Checkpoint | undefined>();
  /** What the ConfigMaps say. */
  readonly #saved = new Map<string, Checkpoint>();
  readonly #watched = new Set<CheckpointWatch>();
  readonly #onRewound = new Set<() => void>();
  #savedAt = -Infinity;
  #isUrgent = false;
  /** Since when (monotonic) somebody else may be the leader; a renewal that was sent later shows that it is not so. */
  #doubtedAt: number | undefined;
  #complaint: string | undefined;

  constructor(parts: CheckpointParts) {
    this.#parts = parts;
    this.#log = parts.log.component("checkpoints");
    const { clock, identity, namespace, name } = parts;
    const term = `${Math.round(clock.now())}-${Math.floor(clock.random() * 1e9).toString(36)}`;
    this.#maps = new CheckpointMaps({
      namespace,
      name,
      holder: `${identity}/${term}`,
      mayWrite: () => parts.term.isValid(),
    }, parts.api);
  }

  /**
   * Reads what the leader before has saved, and claims it; to be awaited before any source starts. Without the right to do
   * so the term goes on without checkpoints, and says it.
   *
   * @throws the signal's reason
   */
  async begin(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff({ minMilliseconds: 50, maxMilliseconds: 2000 }, this.#parts.clock);
    while (this.#parts.term.isValid()) {
      try {
        this.#take(await this.#maps.read(signal));
        const saved = await this.#maps.save(new Map(), signal);
        if (saved.kind === "failed") throw saved.error;
        if (saved.kind === "saved") return this.#complainNoMore();
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (!isApiError(error)) throw error;
        this.#complain(error);
        if (!error.isPassing) return;
      }
      await this.#parts.clock.sleep(backoff.next(), signal);
    }
  }

  /**
   * Where a watch resumes; undefined: it lists first.
   *
   * @param spec what its Ingester asks for now, for a source that shows a state; undefined for one that does not
   */
  resumeFrom(key: string, spec: string | undefined): string | undefined {
    const checkpoint = this.#known.get(key);
    if (checkpoint === undefined) return undefined;
    return spec === undefined || spec === checkpoint.spec ? checkpoint.resourceVersion : undefined;
  }

  /** A watch goes on until the returned object is disposed; meanwhile its age counts, as long as it is served. */
  watch(key: string, source: string): Watched {
    let watched = { key, source, since: this.#stamp() };
    this.#watched.add(watched);
    return {
      setServed: (isServed) => {
        if (this.#watched.has(watched) === isServed) return;
        this.#leave(watched);
        watched = { ...watched, since: this.#stamp() };
        if (isServed) this.#watched.add(watched);
      },
      [Symbol.dispose]: () => this.#leave(watched),
    };
  }

  /** A watch has come to a position: every signal before it has its verdict. */
  note(key: string, resourceVersion: string, spec: string | undefined, moved: Moved): void {
    const checkpoint = { resourceVersion, time: this.#stamp(), spec };
    this.#known.set(key, checkpoint);
    this.#unsaved.set(key, checkpoint);
    if (moved === "by-findings") this.#isUrgent = true;
  }

  /** A watch begins anew by a list, so that its position is none until that is done. */
  forget(key: string): void {
    if (this.#known.delete(key)) this.#unsaved.set(key, undefined);
  }

  /**
   * Calls `listener` when history went back (etcd was restored), so that no position that was reached before may be trusted;
   * returns what ends that.
   */
  onRewound(listener: () => void): () => void {
    this.#onRewound.add(listener);
    return () => this.#onRewound.delete(listener);
  }

  /** History went back: every position is void, and who listens to {@link onRewound} is told. */
  rewind(): void {
    this.#log.warn("History went back, as when etcd is restored: every source lists again");
    for (const key of [...this.#known.keys()]) this.forget(key);
    // Once is enough: a list that nothing asks for passes over what came and went before it.
    this.#maps.forgetHistory();
    this.#isUrgent = true;
    for (const listener of this.#onRewound) listener();
  }

  /** Forgets the watches of Ingesters that are no more. */
  keepOnly(isKept: (uid: string) => boolean): void {
    for (const key of [...this.#known.keys()]) if (!isKept(uidOfKey(key))) this.forget(key);
  }

  /** The checkpoint of an Ingester that is furthest behind; undefined when it has none. */
  oldestOf(uid: string): Checkpoint | undefined {
    let oldest: Checkpoint | undefined;
    for (const [key, checkpoint] of this.#known) {
      if (uidOfKey(key) !== uid) continue;
      if (oldest === undefined || checkpoint.time < oldest.time) oldest = checkpoint;
    }
    return oldest;
  }

  /**
   * Saves what has changed, about once a second, for as long as `signal` lasts.
   *
   * @throws the signal's reason
   */
  async keepSaving(signal: AbortSignal): Promise<never> {
    while (true) {
      await this.#parts.clock.sleep(TURN_MILLISECONDS, signal);
      this.#showAges();
      const since = this.#parts.clock.monotonic() - this.#savedAt;
      if (this.#isUrgent || since >= BOOKMARK_MILLISECONDS) await this.#save(signal);
    }
  }

  /** Ends the term: saves what is left, when all sources have ended and the lease is still held. Never rejects. */
  async end(): Promise<void> {
    this.#parts.metrics.checkpointAge.reset();
    const { signal } = new AbortController();
    const { clock } = this.#parts;
    try {
      await withDeadline(FLUSH_MILLISECONDS, clock, async (inner) => {
        // A save that was under way when the term was asked to end may have been applied: then one look is needed.
        for (let tries = 0; tries < FLUSH_TRIES && this.#unsaved.size > 0; tries++) await this.#save(inner);
      }, signal);
    } catch (error) {
      // What was not saved is replayed to the next leader.
      this.#log.warn("Checkpoints not saved at the end of a term", { error: String(error) });
    }
  }

  async #save(signal: AbortSignal): Promise<void> {
    const { term, clock } = this.#parts;
    if (this.#unsaved.size === 0 || !term.isValid()) return;
    if (this.#doubtedAt !== undefined) {
      if (term.renewedAt <= this.#doubtedAt) return;
      this.#doubtedAt = undefined;
    }
    const sent = new Map(this.#unsaved);
    const texts = new Map(
      [...sent].map(([key, checkpoint]) =>
        [key, checkpoint === undefined ? undefined : checkpointText(checkpoint)] as const
      ),
    );
    const saved = await this.#maps.save(texts, signal);
    switch (saved.kind) {
      case "saved":
        for (const [key, checkpoint] of sent) {
          if (this.#unsaved.get(key) === checkpoint) this.#unsaved.delete(key);
          if (checkpoint === undefined) this.#saved.delete(key);
          else this.#saved.set(key, checkpoint);
        }
        this.#savedAt = clock.monotonic();
        this.#isUrgent = this.#unsaved.size > 0;
        this.#complainNoMore();
        if (saved.isRewound) this.rewind();
        break;
      case "changed":
        await this.#look(signal);
        break;
      case "failed":
        this.#complain(saved.error);
        break;
      default:
        saved satisfies never;
    }
  }

  /** Finds out why a save found something else than was left. */
  async #look(signal: AbortSignal): Promise<void> {
    const lookedAt = this.#parts.clock.monotonic();
    let found: Found;
    try {
      found = await this.#maps.read(signal);
    } catch (error) {
      if (signal.aborted || !isApiError(error)) throw error;
      return this.#complain(error);
    }
    this.#isUrgent = true;
    if (!this.#maps.isClaimed || found.isRewound || found.holder === undefined) {
      // Another leader, somebody's hand, or history that went back: only a renewal from now on says that we still lead.
      this.#doubtedAt = lookedAt;
      this.#log.warn("Checkpoints were changed by somebody else", { holder: found.holder });
    }
    for (const [key, checkpoint] of this.#known) {
      if (found.values.get(key) !== checkpointText(checkpoint)) this.#unsaved.set(key, checkpoint);
    }
    if (found.isRewound) this.rewind();
  }

  /** Takes what the leader before has saved. */
  #take(found: Found): void {
    this.#known.clear();
    this.#unsaved.clear();
    this.#saved.clear();
    for (const [key, value] of found.values) {
      const checkpoint = readCheckpoint(value);
      if (checkpoint !== undefined) {
        this.#known.set(key, checkpoint);
        this.#saved.set(key, checkpoint);
      } else {
        this.#log.error("Checkpoint cannot be read: its source lists everything", { key });
        this.#unsaved.set(key, undefined);
      }
    }
    this.#log.info("Checkpoints read", { count: this.#known.size, holder: found.holder });
  }

  /** A watch has no age any more; a source that has none left is shown no more. */
  #leave(watched: CheckpointWatch): void {
    this.#watched.delete(watched);
    const { source } = watched;
    if ([...this.#watched].some((other) => other.source === source)) return;
    this.#parts.metrics.checkpointAge.remove({ source });
  }

  /** The oldest of each source that is watched; what was never saved is as old as its watch. */
  #showAges(): void {
    const { checkpointAge } = this.#parts.metrics;
    const oldest = new Map<string, number>();
    for (const { key, source, since } of this.#watched) {
      const reached = Date.parse(this.#saved.get(key)?.time ?? since);
      const age = Math.max(0, this.#parts.clock.now() - reached) / 1000;
      oldest.set(source, Math.max(age, oldest.get(source) ?? 0));
    }
    checkpointAge.reset();
    for (const [source, age] of oldest) checkpointAge.set({ source }, age);
  }

  /** Says a failure once, until another one or a success. */
  #complain(error: ApiError): void {
    if (this.#complaint === error.kind) return;
    this.#complaint = error.kind;
    const level = error.isPassing ? "warn" : "error";
    this.#log[level]("Cannot read or save checkpoints: after a takeover more is replayed or listed", {
      error: error.message,
      hint: error.kind === "forbidden"
        ? "the ServiceAccount needs create on configmaps, get and patch on this one"
        : undefined,
    });
  }

  #complainNoMore(): void {
    if (this.#complaint !== undefined) this.#log.info("Checkpoints are read and saved again");
    this.#complaint = undefined;
  }

  #stamp(): string {
    return new Date(this.#parts.clock.now()).toISOString();
  }
}
