import type { Clock } from "../../src/run/clock.ts";
import { DeadlineError, withDeadline } from "../../src/run/deadline.ts";
import { type Answered, HttpConnection } from "./http_connection.ts";
import type { FedSignal } from "./signals.ts";

type WebhookSignal = Extract<FedSignal, { kind: "webhook" }>;

/** One request that was not answered as it should be. */
export interface Failure {
  /** Monotonic time at which it was to be sent. */
  readonly at: number;
  readonly what: string;
}

/** Who sends, and where. */
export interface PlainSendersOptions {
  readonly port: number;
  /** How many keep their connection for as long as the other end lets them. */
  readonly keeping: number;
  /** How many open a connection for each request. */
  readonly fresh: number;
  /** Further headers of each request. */
  readonly headers: Readonly<Record<string, string>>;
}

const TAKEN: ReadonlySet<number> = new Set([200, 201, 202]);
const ANSWER_MILLISECONDS = 20_000;

/** Senders of webhooks that send each once, whatever comes of it; they take turns. */
export class PlainSenders implements Disposable {
  /** How many answers there were, by status; 0 stands for none. */
  readonly answers: Map<number, number> = new Map<number, number>();
  readonly failures: Failure[] = [];
  /** The longest time from a request's turn to its answer, in milliseconds. */
  slowest = 0;
  readonly #options: PlainSendersOptions;
  readonly #clock: Clock;
  readonly #senders: Sender[];
  #turn = 0;

  constructor(options: PlainSendersOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    const { keeping, fresh } = options;
    this.#senders = Array.from({ length: keeping + fresh }, (_, index) => new Sender(index < keeping));
  }

  /** Sends one webhook by the next sender, when that is free. Resolves to whether it was said to be taken. */
  async send({ path, body }: WebhookSignal, signal: AbortSignal): Promise<boolean> {
    const sender = this.#senders[this.#turn++ % this.#senders.length];
    if (sender === undefined) throw new Error("Cannot send: there must be a sender");
    const start = this.#clock.monotonic();
    const answered = await sender.inTurn(() => this.#ask(sender, path, JSON.stringify(body), signal));
    this.slowest = Math.max(this.slowest, this.#clock.monotonic() - start);
    const status = answered?.status ?? 0;
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
    if (TAKEN.has(status)) return true;
    const how = sender.isKeeping ? "kept" : "fresh";
    const what = answered === undefined ? "no answer" : `${status}: ${answered.text.slice(0, 200)}`;
    this.failures.push({ at: start, what: `${what}, on a ${how} connection` });
    return false;
  }

  [Symbol.dispose](): void {
    for (const sender of this.#senders) sender.hangUp();
  }

  async #ask(sender: Sender, path: string, body: string, signal: AbortSignal): Promise<Answered | undefined> {
    const { port, headers } = this.#options;
    const request = [
      `POST ${path} HTTP/1.1`,
      "Host: zen-watcher",
      "Content-Type: application/json",
      `Content-Length: ${new TextEncoder().encode(body).byteLength}`,
      `Connection: ${sender.isKeeping ? "keep-alive" : "close"}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      "",
      body,
    ].join("\r\n");
    try {
      return await withDeadline(
        ANSWER_MILLISECONDS,
        this.#clock,
        (inner) => sender.ask(request, port, inner),
        signal,
      );
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof DeadlineError || error instanceof Deno.errors.ConnectionRefused) return undefined;
      throw error;
    }
  }
}

/** One of them: it sends one request after the other. */
class Sender {
  readonly isKeeping: boolean;
  #connection: HttpConnection | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(isKeeping: boolean) {
    this.isKeeping = isKeeping;
  }

  inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#last.then(task);
    this.#last = done.catch(() => {});
    return done;
  }

  async ask(request: string, port: number, signal: AbortSignal): Promise<Answered | undefined> {
    // As every client does: one that is known to be closed is not used any more.
    if (this.#connection?.isOver === true) this.hangUp();
    const connection = this.#connection ??= await HttpConnection.open(port);
    const onAbort = (): void => this.hangUp();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const answered = await connection.ask(request);
      if (!this.isKeeping || answered?.isLast !== false) this.hangUp();
      return answered;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  hangUp(): void {
    this.#connection?.[Symbol.dispose]();
    this.#connection = undefined;
  }
}
