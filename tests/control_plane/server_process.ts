import { systemClock } from "../../src/run/clock.ts";
import { DeadlineError, withDeadline } from "../../src/run/deadline.ts";
import type { Guardian } from "../support/guardian.ts";

/** What a server is started with. */
export interface ServerStart {
  /** As it is called in messages. */
  readonly name: string;
  /** Path of its executable. */
  readonly executable: string;
  readonly args: readonly string[];
  /** Gets what the server says; what is there already stays. */
  readonly logFile: string;
  readonly guardian: Guardian;
}

/** A server ended, or was not ready in time, before anybody could use it. */
export class NotStartedError extends Error {
  override readonly name = "NotStartedError";
  /** The end of what it logged. */
  readonly log: string;

  constructor(message: string, logFile: string, log: string) {
    super(`${message}\nThe end of ${logFile}:\n${log}`);
    this.log = log;
  }
}

const TAIL_LINES = 30;
const POLL_MILLISECONDS = 50;
const ASK_MILLISECONDS = 5_000;

/** A server that runs as a process of its own and logs into a file. */
export class ServerProcess {
  readonly name: string;
  readonly logFile: string;
  readonly pid: number;
  /** Resolves with the reason when it has ended without being asked. */
  readonly broken: Promise<Error>;
  readonly #child: Deno.ChildProcess;
  readonly #ended: Promise<void>;
  #hasEnded = false;
  #isAskedToEnd = false;

  private constructor({ name, logFile }: ServerStart, child: Deno.ChildProcess) {
    this.name = name;
    this.logFile = logFile;
    this.pid = child.pid;
    this.#child = child;
    const broken = Promise.withResolvers<Error>();
    this.broken = broken.promise;
    this.#ended = child.status.then(({ code, signal }) => {
      this.#hasEnded = true;
      if (this.#isAskedToEnd) return;
      broken.resolve(
        new Error(`${name} ended by itself with ${signal ?? `exit code ${code}`}; see ${logFile}`),
      );
    });
  }

  /** Starts the server; it is not ready yet. */
  static async start(start: ServerStart): Promise<ServerProcess> {
    const child = await start.guardian.spawn("sh", {
      // The server takes the shell's place, and with it the process id.
      args: ["-c", 'exec "$@" >>"$0" 2>&1', start.logFile, start.executable, ...start.args],
      cwd: "/",
      // Nothing of the environment may change what a test sees, such as a proxy for webhooks.
      clearEnv: true,
      env: { PATH: "/usr/bin:/bin" },
      stdout: "null",
      stderr: "null",
    });
    return new ServerProcess(start, child);
  }

  /** Whether the process is gone. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Sends a signal; nothing happens when the process is gone. */
  signal(name: Deno.Signal): void {
    if (!this.#hasEnded) this.#child.kill(name);
  }

  /** Asks the server to end and kills it when that takes longer than `patienceMilliseconds`. */
  async end(patienceMilliseconds: number): Promise<void> {
    this.#isAskedToEnd = true;
    this.signal("SIGTERM");
    const done = new AbortController();
    const patience = systemClock.sleep(patienceMilliseconds, done.signal).then(
      () => this.signal("SIGKILL"),
      () => {},
    );
    await this.#ended;
    done.abort();
    await patience;
  }

  /** Ends the server at once, as a crash does. */
  async kill(): Promise<void> {
    this.#isAskedToEnd = true;
    this.signal("SIGKILL");
    await this.#ended;
  }

  /**
   * Asks again and again until the server is ready; one that is not in time is killed.
   *
   * @param isReady may fail as `fetch` and `JSON.parse` do
   * @throws NotStartedError when the process ends meanwhile, or after `guardMilliseconds`
   */
  async untilReady(
    isReady: (signal: AbortSignal) => Promise<boolean>,
    guardMilliseconds: number,
  ): Promise<void> {
    const start = systemClock.monotonic();
    while (!this.#hasEnded) {
      if (await answers(isReady) && !this.#hasEnded) return;
      if (systemClock.monotonic() - start > guardMilliseconds) {
        await this.kill();
        throw await this.#notStarted(`it must be ready within ${guardMilliseconds} ms`);
      }
      await systemClock.sleep(POLL_MILLISECONDS, new AbortController().signal);
    }
    throw await this.#notStarted("it ended by itself");
  }

  async #notStarted(why: string): Promise<NotStartedError> {
    const lines = (await Deno.readTextFile(this.logFile)).trimEnd().split("\n");
    const tail = lines.slice(-TAIL_LINES).join("\n");
    return new NotStartedError(`Cannot start ${this.name}: ${why}`, this.logFile, tail);
  }
}

async function answers(isReady: (signal: AbortSignal) => Promise<boolean>): Promise<boolean> {
  try {
    return await withDeadline(ASK_MILLISECONDS, systemClock, isReady, new AbortController().signal);
  } catch (error) {
    const isExpected = [TypeError, DeadlineError, SyntaxError].some((type) => error instanceof type);
    if (isExpected) return false;
    throw error;
  }
}
