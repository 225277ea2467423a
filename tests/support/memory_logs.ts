import type { ApiRequest } from "../../src/kube/api.ts";
import { ApiError } from "../../src/kube/errors.ts";
import { LiveApi } from "./live_api.ts";

interface LogFile {
  /** Each with its timestamp and line end; the last may have none. */
  lines: string[];
  /** What the container before the last restart wrote. */
  previous: string[] | undefined;
  isRunning: boolean;
  readonly followers: Set<ReadableByteStreamController>;
  failure: ApiError | undefined;
  /** Followers that wait for their answer. */
  readonly toAnswer: Set<() => void>;
}

const LOG_PATH = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/log$/;

/** {@link LiveApi} whose pods have logs, which a test writes while they are followed, as a kubelet gives them. */
export class MemoryLogs extends LiveApi {
  /** Whether a follower gets its answer with the first line only, as from old servers and some proxies. */
  answersLate = false;
  readonly #files = new Map<string, LogFile>();

  /** The requests for a container's log. */
  asked(pod: string, container: string): readonly ApiRequest[] {
    return this.requests.filter(({ path, query }) =>
      path.endsWith(`/pods/${pod}/log`) && query?.["container"] === container
    );
  }

  /** Adds to a container's log, which is there from then on. */
  write(pod: string, container: string, ...lines: readonly string[]): void {
    const file = this.#file(pod, container);
    for (const line of lines) {
      const text = line.endsWith("…") ? line.slice(0, -1) : `${line}\n`;
      const last = file.lines.at(-1);
      if (last !== undefined && !last.endsWith("\n")) file.lines[file.lines.length - 1] = last + text;
      else file.lines.push(text);
      for (const follower of file.followers) follower.enqueue(new TextEncoder().encode(text));
      for (const answer of file.toAnswer) answer();
      file.toAnswer.clear();
    }
  }

  /** Ends the streams of a log: as the kubelet does when it rotates, or as a cut connection. */
  end(pod: string, container: string, how: "closed" | "cut"): void {
    const { followers } = this.#file(pod, container);
    for (const follower of followers) {
      if (how === "cut") follower.error(new TypeError("connection reset"));
      else close(follower);
    }
    followers.clear();
  }

  /** The container ends, and its log stays. */
  terminate(pod: string, container: string): void {
    this.#file(pod, container).isRunning = false;
    this.end(pod, container, "closed");
  }

  /** The container is started again, with an empty log. */
  restart(pod: string, container: string): void {
    const file = this.#file(pod, container);
    file.previous = file.lines;
    file.lines = [];
    file.isRunning = true;
    this.end(pod, container, "closed");
  }

  /** Requests for a log fail so, until undefined is said. */
  refuse(pod: string, container: string, failure: ApiError | undefined): void {
    this.#file(pod, container).failure = failure;
  }

  /** How many follow a log now. */
  following(pod: string, container: string): number {
    return this.#file(pod, container).followers.size;
  }

  override stream(request: ApiRequest, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const [, , pod] = LOG_PATH.exec(request.path) ?? [];
    if (pod === undefined) return super.stream(request, signal);
    signal.throwIfAborted();
    this.requests.push(request);
    const { container, sinceTime, previous, follow } = request.query ?? {};
    const file = this.#files.get(`${pod}/${container}`);
    const lines = previous === true ? file?.previous : file?.lines;
    if (file?.failure !== undefined) return Promise.reject(file.failure);
    if (file === undefined || lines === undefined) {
      return Promise.reject(new ApiError(`${pod}/${container} is waiting to start`, { code: 400 }));
    }
    const isSince = (line: string): boolean => !(line.slice(0, 19) < String(sinceTime).slice(0, 19));
    const text = lines.filter(isSince).join("");
    const stream = streamOf(text, file, follow === true && file.isRunning);
    if (!this.answersLate || text !== "" || follow !== true) return Promise.resolve(stream);
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => {
        file.toAnswer.delete(answer);
        void stream.cancel();
        reject(signal.reason);
      }, { once: true });
      const answer = (): void => resolve(stream);
      file.toAnswer.add(answer);
    });
  }

  #file(pod: string, container: string): LogFile {
    const key = `${pod}/${container}`;
    const known = this.#files.get(key);
    if (known !== undefined) return known;
    const fresh: LogFile = {
      lines: [],
      previous: undefined,
      isRunning: true,
      followers: new Set(),
      failure: undefined,
      toAnswer: new Set(),
    };
    this.#files.set(key, fresh);
    return fresh;
  }
}

function close(controller: ReadableByteStreamController): void {
  controller.close();
  controller.byobRequest?.respond(0);
}

function streamOf(text: string, file: LogFile, isFollowing: boolean): ReadableStream<Uint8Array> {
  let own: ReadableByteStreamController;
  return new ReadableStream({
    type: "bytes",
    start(controller) {
      own = controller;
      if (text !== "") controller.enqueue(new TextEncoder().encode(text));
      if (isFollowing) file.followers.add(controller);
      else controller.close();
    },
    cancel() {
      file.followers.delete(own);
    },
  });
}
