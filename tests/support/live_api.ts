import type { ApiRequest, KubeObject } from "../../src/kube/api.ts";
import { ApiError } from "../../src/kube/errors.ts";
import type { WatchApi } from "../../src/kube/watcher.ts";

interface Collection {
  readonly objects: Map<string, KubeObject>;
  readonly watches: Set<ReadableByteStreamController>;
  /** Everything that happened: a watch begins with what came after its resourceVersion. */
  readonly history: { readonly type: string; readonly object: KubeObject }[];
  /** How often a watch was opened. */
  opened: number;
}

/**
 * An API server in memory: lists and watches of the paths it serves, which a test changes while they are watched. Whatever
 * else is asked gets the answer that the test gave for its path.
 */
export class LiveApi implements WatchApi {
  readonly requests: ApiRequest[] = [];
  readonly #collections = new Map<string, Collection>();
  readonly #answers = new Map<string, (request: ApiRequest, signal: AbortSignal) => unknown>();
  readonly #failures = new Map<string, unknown>();
  #resourceVersion = 100;

  /** Says how requests for a path are answered, unless it is a list. */
  answer(path: string, answer: (request: ApiRequest, signal: AbortSignal) => unknown): void {
    this.#answers.set(path, answer);
  }

  /** Serves a list at a path, and discovery of it at another. */
  serve(group: string, plural: string, kind: string, ...namespaces: readonly string[]): void {
    this.answer(`/apis/${group}/v1`, () => ({ resources: [{ name: plural, kind, namespaced: true }] }));
    for (const namespace of namespaces) {
      this.#collection(`/apis/${group}/v1/namespaces/${namespace}/${plural}`);
    }
  }

  /** Creates or changes an object; those who watch see it. */
  put(path: string, object: KubeObject): void {
    const { objects, watches, history } = this.#collection(path);
    const isKnown = objects.has(object.metadata.name);
    const resourceVersion = String(++this.#resourceVersion);
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion } };
    objects.set(object.metadata.name, stored);
    history.push({ type: isKnown ? "MODIFIED" : "ADDED", object: stored });
    for (const watch of watches) tell(watch, isKnown ? "MODIFIED" : "ADDED", stored);
  }

  /** Deletes an object; those who watch see it. */
  delete(path: string, name: string): void {
    const { objects, watches, history } = this.#collection(path);
    const before = objects.get(name);
    objects.delete(name);
    if (before === undefined) return;
    const resourceVersion = String(++this.#resourceVersion);
    const object = { ...before, metadata: { ...before.metadata, resourceVersion } };
    history.push({ type: "DELETED", object });
    for (const watch of watches) tell(watch, "DELETED", object);
  }

  /** Tells those who watch a path that they have seen everything up to now. */
  bookmark(path: string): void {
    const object = { metadata: { resourceVersion: String(this.#resourceVersion) } } as KubeObject;
    for (const watch of this.#collection(path).watches) tell(watch, "BOOKMARK", object);
  }

  /** Every request for a path fails so, until undefined is said; its watches break off. */
  fail(path: string, error: unknown): void {
    if (error === undefined) this.#failures.delete(path);
    else this.#failures.set(path, error);
    const { watches } = this.#collection(path);
    for (const watch of watches) watch.error(new TypeError("connection reset"));
    watches.clear();
  }

  /** History goes back, as when etcd is restored. */
  rewind(resourceVersion: number): void {
    this.#resourceVersion = resourceVersion;
  }

  /** How many watch a path now. */
  watching(path: string): number {
    return this.#collection(path).watches.size;
  }

  /** How often a watch of a path was opened. */
  opened(path: string): number {
    return this.#collection(path).opened;
  }

  /** The requests with this method. */
  sent(method: ApiRequest["method"]): readonly ApiRequest[] {
    return this.requests.filter((request) => request.method === method);
  }

  async request<T>(request: ApiRequest, signal: AbortSignal): Promise<T> {
    this.#enter(request, signal);
    const collection = this.#collections.get(request.path);
    if (collection !== undefined && request.method === "GET") {
      const items = [...collection.objects.values()].filter((object) => isSelected(request, object));
      return { metadata: { resourceVersion: String(this.#resourceVersion) }, items } as T;
    }
    const answer = this.#answers.get(request.path);
    if (answer === undefined) throw new ApiError(`Nothing at ${request.path}`, { code: 404 });
    return await answer(request, signal) as T;
  }

  stream(request: ApiRequest, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    try {
      this.#enter(request, signal);
    } catch (error) {
      return Promise.reject(error);
    }
    const collection = this.#collection(request.path);
    collection.opened++;
    let own: ReadableByteStreamController;
    return Promise.resolve(
      new ReadableStream({
        type: "bytes",
        start(controller) {
          own = controller;
          collection.watches.add(controller);
          const from = Number(request.query?.["resourceVersion"] ?? 0);
          for (const { type, object } of collection.history) {
            if (Number(object.metadata.resourceVersion) > from) tell(controller, type, object);
          }
        },
        cancel() {
          collection.watches.delete(own);
        },
      }),
    );
  }

  renewConnections(): void {}

  #enter(request: ApiRequest, signal: AbortSignal): void {
    signal.throwIfAborted();
    this.requests.push(request);
    const failure = this.#failures.get(request.path);
    if (failure !== undefined) throw failure;
  }

  #collection(path: string): Collection {
    const known = this.#collections.get(path);
    if (known !== undefined) return known;
    const fresh: Collection = { objects: new Map(), watches: new Set(), history: [], opened: 0 };
    this.#collections.set(path, fresh);
    return fresh;
  }
}

function isSelected(request: ApiRequest, object: KubeObject): boolean {
  const selector = request.query?.["fieldSelector"];
  return selector === undefined || selector === `metadata.name=${object.metadata.name}`;
}

function tell(
  watch: ReadableByteStreamController,
  type: string,
  object: KubeObject,
): void {
  watch.enqueue(new TextEncoder().encode(`${JSON.stringify({ type, object })}\n`));
}
