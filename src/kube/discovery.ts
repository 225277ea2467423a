import { at, listAt, textAt } from "../model/json.ts";
import type { GroupVersionResource } from "../model/ingester.ts";
import type { Api } from "./api.ts";
import { isApiError } from "./errors.ts";

/** What discovery says of one resource. */
export interface DiscoveredResource {
  readonly kind: string;
  readonly isNamespaced: boolean;
}

/**
 * Asks discovery (`GET /apis/<group>/<version>`) for a resource. A missing CRD is 403 on its own path for an account
 * without the right, so a refused list says nothing of whether the resource is there; discovery does.
 *
 * @returns undefined when the API server does not serve it
 * @throws ApiError when discovery itself fails
 */
export async function discover(
  api: Api,
  gvr: GroupVersionResource,
  signal: AbortSignal,
): Promise<DiscoveredResource | undefined> {
  const path = gvr.group === "" ? `/api/${gvr.version}` : `/apis/${gvr.group}/${gvr.version}`;
  let list: unknown;
  try {
    list = await api.request({ role: "read", method: "GET", path }, signal);
  } catch (error) {
    if (isApiError(error, "not-found")) return undefined;
    throw error;
  }
  const found = listAt(list, "resources").find((resource) => textAt(resource, "name") === gvr.resource);
  if (found === undefined) return undefined;
  return {
    kind: textAt(found, "kind") ?? gvr.resource,
    isNamespaced: at(found, "namespaced") === true,
  };
}
