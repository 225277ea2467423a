import { type Api, type KubeList, resourcePath } from "../kube/api.ts";
import { isApiError } from "../kube/errors.ts";
import { type Observation, OBSERVATIONS } from "../model/observation.ts";
import type { ObservationRef } from "../model/verdict.ts";
import { MANAGED_BY, MANAGED_BY_LABEL } from "./build_observation.ts";

const PAGE_LIMIT = 200;

/** A page; of metadata alone the API server says null where there is none. */
type Page = Omit<KubeList<Observation>, "items"> & { readonly items: readonly Observation[] | null };

/** A change of an Observation, as a merge patch (RFC 7396) that names the version it changes. */
export interface ObservationPatch {
  readonly metadata: {
    readonly resourceVersion: string | undefined;
    readonly labels?: Readonly<Record<string, string | null>>;
  };
  readonly spec?: object | undefined;
  readonly status?: object | undefined;
}

/** Reads and changes Observations that are there; no method retries. */
export class ObservationStore {
  readonly #api: Api;
  readonly #namespaces: readonly string[] | undefined;

  /** @param namespaces where Observations may lie; undefined: anywhere */
  constructor(api: Api, namespaces: readonly string[] | undefined) {
    this.#api = api;
    this.#namespaces = namespaces;
  }

  /**
   * One Observation; undefined when there is none.
   *
   * @throws ApiError
   */
  async get(ref: ObservationRef, signal: AbortSignal): Promise<Observation | undefined> {
    try {
      return await this.#api.request<Observation>({
        role: "read",
        method: "GET",
        path: resourcePath(OBSERVATIONS, ref.namespace, ref.name),
      }, signal);
    } catch (error) {
      if (isApiError(error, "not-found")) return undefined;
      throw error;
    }
  }

  /**
   * Every Observation that this program wrote and whose labels are these, page by page.
   *
   * @throws ApiError
   */
  async *list(
    labels: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncGenerator<Observation, void, undefined> {
    for (const namespace of this.#namespaces ?? [undefined]) {
      for await (const page of this.#pages(namespace, labels, false, signal)) yield* page;
    }
  }

  /**
   * How many there are of each value of a label; only their metadata is read.
   *
   * @param onBegun called when the first page is there: further ones show what there was at that time
   * @throws ApiError
   */
  async tally(
    label: string,
    onBegun: () => void,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    let isBegun = false;
    for (const namespace of this.#namespaces ?? [undefined]) {
      for await (const page of this.#pages(namespace, {}, true, signal)) {
        if (!isBegun) onBegun();
        isBegun = true;
        for (const { metadata } of page) {
          const value = metadata.labels?.[label];
          if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
        }
      }
    }
    return counts;
  }

  /**
   * Changes metadata and spec of an Observation, or with `subresource` its status.
   *
   * @throws ApiError; kind conflict when it is not as it was read, not-found when it is gone
   */
  async patch(
    ref: ObservationRef,
    patch: ObservationPatch,
    subresource: "status" | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly resourceVersion: string | undefined }> {
    const changed = await this.#api.request<Observation>({
      role: "write",
      method: "PATCH",
      path: resourcePath(OBSERVATIONS, ref.namespace, ref.name, subresource),
      body: patch,
    }, signal);
    return { resourceVersion: changed.metadata.resourceVersion };
  }

  /**
   * Deletes an Observation, unless it is no longer as it was read; false then, and when it is gone.
   *
   * @throws ApiError
   */
  async deleteUnchanged({ metadata }: Observation, signal: AbortSignal): Promise<boolean> {
    const { namespace, name, uid, resourceVersion } = metadata;
    try {
      await this.#api.request({
        role: "write",
        method: "DELETE",
        path: resourcePath(OBSERVATIONS, namespace, name),
        body: { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid, resourceVersion } },
      }, signal);
      return true;
    } catch (error) {
      if (isApiError(error, "not-found", "conflict")) return false;
      throw error;
    }
  }

  async *#pages(
    namespace: string | undefined,
    labels: Readonly<Record<string, string>>,
    isMetadataOnly: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Observation[], void, undefined> {
    const all = { [MANAGED_BY_LABEL]: MANAGED_BY, ...labels };
    let continueToken: string | undefined;
    do {
      const page = await this.#api.request<Page>({
        role: "read",
        method: "GET",
        path: resourcePath(OBSERVATIONS, namespace),
        query: {
          labelSelector: Object.entries(all).map(([name, value]) => `${name}=${value}`).join(","),
          limit: isMetadataOnly ? 5 * PAGE_LIMIT : PAGE_LIMIT,
          continue: continueToken,
        },
        isMetadataOnly,
      }, signal);
      // Of metadata alone an empty page has null for its items.
      yield page.items ?? [];
      continueToken = page.metadata.continue === "" ? undefined : page.metadata.continue;
    } while (continueToken !== undefined);
  }
}
