import type { Api, ApiRequest, KubeObject } from "../../src/kube/api.ts";
import { ApiError } from "../../src/kube/errors.ts";
import { aborted } from "../../src/run/aborted.ts";
import { property, textAt } from "../../src/model/json.ts";
import { mergePatch } from "./merge_patch.ts";

/** A ConfigMap as it lies in memory. */
export interface StoredConfigMap extends KubeObject {
  readonly data: Readonly<Record<string, string>>;
}

/** The ConfigMaps of one namespace, with optimistic locking and merge patches as kube-apiserver has them. */
export class MemoryConfigMaps implements Api {
  readonly maps: Map<string, StoredConfigMap> = new Map<string, StoredConfigMap>();
  readonly requests: ApiRequest[] = [];
  /** Asked before each request; what it throws is the answer. */
  before: (request: ApiRequest) => void | Promise<void> = () => {};
  /** Asked after each write took effect; what it throws is the answer. */
  after: (request: ApiRequest) => void = () => {};
  resourceVersion: number;

  constructor(resourceVersion = 1000) {
    this.resourceVersion = resourceVersion;
  }

  /** The data of one; undefined when it is not there. */
  data(name: string): Readonly<Record<string, string>> | undefined {
    return this.maps.get(name)?.data;
  }

  /** Changes one as somebody with kubectl does. */
  edit(name: string, data: Readonly<Record<string, string>>, annotations?: Record<string, string>): void {
    const metadata = {
      ...this.maps.get(name)?.metadata,
      name,
      ...(annotations === undefined ? {} : { annotations }),
    };
    this.#store(metadata, data);
  }

  async request<T>(request: ApiRequest, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    this.requests.push(request);
    await Promise.race([this.before(request), aborted(signal)]);
    signal.throwIfAborted();
    const answer = this.#answer(request);
    if (request.method !== "GET") this.after(request);
    return answer as T;
  }

  stream(): Promise<ReadableStream<Uint8Array>> {
    return Promise.reject(new Error("Nobody watches these ConfigMaps"));
  }

  #answer({ method, path, body }: ApiRequest): StoredConfigMap {
    const name = textAt(body, "metadata", "name") ?? decodeURIComponent(path.split("/").at(-1) ?? "");
    const before = this.maps.get(name);
    if (method === "POST") {
      if (before !== undefined) throw new ApiError("exists", { code: 409, reason: "AlreadyExists" });
      return this.#store(property(body, "metadata"), property(body, "data"));
    }
    if (before === undefined) throw new ApiError(`configmaps "${name}" not found`, { code: 404 });
    if (method === "GET") return before;
    const locked = textAt(body, "metadata", "resourceVersion");
    if (locked !== undefined && locked !== before.metadata.resourceVersion) {
      throw new ApiError("the object has been modified", { code: 409, reason: "Conflict" });
    }
    const merged = mergePatch(before, body);
    return this.#store(property(merged, "metadata"), property(merged, "data"));
  }

  #store(metadata: unknown, data: unknown): StoredConfigMap {
    const resourceVersion = String(++this.resourceVersion);
    const stored = {
      metadata: { ...metadata as KubeObject["metadata"], resourceVersion },
      data: (data ?? {}) as Record<string, string>,
    };
    this.maps.set(stored.metadata.name, stored);
    return stored;
  }
}
