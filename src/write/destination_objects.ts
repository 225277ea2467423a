import { type Api, resourcePath } from "../kube/api.ts";
import { discover, type DiscoveredResource } from "../kube/discovery.ts";
import { ApiError } from "../kube/errors.ts";
import type { GroupVersionResource } from "../model/ingester.ts";
import { type Observation, OBSERVATIONS } from "../model/observation.ts";
import type { Clock } from "../run/clock.ts";
import { gvrText } from "./destination.ts";

/** What a create sends, and where. */
export interface DestinationObject {
  readonly path: string;
  readonly body: unknown;
}

/** What is known of a resource is asked for again after so long: it may be defined anew. */
const KNOWN_MILLISECONDS = 30_000;

/** Makes of an Observation the object that is created in a destination: its own kind, the same name, labels and spec. */
export class DestinationObjects {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly resource: DiscoveredResource; readonly since: number }>();

  constructor(parts: { readonly api: Api; readonly clock: Clock }) {
    this.#api = parts.api;
    this.#clock = parts.clock;
  }

  /**
   * @param gvr undefined: Observations
   * @throws ApiError; of kind not-found when the API server does not serve it in namespaces
   */
  async of(
    observation: Observation,
    gvr: GroupVersionResource | undefined,
    signal: AbortSignal,
  ): Promise<DestinationObject> {
    const { name, namespace, labels } = observation.metadata;
    if (gvr === undefined) {
      return { path: resourcePath(OBSERVATIONS, namespace), body: observation };
    }
    const { kind } = await this.#resource(gvr, signal);
    const body = {
      apiVersion: `${gvr.group}/${gvr.version}`,
      kind,
      metadata: { name, namespace, labels },
      spec: observation.spec,
    };
    return { path: resourcePath(gvr, namespace), body };
  }

  async #resource(gvr: GroupVersionResource, signal: AbortSignal): Promise<DiscoveredResource> {
    const key = gvrText(gvr);
    const now = this.#clock.monotonic();
    const known = this.#known.get(key);
    if (known !== undefined && now - known.since < KNOWN_MILLISECONDS) return known.resource;
    const resource = await discover(this.#api, gvr, signal);
    if (resource === undefined || !resource.isNamespaced) {
      this.#known.delete(key);
      const what = resource === undefined ? "the API server does not serve it" : "it is not namespaced";
      throw new ApiError(`Cannot write to destination ${key}: ${what}`, {
        code: 404,
        subject: "destinations",
      });
    }
    this.#known.set(key, { resource, since: now });
    return resource;
  }
}
