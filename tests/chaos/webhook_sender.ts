import { systemClock } from "../../src/run/clock.ts";
import { DeadlineError, withDeadline } from "../../src/run/deadline.ts";
import type { FedSignal } from "./signals.ts";

/** Where a webhook can be sent at this moment; undefined: there is nobody at that place. */
export type Door = (place: number) => number | undefined;

type WebhookSignal = Extract<FedSignal, { kind: "webhook" }>;

/** What a sender may be told when nothing is wrong with it: come again, or nothing. */
const PASSING: ReadonlySet<number> = new Set([429, 503]);
const TAKEN: ReadonlySet<number> = new Set([200, 201, 202]);
/** A sender waits longer than the receiver promises to take. */
const ANSWER_MILLISECONDS = 20_000;
const PAUSE_MILLISECONDS = 300;

/** Sends webhooks as the tools do, to one place after the other, as a Service would spread them. */
export class WebhookSender implements Disposable {
  /** Answers that no well-formed webhook may get. */
  readonly problems: string[] = [];
  /** How many answers there were, by status; 0 stands for none. */
  readonly answers: Map<number, number> = new Map<number, number>();
  readonly #client: Deno.HttpClient = Deno.createHttpClient({ http2: false });
  readonly #door: Door;
  readonly #places: number;
  #turn = 0;

  /** @param door gives the port of the replica at a place */
  constructor(places: number, door: Door) {
    this.#places = places;
    this.#door = door;
  }

  /**
   * Sends one webhook, again and again if its sender does that.
   *
   * @returns whether somebody said that it was taken
   */
  async send(fed: WebhookSignal, signal: AbortSignal): Promise<boolean> {
    while (true) {
      const status = await this.#try(fed, signal);
      this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
      if (TAKEN.has(status)) return true;
      if (status !== 0 && !PASSING.has(status)) return false;
      if (!fed.isResent) return false;
      await systemClock.sleep(PAUSE_MILLISECONDS, signal);
    }
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  /** The status, or 0 when there was no answer. */
  async #try({ path, body }: WebhookSignal, signal: AbortSignal): Promise<number> {
    const port = this.#door(this.#turn++ % this.#places);
    if (port === undefined) return 0;
    try {
      return await withDeadline(ANSWER_MILLISECONDS, systemClock, async (inner) => {
        const response = await fetch(`http://127.0.0.1:${port}${path}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
          client: this.#client,
          signal: inner,
        });
        const text = await response.text();
        const { status } = response;
        if (!TAKEN.has(status) && !PASSING.has(status)) {
          this.problems.push(`A webhook at ${path} was answered ${status}: ${text.slice(0, 300)}`);
        }
        return status;
      }, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TypeError || error instanceof DeadlineError) return 0;
      throw error;
    }
  }
}
