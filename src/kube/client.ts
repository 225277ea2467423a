import { type Clock } from "../run/clock.ts";
import { DeadlineError, Deadlines } from "../run/deadline.ts";
import { at, listAt, textAt } from "../model/json.ts";
import { parseApiJson } from "../model/parse_json.ts";
import type { Api, ApiRequest, Role } from "./api.ts";
import type { Credentials } from "./credentials.ts";
import { readChunks } from "./read_chunks.ts";
import { ApiError, isUnauthorized } from "./errors.ts";

const DEFAULT_TIMEOUT_MILLISECONDS = 30_000;
/** Longest answer that is read into memory; a page of a list is kept far below it. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** Below this an answer is read in one go. */
const SMALL_ANSWER_BYTES = 64 * 1024;
/** Nobody reads what a write answers, so the server need not send the whole object back. */
const METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
/** Of a list only what tells its items from each other. */
const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
/** How long an Authorization header is used before its file is read again. */
const AUTHORIZATION_MILLISECONDS = 10_000;

/**
 * Our own small client for one API server, on `fetch`. One pool of HTTP/1.1 connections for each role (pooled HTTP/2
 * stalls bodies, denoland/deno#21749); every request has a deadline; every body is consumed or cancelled.
 */
export class KubeClient implements Api, Disposable {
  readonly #credentials: Credentials;
  readonly #clock: Clock;
  readonly #userAgent: string;
  readonly #deadlines: Deadlines;
  readonly #pools = new Map<Role, Deno.HttpClient>();
  #authorization: { readonly value: string | undefined; readonly readAt: number } | undefined;

  constructor(credentials: Credentials, clock: Clock, userAgent: string) {
    this.#credentials = credentials;
    this.#clock = clock;
    this.#deadlines = new Deadlines(clock);
    this.#userAgent = userAgent;
  }

  /** {@inheritDoc Api.request} */
  async request<T = unknown>(request: ApiRequest, signal: AbortSignal): Promise<T> {
    const text = await this.#withDeadline(request, async (inner) => {
      const response = await this.#fetch(request, inner);
      request.onHeaders?.(response.headers);
      return await readText(response, request, inner);
    }, signal);
    try {
      return (text === "" ? undefined : parseApiJson(text)) as T;
    } catch (cause) {
      throw new ApiError(`Cannot read the answer to ${request.method} ${request.path}: it must be JSON`, {
        code: 0,
      }, { cause });
    }
  }

  /** {@inheritDoc Api.stream} */
  stream(request: ApiRequest, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    return this.#withDeadline(request, async (inner) => {
      const response = await this.#fetch(request, inner);
      if (response.body === null) {
        throw new ApiError(`Cannot read ${request.path}: the answer has no body`, { code: 0 });
      }
      return response.body;
    }, signal);
  }

  /** Uses new connections for `role` from now on; what runs on the old ones goes on. */
  renewConnections(role: Role): void {
    this.#pools.get(role)?.close();
    this.#pools.delete(role);
  }

  [Symbol.dispose](): void {
    for (const pool of this.#pools.values()) pool.close();
    this.#pools.clear();
  }

  async #withDeadline<T>(
    request: ApiRequest,
    task: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const milliseconds = request.timeoutMilliseconds ?? DEFAULT_TIMEOUT_MILLISECONDS;
    try {
      return await this.#deadlines.run(milliseconds, task, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof ApiError) throw error;
      const what = `Cannot ${request.method} ${request.path}`;
      if (error instanceof DeadlineError) {
        // The connection may be cut without a sign; the next request must not be put on it.
        this.renewConnections(request.role);
        throw new ApiError(`${what}: no answer within ${milliseconds} ms`, { code: 0 }, { cause: error });
      }
      throw new ApiError(`${what}: ${innermostMessage(error)}`, { code: 0 }, { cause: error });
    }
  }

  async #fetch(request: ApiRequest, signal: AbortSignal): Promise<Response> {
    const response = await this.#send(request, signal);
    if (response.ok) return response;
    if (isUnauthorized(response) && this.#authorization !== undefined) {
      // The token may have been rotated since it was read.
      const before = this.#authorization.value;
      this.#authorization = undefined;
      if (this.#authorize() !== before) {
        await response.body?.cancel();
        const again = await this.#send(request, signal);
        if (again.ok) return again;
        throw await toApiError(request, again, signal);
      }
    }
    throw await toApiError(request, response, signal);
  }

  #send(request: ApiRequest, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = {
      "accept": request.role === "write"
        ? METADATA_ONLY
        : request.isMetadataOnly === true
        ? METADATA_LIST
        : "application/json",
      "accept-encoding": "identity",
      "user-agent": this.#userAgent,
    };
    const authorization = this.#authorize();
    if (authorization !== undefined) headers["authorization"] = authorization;
    const init: RequestInit & { client: Deno.HttpClient } = {
      method: request.method,
      headers,
      signal,
      redirect: "error",
      client: this.#pool(request.role),
    };
    if (request.body !== undefined) {
      headers["content-type"] = request.contentType ??
        (request.method === "PATCH" ? "application/merge-patch+json" : "application/json");
      init.body = JSON.stringify(request.body);
    }
    return fetch(this.#credentials.server + request.path + queryString(request.query), init);
  }

  #authorize(): string | undefined {
    // Credentials never travel in clear; a proxy on http adds its own.
    if (!this.#credentials.server.startsWith("https:")) return undefined;
    const now = this.#clock.monotonic();
    if (this.#authorization === undefined || now - this.#authorization.readAt > AUTHORIZATION_MILLISECONDS) {
      this.#authorization = { value: this.#credentials.authorization(), readAt: now };
    }
    return this.#authorization.value;
  }

  #pool(role: Role): Deno.HttpClient {
    const existing = this.#pools.get(role);
    if (existing !== undefined) return existing;
    const { certificateAuthority, client } = this.#credentials.tls();
    const pool = Deno.createHttpClient({
      http2: false,
      http1: true,
      ...(certificateAuthority === undefined ? {} : { caCerts: [certificateAuthority] }),
      ...(client === undefined ? {} : { cert: client.certificate, key: client.key }),
    });
    this.#pools.set(role, pool);
    return pool;
  }
}

/** What lies at the bottom: "fetch failed" alone tells nobody whether a name, a port or a certificate is wrong. */
function innermostMessage(error: unknown): string {
  let at = error;
  for (let depth = 0; depth < 8 && at instanceof Error && at.cause instanceof Error; depth++) at = at.cause;
  const message = at instanceof Error ? at.message : String(at);
  // Which path was asked is said already.
  return message.replace(/^error sending request for url \([^)]*\): /, "");
}

function queryString(query: ApiRequest["query"]): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

async function readText(response: Response, request: ApiRequest, signal: AbortSignal): Promise<string> {
  if (response.body === null) return "";
  const announced = response.headers.get("content-length");
  if (announced !== null && Number(announced) <= SMALL_ANSWER_BYTES) return await response.text();
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of readChunks(response.body, signal)) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) {
      throw new ApiError(
        `Cannot read the answer to ${request.method} ${request.path}: it must be at most ${MAX_ANSWER_BYTES} bytes long`,
        { code: 413, reason: "AnswerTooLarge" },
      );
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

async function toApiError(request: ApiRequest, response: Response, signal: AbortSignal): Promise<ApiError> {
  let status: unknown;
  try {
    status = JSON.parse(await readText(response, request, signal));
  } catch {
    status = undefined;
  }
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  const detailSeconds = at(status, "details", "retryAfterSeconds");
  const wait = Number.isFinite(seconds)
    ? seconds
    : typeof detailSeconds === "number"
    ? detailSeconds
    : undefined;
  const causes = listAt(status, "details", "causes");
  const message = textAt(status, "message") ?? (response.statusText || "no reason given");
  return new ApiError(`Cannot ${request.method} ${request.path}: ${response.status} ${message}`, {
    code: response.status,
    reason: textAt(status, "reason") ?? "",
    causes: causes.map((cause) => textAt(cause, "reason") ?? ""),
    fields: causes.flatMap((cause) => textAt(cause, "field") ?? []),
    subject: textAt(status, "details", "kind") ?? "",
    retryAfterMilliseconds: wait === undefined ? undefined : wait * 1000,
  });
}
