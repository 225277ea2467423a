import { isJsonObject, type Json } from "../../src/model/json.ts";
import { systemClock } from "../../src/run/clock.ts";
import { withDeadline } from "../../src/run/deadline.ts";
import { Guardian } from "./guardian.ts";
import { linesOf } from "./lines.ts";
import { Metrics } from "./prometheus_text.ts";
import { replicaCommand, type ReplicaOptions } from "./replica_command.ts";

/** One line that a replica wrote. */
export interface ReplicaLine {
  readonly stream: "stdout" | "stderr";
  readonly text: string;
  /** What it says as a line of the log (JSON); empty for any other line. */
  readonly fields: Readonly<Record<string, Json | undefined>>;
}

/** How a replica ended. */
export interface ReplicaExit {
  /** Exit code; of one that was killed 128 and the number of the signal. */
  readonly code: number;
  readonly signal: Deno.Signal | null;
}

/** What a webhook was answered. */
export interface WebhookAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, when it is JSON. */
  readonly json: unknown;
}

const GUARD_MILLISECONDS = 30_000;
const POLL_MILLISECONDS = 20;
const TAIL_LINES = 40;

/** One replica of the program, as a real process with ports of its own. */
export class Replica implements AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  readonly webhookPort: number;
  readonly metricsPort: number;
  /** Resolves when the process has ended and all its lines are there. */
  readonly exit: Promise<ReplicaExit>;
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReplicaLine[] = [];
  readonly #waiting = new Set<() => void>();
  #client: Deno.HttpClient = Deno.createHttpClient({ http2: false });
  readonly #belongings = new AsyncDisposableStack();
  #hasEnded = false;

  /** Is made by {@link startReplica}. */
  constructor(
    child: Deno.ChildProcess,
    places: Pick<Replica, "name" | "webhookPort" | "metricsPort">,
    belongings: AsyncDisposable,
  ) {
    this.name = places.name;
    this.pid = child.pid;
    this.webhookPort = places.webhookPort;
    this.metricsPort = places.metricsPort;
    this.#child = child;
    this.#belongings.use(belongings);
    this.#belongings.defer(() => this.#client.close());
    this.exit = this.#follow();
  }

  /** Everything it has written up to now. */
  get lines(): readonly ReplicaLine[] {
    return this.#lines;
  }

  /**
   * The first line, written already or to come, of which `isIt` is true.
   *
   * @throws with the last lines when the process ends without it, or after `guardMilliseconds`
   */
  async waitFor(
    isIt: (line: ReplicaLine) => boolean,
    guardMilliseconds: number = GUARD_MILLISECONDS,
  ): Promise<ReplicaLine> {
    return await this.#within(guardMilliseconds, "write the line", async (signal) => {
      for (let index = 0;; index++) {
        while (index >= this.#lines.length) {
          if (this.#hasEnded) throw new Error("it has ended");
          await this.#nextLine(signal);
        }
        const line = this.#lines[index];
        if (line !== undefined && isIt(line)) return line;
      }
    });
  }

  /** The first line of the log whose `msg` is, or matches, `message`. */
  waitForMessage(message: string | RegExp, guardMilliseconds?: number): Promise<ReplicaLine> {
    return this.waitFor(({ fields: { msg } }) => {
      if (typeof msg !== "string") return false;
      return typeof message === "string" ? msg === message : message.test(msg);
    }, guardMilliseconds);
  }

  /** Resolves when /readyz says that it is ready; throws as `waitFor` does. */
  async waitUntilReady(guardMilliseconds: number = GUARD_MILLISECONDS): Promise<void> {
    await this.#within(guardMilliseconds, "be ready", async (signal) => {
      while (!await this.#isReady(signal)) {
        if (this.#hasEnded) throw new Error("it has ended");
        await systemClock.sleep(POLL_MILLISECONDS, signal);
      }
    });
  }

  /** What it exports now. */
  async metrics(): Promise<Metrics> {
    const response = await this.observe("/metrics");
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot scrape ${this.name}: status ${response.status}\n${text}`);
    return Metrics.parse(text);
  }

  /** Asks the port of metrics and health; the body must be read or cancelled. */
  observe(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.metricsPort}${path}`, { ...init, client: this.#client });
  }

  /**
   * Sends a POST to a webhook.
   *
   * @param body text or bytes as they are, anything else as JSON
   */
  async webhook(
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<WebhookAnswer> {
    const response = await fetch(`http://127.0.0.1:${this.webhookPort}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: bodyOf(body),
      client: this.#client,
    });
    const text = await response.text();
    const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson ? JSON.parse(text) : undefined,
    };
  }

  /** Sends a signal; nothing happens when the process has ended. */
  kill(signal: Deno.Signal): void {
    if (!this.#hasEnded) this.#child.kill(signal);
  }

  /** Asks it to stop and waits until it has; throws as `waitFor` does. */
  async stop(guardMilliseconds: number = GUARD_MILLISECONDS): Promise<ReplicaExit> {
    // It waits a while for whoever keeps a connection open.
    this.#client.close();
    this.#client = Deno.createHttpClient({ http2: false });
    this.kill("SIGTERM");
    return await this.#within(guardMilliseconds, "stop", async (signal) => {
      while (!this.#hasEnded) await this.#nextLine(signal);
      return await this.exit;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.exit;
    await this.#belongings.disposeAsync();
  }

  async #follow(): Promise<ReplicaExit> {
    const [{ code, signal }] = await Promise.all([
      this.#child.status,
      this.#collect("stdout", this.#child.stdout),
      this.#collect("stderr", this.#child.stderr),
    ]);
    this.#hasEnded = true;
    this.#wake();
    return { code, signal };
  }

  async #collect(stream: ReplicaLine["stream"], from: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of linesOf(from)) {
      this.#lines.push({ stream, text, fields: fieldsOf(text) });
      this.#wake();
    }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Resolves at the next line, or at the end. */
  #nextLine(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        if (signal.aborted) reject(signal.reason);
        else resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener("abort", done);
    });
  }

  async #isReady(signal: AbortSignal): Promise<boolean> {
    try {
      const response = await this.observe("/readyz", { signal });
      await response.body?.cancel();
      return response.ok;
    } catch (error) {
      // Not listening yet.
      if (error instanceof TypeError) return false;
      throw error;
    }
  }

  async #within<T>(
    milliseconds: number,
    aim: string,
    task: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    try {
      return await withDeadline(milliseconds, systemClock, task, new AbortController().signal);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const tail = this.#lines.slice(-TAIL_LINES).map(({ text }) => text).join("\n");
      throw new Error(`Replica ${this.name} did not ${aim}: ${why}\n${tail}`, { cause });
    }
  }
}

/** Starts a replica; it is not ready yet. It ends with the returned object, or with this process. */
export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const { executable, args, env, ...places } = replicaCommand(options);
  await using starting = new AsyncDisposableStack();
  // Its own folder: what the program writes beside itself must not lie in the checkout.
  const folder = await Deno.makeTempDir({ prefix: "zen-watcher-replica-" });
  const guardian = starting.use(Guardian.start(folder));
  const child = await guardian.spawn(executable, {
    args,
    // So that one adopts what another one has left only where a test wants that.
    env: { SPOOL_DIR: `${folder}/spool`, ...env },
    clearEnv: true,
    cwd: folder,
    stdout: "piped",
    stderr: "piped",
  });
  const running = starting.move();
  return new Replica(child, places, running);
}

function bodyOf(body: unknown): string | Uint8Array<ArrayBuffer> {
  if (body instanceof Uint8Array) return Uint8Array.from(body);
  return typeof body === "string" ? body : JSON.stringify(body);
}

function fieldsOf(text: string): ReplicaLine["fields"] {
  if (!text.startsWith("{")) return {};
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
