import type { Api, ApiRequest } from "../../src/kube/api.ts";
import { ApiError } from "../../src/kube/errors.ts";
import { isJsonObject, textAt } from "../../src/model/json.ts";
import type { Observation } from "../../src/model/observation.ts";
import { mergePatch } from "./merge_patch.ts";

const PATH =
  /^\/apis\/zen\.kube-zen\.io\/v1alpha1(?:\/namespaces\/([^/]+))?\/observations(?:\/([^/]+))?(\/status)?$/;

/** Observations in memory, with names, versions, labels and the status subresource as kube-apiserver has them. */
export class MemoryObservations implements Api {
  readonly stored: Map<string, Observation> = new Map();
  readonly requests: ApiRequest[] = [];
  /** Asked before each request; what it throws is the answer. */
  before: (request: ApiRequest) => void = () => {};
  /** How many items a page has at most. */
  pageSize = 2;
  #resourceVersion = 100;

  /** Puts one in, as another writer does. */
  put(observation: Observation): Observation {
    const { namespace, name } = observation.metadata;
    const metadata = { ...observation.metadata, resourceVersion: String(++this.#resourceVersion) };
    const stored = { status: { phase: "Active" as const, count: 1 }, ...observation, metadata };
    this.stored.set(`${namespace}/${name}`, stored);
    return stored;
  }

  /** One by its name, wherever it lies. */
  named(name: string): Observation | undefined {
    return [...this.stored.values()].find(({ metadata }) => metadata.name === name);
  }

  /** How many requests had this method. */
  count(method: ApiRequest["method"]): number {
    return this.requests.filter((request) => request.method === method).length;
  }

  async request<T>(request: ApiRequest, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    this.requests.push(request);
    await Promise.resolve();
    this.before(request);
    return this.#answer(request) as T;
  }

  stream(): Promise<ReadableStream<Uint8Array>> {
    return Promise.reject(new Error("Nobody watches these Observations"));
  }

  #answer({ method, path, query, body, isMetadataOnly }: ApiRequest): unknown {
    const [, namespace, name, subresource] = PATH.exec(path) ?? [];
    if (method === "GET" && name === undefined) {
      return this.#list(namespace, query ?? {}, isMetadataOnly === true);
    }
    const key = `${namespace}/${name ?? textAt(body, "metadata", "name")}`;
    const there = this.stored.get(key);
    if (method === "POST") {
      if (there !== undefined) throw new ApiError("exists", { code: 409, reason: "AlreadyExists" });
      return this.put(body as Observation);
    }
    if (there === undefined) {
      throw new ApiError("no such Observation", { code: 404, subject: "observations" });
    }
    if (method === "GET") return there;
    const locked = textAt(body, "metadata", "resourceVersion");
    if (locked !== undefined && locked !== there.metadata.resourceVersion) {
      throw new ApiError("the object has been modified", { code: 409, reason: "Conflict" });
    }
    const { status, ...rest } = isJsonObject(body) ? body : {};
    // Each of both paths changes its own part alone.
    const patch = subresource === undefined ? rest : { status };
    return this.put(mergePatch(there, patch) as Observation);
  }

  #list(
    namespace: string | undefined,
    query: NonNullable<ApiRequest["query"]>,
    isMetadataOnly: boolean,
  ): unknown {
    const labels = String(query["labelSelector"] ?? "").split(",").filter((part) => part !== "");
    const found = [...this.stored.values()].filter(({ metadata }) =>
      (namespace === undefined || metadata.namespace === namespace) &&
      labels.every((part) => {
        const [label = "", value] = part.split("=");
        return metadata.labels?.[label] === value;
      })
    );
    const from = Number(query["continue"] ?? 0);
    const to = from + this.pageSize;
    return {
      metadata: {
        resourceVersion: String(this.#resourceVersion),
        continue: to < found.length ? String(to) : "",
      },
      // As kube-apiserver answers for PartialObjectMetadata.
      items: isMetadataOnly && found.length === 0 ? null : found.slice(from, to),
    };
  }
}
