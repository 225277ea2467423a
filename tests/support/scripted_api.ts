import type { ApiRequest } from "../../src/kube/api.ts";
import { ApiError } from "../../src/kube/errors.ts";
import type { WatchApi } from "../../src/kube/watcher.ts";

/** One answer of a scripted API server. */
export type Answer =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "error"; readonly error: Error }
  /** A stream that the test writes. */
  | { readonly kind: "stream"; readonly stream: ReadableStream<Uint8Array> }
  /** A stream of lines; then it ends, breaks off, or stays open without a word. */
  | {
    readonly kind: "lines";
    readonly lines: readonly (unknown | string)[];
    readonly then: "end" | "break" | "silence";
  };

/** An API that plays a scenario: one answer for each request, in order. */
export class ScriptedApi implements WatchApi {
  readonly requests: ApiRequest[] = [];
  readonly renewed: string[] = [];
  readonly #answers: Answer[];

  constructor(answers: readonly Answer[]) {
    this.#answers = [...answers];
  }

  request<T>(request: ApiRequest, signal: AbortSignal): Promise<T> {
    const answer = this.#next(request, signal);
    if (answer.kind === "json") return Promise.resolve(answer.value as T);
    if (answer.kind === "error") return Promise.reject(answer.error);
    return Promise.reject(new Error(`${request.path}: the scenario has a stream here`));
  }

  stream(request: ApiRequest, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const answer = this.#next(request, signal);
    if (answer.kind === "error") return Promise.reject(answer.error);
    if (answer.kind === "json") {
      return Promise.reject(new Error(`${request.path}: the scenario has JSON here`));
    }
    if (answer.kind === "stream") return Promise.resolve(answer.stream);
    const { lines, then } = answer;
    const encoder = new TextEncoder();
    let at = 0;
    return Promise.resolve(
      new ReadableStream({
        type: "bytes",
        pull(controller) {
          const line = lines[at++];
          if (line !== undefined) {
            controller.enqueue(encoder.encode(`${typeof line === "string" ? line : JSON.stringify(line)}\n`));
          } else if (then === "end") {
            controller.close();
            controller.byobRequest?.respond(0);
          } else if (then === "break") controller.error(new TypeError("connection reset"));
          else return new Promise<void>(() => {});
        },
      }),
    );
  }

  renewConnections(role: string): void {
    this.renewed.push(role);
  }

  #next(request: ApiRequest, signal: AbortSignal): Answer {
    signal.throwIfAborted();
    this.requests.push(request);
    const answer = this.#answers.shift();
    if (answer === undefined) throw new Error(`The scenario ends before ${request.method} ${request.path}`);
    return answer;
  }
}

/** A page of a list. */
export function page(names: readonly string[], resourceVersion: string, continueToken = ""): Answer {
  return {
    kind: "json",
    value: {
      metadata: { resourceVersion, continue: continueToken },
      items: names.map((name, index) => object(name, String(index + 1))),
    },
  };
}

/** An object with a name and a resourceVersion. */
export function object(name: string, resourceVersion: string): { metadata: Record<string, string> } {
  return { metadata: { name, uid: `uid-${name}`, resourceVersion } };
}

/** An event of a watch. */
export function event(type: string, name: string, resourceVersion: string): unknown {
  return { type, object: object(name, resourceVersion) };
}

/** A stream of these lines, and what comes after. */
export function lines(values: readonly unknown[], then: "end" | "break" | "silence" = "silence"): Answer {
  return { kind: "lines", lines: values, then };
}

/** An answer of the API server that is no success. */
export function failure(code: number, reason = ""): Answer {
  return { kind: "error", error: new ApiError("refused", { code, reason }) };
}
