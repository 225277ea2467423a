import { HOME } from "../integration/installation.ts";
import { type Replica, startReplica } from "../support/process.ts";
import type { Ground } from "./ground.ts";

/** One process from its start to its end. */
export interface Life {
  readonly place: number;
  readonly replica: Replica;
  /** True from the moment it was asked or made to end. */
  isOver: boolean;
}

/** A process that has no place any more and runs on until it is told to end. */
export interface Retired {
  readonly replica: Replica;
  /** SIGTERM; it must end in time and say 0, unless it had not begun. What it does instead becomes a problem. */
  end(milliseconds: number): Promise<void>;
}

/** Settings of every replica. */
const SETTINGS: Readonly<Record<string, string>> = { POD_NAMESPACE: HOME, BIND_ADDRESS: "127.0.0.1" };
/** The short lease. */
export const QUICK_LEASE: Readonly<Record<string, string>> = {
  LEASE_DURATION_SECONDS: "3",
  RENEW_DEADLINE_SECONDS: "2",
  RETRY_PERIOD_SECONDS: "0.5",
};

/** For so long a process may take to end when it is asked: what Kubernetes gives a pod, and some more for a slow machine. */
const END_MILLISECONDS = 45_000;
const LEADS = "leader acquired";
const LEADS_NO_MORE: ReadonlySet<unknown> = new Set(["leader lost", "leader released"]);

/** The replicas: a process for each place, which ends and starts as the schedule says. */
export class Fleet implements AsyncDisposable {
  readonly size: number;
  /** What should not have happened to a process. */
  readonly problems: string[] = [];
  readonly #ground: Ground;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #running: (Life | undefined)[];
  readonly #names: string[];
  #lives: Life[] = [];
  #started = 0;

  /** @param settings further environment of every replica */
  constructor(ground: Ground, settings: Readonly<Record<string, string>> = QUICK_LEASE) {
    this.#ground = ground;
    this.#settings = settings;
    this.size = ground.replicas;
    this.#running = ground.ways.map(() => undefined);
    this.#names = ground.ways.map((_, place) => `zen-watcher-${place}`);
  }

  /** All processes since the last {@link forget}, also those that have ended. */
  get lives(): readonly Life[] {
    return this.#lives;
  }

  /** Those that run. */
  get running(): readonly Replica[] {
    return this.#running.flatMap((life) => life === undefined ? [] : [life.replica]);
  }

  /** Those at which one runs. */
  get places(): readonly number[] {
    return this.#running.flatMap((life, place) => life === undefined ? [] : [place]);
  }

  /** One at which none runs; undefined when there is no such. */
  get freePlace(): number | undefined {
    const place = this.#running.indexOf(undefined);
    return place < 0 ? undefined : place;
  }

  /** The one at a place; undefined while there is none. */
  at(place: number): Replica | undefined {
    return this.#running[place]?.replica;
  }

  /** The place of whoever became the leader last and has not said that it is none any more. */
  get leader(): number | undefined {
    const leading = this.#running.flatMap((life) => {
      if (life === undefined) return [];
      const lines = life.replica.lines.filter(({ fields: { msg } }) =>
        msg === LEADS || LEADS_NO_MORE.has(msg)
      );
      const last = lines.at(-1)?.fields;
      return last?.["msg"] === LEADS ? [{ place: life.place, time: String(last["time"]) }] : [];
    });
    return leading.sort((one, other) => one.time < other.time ? 1 : -1)[0]?.place;
  }

  /**
   * Starts a process at a free place; it is not ready yet.
   *
   * @param isNewPod true: under a name that nobody had before
   */
  async start(place: number, isNewPod: boolean): Promise<Replica> {
    const way = this.#ground.ways[place];
    if (way === undefined || this.#running[place] !== undefined) {
      throw new Error(`Cannot start a replica at place ${place}: it must be free`);
    }
    if (isNewPod) this.#names[place] = `zen-watcher-${place}-${++this.#started}`;
    const name = this.#names[place] ?? "";
    const SPOOL_DIR = this.#ground.spoolFolderOf(name);
    const replica = await startReplica({
      kubeconfig: way.kubeconfig,
      name,
      env: { ...SETTINGS, ...this.#settings, SPOOL_DIR, REPLICA_COUNT: String(this.size) },
    });
    const life: Life = { place, replica, isOver: false };
    this.#running[place] = life;
    this.#lives.push(life);
    replica.exit.then(({ code, signal }) => {
      if (life.isOver) return;
      this.#running[place] = undefined;
      this.problems.push(`${replica.name} ended by itself with ${signal ?? `exit code ${code}`}`);
    });
    return replica;
  }

  /** SIGKILL. */
  async kill(place: number): Promise<void> {
    const life = this.#take(place);
    if (life === undefined) return;
    life.replica.kill("SIGKILL");
    await life.replica.exit;
  }

  /** SIGTERM, and waits for its end. */
  async stop(place: number): Promise<void> {
    await this.retire(place)?.end(END_MILLISECONDS);
  }

  /** Takes it away from its place, where another may start then; undefined: there is none. */
  retire(place: number): Retired | undefined {
    const life = this.#take(place);
    if (life === undefined) return undefined;
    const { replica } = life;
    return { replica, end: (milliseconds) => this.#end(replica, milliseconds) };
  }

  /** Sends a signal to the process at a place, if there is one. */
  signal(place: number, name: "SIGSTOP" | "SIGCONT"): void {
    this.at(place)?.kill(name);
  }

  /** Forgets the processes that have ended, and all problems. */
  async forget(): Promise<void> {
    const over = this.#lives.filter(({ isOver }) => isOver);
    this.#lives = this.#lives.filter(({ isOver }) => !isOver);
    this.problems.length = 0;
    await Promise.all(over.map(({ replica }) => replica[Symbol.asyncDispose]()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const life of this.#lives) life.isOver = true;
    await Promise.all(this.#lives.map(({ replica }) => replica[Symbol.asyncDispose]()));
  }

  async #end(replica: Replica, milliseconds: number): Promise<void> {
    try {
      const { code, signal } = await replica.stop(milliseconds);
      // One that was only loading has nothing to hand over, and does not know yet that it can be asked.
      if (code === 0 || signal === "SIGTERM" && !hasBegun(replica)) return;
      this.problems.push(`${replica.name} was asked to stop and ended with ${signal ?? `exit code ${code}`}`);
    } catch {
      this.problems.push(`${replica.name} was asked to stop and did not end within ${milliseconds} ms`);
      replica.kill("SIGKILL");
      await replica.exit;
    }
  }

  #take(place: number): Life | undefined {
    const life = this.#running[place];
    if (life === undefined) return undefined;
    life.isOver = true;
    this.#running[place] = undefined;
    return life;
  }
}

function hasBegun({ lines }: Replica): boolean {
  return lines.some(({ fields: { msg } }) => msg === "Starting");
}
