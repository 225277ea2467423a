import { readChunks } from "../../src/kube/read_chunks.ts";
import type { JsonObject } from "../../src/model/json.ts";
import { systemClock } from "../../src/run/clock.ts";
import { DeadlineError, withDeadline } from "../../src/run/deadline.ts";
import { clusterClient } from "../support/cluster_client.ts";
import { linesOf } from "../support/lines.ts";

/** What the API server answered. */
export interface ApiAnswer {
  readonly status: number;
  readonly json: JsonObject;
}

/** Writes into a cluster as somebody who may do everything and who comes again until the API server has answered. */
export interface ApiWriter extends Disposable {
  /** Sends one request, once; throws as `fetch` does. */
  send(method: string, path: string, body: JsonObject | undefined, signal: AbortSignal): Promise<ApiAnswer>;
  /** Opens a watch; ends when the API server ends it, or when nobody reads on. */
  watch(path: string, signal: AbortSignal): AsyncIterable<string>;
  /** Creates an object. That it is there already is said of one whose first answer was lost, and is as good. */
  create(path: string, object: JsonObject, signal: AbortSignal): Promise<void>;
  /** Merges into an object (RFC 7396). */
  patch(path: string, body: JsonObject, signal: AbortSignal): Promise<void>;
  /** Deletes an object, or a whole collection; that there is none is as good. */
  delete(path: string, signal: AbortSignal): Promise<void>;
}

const FIRST_WAIT_MILLISECONDS = 100;
const LONGEST_WAIT_MILLISECONDS = 1000;
const ANSWER_MILLISECONDS = 15_000;
/** What goes by: too many requests, and a server that is starting or in trouble. */
const PASSING: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/** Opens the cluster of a kubeconfig with inline certificates. */
export async function apiWriter(kubeconfig: string): Promise<ApiWriter> {
  const { server, client } = await clusterClient(kubeconfig);

  const send = (
    method: string,
    path: string,
    body: JsonObject | undefined,
    signal: AbortSignal,
  ): Promise<ApiAnswer> =>
    withDeadline(ANSWER_MILLISECONDS, systemClock, async (inner) => {
      const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
      const response = await fetch(`${server}${path}`, {
        method,
        headers: { "content-type": type },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        client,
        signal: inner,
      });
      return { status: response.status, json: await response.json() };
    }, signal);

  const insist = async (
    method: string,
    path: string,
    body: JsonObject | undefined,
    isDone: (status: number) => boolean,
    signal: AbortSignal,
  ): Promise<void> => {
    for (let wait = FIRST_WAIT_MILLISECONDS;; wait = Math.min(LONGEST_WAIT_MILLISECONDS, 2 * wait)) {
      try {
        const { status, json } = await send(method, path, body, signal);
        if (isDone(status)) return;
        if (!PASSING.has(status)) {
          throw new Error(`Cannot ${method} ${path}: status ${status}, ${String(json["message"])}`);
        }
      } catch (error) {
        signal.throwIfAborted();
        // Away, starting or breaking off.
        const isPassing = [TypeError, SyntaxError, DeadlineError].some((type) => error instanceof type);
        if (!isPassing) throw error;
      }
      await systemClock.sleep(wait, signal);
    }
  };

  async function* watch(path: string, signal: AbortSignal): AsyncGenerator<string, void, void> {
    const response = await fetch(`${server}${path}`, { client, signal });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw new Error(`Cannot watch ${path}: status ${response.status}`);
    }
    // Once fetch has resolved, its signal may be collected as garbage: what reads the body ends it by itself.
    yield* linesOf(readChunks(response.body, signal));
  }

  return {
    send,
    watch,
    create: (path, object, signal) =>
      insist("POST", path, object, (status) => status === 201 || status === 409, signal),
    patch: (path, body, signal) => insist("PATCH", path, body, (status) => status === 200, signal),
    delete: (path, signal) =>
      insist("DELETE", path, undefined, (status) => status === 200 || status === 404, signal),
    [Symbol.dispose]: () => client.close(),
  };
}
