import { isJsonObject, type Json, type JsonObject, textAt } from "../../src/model/json.ts";
import { type ApiRequest, resourcePath } from "../../src/kube/api.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { isApiError } from "../../src/kube/errors.ts";
import { findCluster } from "../../src/kube/find_cluster.ts";
import { systemClock } from "../../src/run/clock.ts";

/** What an API server fills in itself; an owner that is not there would have its objects collected. */
const SERVER_FIELDS = [
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "managedFields",
  "ownerReferences",
];

/** Writes what the demo feeds the cluster with; what came of it is read with the official client instead. */
export class Objects implements Disposable {
  readonly #client: KubeClient;

  constructor(kubeconfig: string) {
    const credentials = findCluster({ kubeconfig }, {
      environment: {},
      readTextFile: (path) => Deno.readTextFileSync(path),
      mayConnect: () => true,
    });
    this.#client = new KubeClient(credentials, systemClock, "zen-watcher-demo");
  }

  /**
   * Creates an object of any kind.
   *
   * @returns false when there is one of that name already
   */
  async create(object: JsonObject, signal: AbortSignal): Promise<boolean> {
    const path = collectionOf(object);
    try {
      await this.#client.request({ role: "write", method: "POST", path, body: object }, signal);
      return true;
    } catch (error) {
      if (isApiError(error, "already-exists")) return false;
      throw error;
    }
  }

  /** Whether a path of the API is served. */
  async isServed(path: string, signal: AbortSignal): Promise<boolean> {
    const request: ApiRequest = { role: "read", method: "GET", path, query: { limit: 1 } };
    try {
      await this.#client.request(request, signal);
      return true;
    } catch (error) {
      if (isApiError(error, "not-found")) return false;
      throw error;
    }
  }

  /** Asks for the deletion of a namespace and all that is in it. */
  async deleteNamespace(name: string, signal: AbortSignal): Promise<void> {
    const path = resourcePath({ group: "", version: "v1", resource: "namespaces" }, undefined, name);
    await this.#client.request({ role: "write", method: "DELETE", path }, signal);
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}

/** An object as it can be created, in a namespace. */
export function asNew(object: Json, namespace: string): JsonObject {
  if (!isJsonObject(object) || !isJsonObject(object["metadata"])) {
    throw new Error("Cannot use a payload: it must be an object of the API");
  }
  const kept = Object.entries(object["metadata"]).filter(([field]) => !SERVER_FIELDS.includes(field));
  return { ...object, metadata: { ...Object.fromEntries(kept), namespace } };
}

/** The path that objects like this one are created at; of every kind used here the plural only ends in s. */
function collectionOf(object: JsonObject): string {
  const [version = "", group = ""] = (textAt(object, "apiVersion") ?? "").split("/").reverse();
  const resource = `${(textAt(object, "kind") ?? "").toLowerCase()}s`;
  return resourcePath({ group, version, resource }, textAt(object, "metadata", "namespace"));
}
