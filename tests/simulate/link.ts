import type { ApiRequest } from "../../src/kube/api.ts";
import { ApiError } from "../../src/kube/errors.ts";
import type { WatchApi } from "../../src/kube/watcher.ts";
import type { ApiServer, Reply } from "./api_server.ts";
import type { Due, Machine } from "./machine.ts";
import { Pipe } from "./pipe.ts";
import type { Timeline } from "./timeline.ts";
import { delayOf, type Fate, fateOf, type Weather } from "./weather.ts";

const DEFAULT_TIMEOUT_MILLISECONDS = 30_000;
const RETRY_AFTER_MILLISECONDS = 1000;

/** What a link is between, and who hears of it. */
export interface LinkParts {
  readonly caller: string;
  readonly machine: Machine;
  readonly server: ApiServer;
  readonly timeline: Timeline;
  readonly weather: Weather;
  readonly random: () => number;
  readonly trace: (say: () => string) => void;
  /** A request leaves the process. */
  readonly onSend: (request: ApiRequest) => void;
}

interface Conversation {
  /** The answer, or how it failed. */
  readonly end: (outcome: { readonly reply: Reply } | { readonly error: ApiError }) => void;
  isOver: boolean;
}

/** The network between one process and the API server: {@link WatchApi} for the process, the model at the other end. */
export class Link implements WatchApi {
  readonly #parts: LinkParts;
  readonly #pipes = new Set<Pipe>();
  readonly #waiting = new Set<Conversation>();

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  async request<T>(request: ApiRequest, signal: AbortSignal): Promise<T> {
    const reply = await this.#converse(
      request,
      () => this.#parts.server.handle(request, this.#parts.caller),
      signal,
    );
    return reply.body as T;
  }

  async stream(request: ApiRequest, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const pipe = new Pipe(this.#parts, () => this.#pipes.delete(pipe));
    const open = (): Reply => this.#parts.server.watch(request, this.#parts.caller, pipe.sink);
    this.#pipes.add(pipe);
    try {
      await this.#converse(request, open, signal);
    } catch (error) {
      pipe.close();
      throw error;
    }
    return pipe.stream;
  }

  renewConnections(): void {}

  /** The process has ended: its connections with it. */
  close(): void {
    for (const pipe of [...this.#pipes]) pipe.close();
  }

  /** The way is cut: what refuses breaks every connection, what swallows kills some, and nobody is told. */
  cut(): void {
    const { weather, random, timeline, machine } = this.#parts;
    if (weather.cutKind === "swallowed") {
      for (const pipe of this.#pipes) if (random() < 0.5) pipe.die();
      return;
    }
    for (const pipe of this.#pipes) pipe.sink.break();
    for (const conversation of this.#waiting) {
      machine.post(timeline.now, () => conversation.end({ error: unreachable("connection reset") }));
    }
  }

  async #converse(request: ApiRequest, effect: () => Reply, signal: AbortSignal): Promise<Reply> {
    signal.throwIfAborted();
    const { caller, machine, timeline, trace } = this.#parts;
    const what = `${request.method} ${request.path}`;
    const milliseconds = request.timeoutMilliseconds ?? DEFAULT_TIMEOUT_MILLISECONDS;
    return await new Promise<Reply>((resolve, reject) => {
      const onAbort = (): void => {
        over();
        reject(signal.reason);
      };
      const over = (): void => {
        conversation.isOver = true;
        this.#waiting.delete(conversation);
        deadline.cancel();
        signal.removeEventListener("abort", onAbort);
      };
      const conversation: Conversation = {
        isOver: false,
        end: (outcome) => {
          if (conversation.isOver) return;
          over();
          if ("error" in outcome) {
            trace(() => `${caller} ${what}: ${outcome.error.message}`);
            return reject(outcome.error);
          }
          const { reply } = outcome;
          if (reply.status < 400) return resolve({ ...reply, body: copyOf(reply.body) });
          trace(() => `${caller} ${what}: heard ${reply.status} ${reply.reason ?? ""}`);
          reject(refused(what, reply));
        },
      };
      const deadline: Due = machine.post(
        timeline.now + milliseconds,
        () => conversation.end({ error: unreachable(`no answer within ${milliseconds} ms`) }),
      );
      this.#waiting.add(conversation);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#send(request, effect, conversation);
    });
  }

  #send(request: ApiRequest, effect: () => Reply, conversation: Conversation): void {
    const { caller, machine, server, timeline, weather, random, trace } = this.#parts;
    this.#parts.onSend(request);
    const fate = fateOf(weather, random);
    if (fate !== "well") trace(() => `${caller} ${request.method} ${request.path}: its fate is ${fate}`);
    const fail = (error: ApiError): void => {
      machine.post(timeline.now + delayOf(weather, random), () => conversation.end({ error }));
    };
    if (fate === "refused" || (this.#isCut && weather.cutKind === "refused")) {
      return fail(unreachable("refused"));
    }
    if (fate === "lost" || this.#isCut) return;
    timeline.at(timeline.now + delayOf(weather, random), () => {
      if (this.#isCut) return;
      if (!server.isUp) return fail(unreachable("the API server is away"));
      const early = replyBefore(fate);
      const reply = early ?? replyAfter(fate, effect());
      if (early === undefined) {
        trace(() => `${caller} ${request.method} ${request.path}${queryOf(request)}: ${textOf(reply)}`);
      }
      if (reply === "lost") return;
      if (reply === "reset") return fail(unreachable("connection reset"));
      const due = timeline.now + delayOf(weather, random);
      timeline.at(due, () => {
        if (!this.#isCut) machine.post(timeline.now, () => conversation.end({ reply }));
      });
    });
  }

  get #isCut(): boolean {
    return this.#parts.weather.cutUntil > this.#parts.timeline.now;
  }
}

function replyBefore(fate: Fate): Reply | undefined {
  if (fate === "failed") return { status: 500, reason: "InternalError" };
  return fate === "throttled" ? { status: 429, reason: "TooManyRequests" } : undefined;
}

function replyAfter(fate: Fate, reply: Reply): Reply | "lost" | "reset" {
  switch (fate) {
    case "answer-lost":
      return "lost";
    case "reset-after":
      return "reset";
    case "failed-after":
      return reply.status < 400 ? { status: 504, reason: "Timeout" } : reply;
    default:
      return reply;
  }
}

function refused(what: string, reply: Reply): ApiError {
  return new ApiError(`Cannot ${what}: ${reply.status} ${reply.reason ?? ""}`, {
    code: reply.status,
    reason: reply.reason ?? "",
    retryAfterMilliseconds: reply.status === 429 ? RETRY_AFTER_MILLISECONDS : undefined,
  });
}

function unreachable(why: string): ApiError {
  return new ApiError(`Cannot reach the API server: ${why}`, { code: 0 });
}

/** What goes over the wire is nobody's object but the receiver's. */
function copyOf(body: unknown): unknown {
  return body === undefined ? undefined : JSON.parse(JSON.stringify(body));
}

function textOf(reply: Reply | "lost" | "reset"): string {
  return typeof reply === "string" ? `took effect, ${reply}` : `${reply.status} ${reply.reason ?? ""}`;
}

function queryOf({ query }: ApiRequest): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  return given.length === 0 ? "" : `?${given.map(([name, value]) => `${name}=${value}`).join("&")}`;
}
