import type { ApiRequest } from "../../src/kube/api.ts";
import { customResourceDefinitions } from "../../src/model/crd.ts";
import { at, type Json, type JsonObject, listAt, textAt } from "../../src/model/json.ts";
import { LiveApi } from "./live_api.ts";

/** Where the API server publishes the schemas of our resources. */
export const OPEN_API = "/openapi/v3/apis/zen.kube-zen.io/v1alpha1";
/** Where it is asked about a right of oneself. */
export const ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/**
 * An API server in memory that has everything which the doctor looks for: version 1.36 with the time that `date` says, our
 * definitions, every right, no Ingester, no Lease.
 */
export function apiOf(date: () => number): LiveApi & Disposable {
  const api = Object.assign(new LiveApi(), { [Symbol.dispose]() {} });
  api.answer("/version", (request) => {
    request.onHeaders?.(new Headers({ date: new Date(date()).toUTCString() }));
    return { major: "1", minor: "36", gitVersion: "v1.36.3" };
  });
  api.answer("/apis/authentication.k8s.io/v1/selfsubjectreviews", () => ({
    status: { userInfo: { username: "system:serviceaccount:zen:zen-watcher" } },
  }));
  api.answer("/apis/zen.kube-zen.io/v1alpha1", () => ({
    resources: ["ingesters", "ingesters/status", "observations", "observations/status"].map((name) => ({
      name,
      kind: name.startsWith("ingesters") ? "Ingester" : "Observation",
      namespaced: true,
    })),
  }));
  api.answer("/api/v1", () => ({
    resources: ["events", "configmaps", "pods"].map((name) => ({ name, kind: name, namespaced: true })),
  }));
  api.answer(OPEN_API, () => openApi());
  api.answer(ACCESS_REVIEWS, () => ({ status: { allowed: true } }));
  api.answer("/apis/zen.kube-zen.io/v1alpha1/namespaces/zen/ingesters", () => ({ metadata: {}, items: [] }));
  return api;
}

/** What is published, as the API server makes it of our definitions. */
export function openApi(): { readonly components: { readonly schemas: Record<string, JsonObject> } } {
  const schemas = Object.fromEntries(
    customResourceDefinitions().map(({ spec }): [string, JsonObject] => {
      const kind = textAt(spec, "names", "kind") ?? "";
      const schema = at(listAt(spec, "versions")[0], "schema", "openAPIV3Schema") as JsonObject;
      return [`io.kube-zen.zen.v1alpha1.${kind}`, {
        ...structuredClone(schema),
        "x-kubernetes-group-version-kind": [{ group: "zen.kube-zen.io", kind, version: "v1alpha1" }],
      }];
    }),
  );
  return { components: { schemas } };
}

/** What is asked about in a review, as `verb group/resource namespace/name`. */
export function reviewed({ body }: ApiRequest): string {
  const attributes = at(body as Json, "spec", "resourceAttributes") ?? null;
  const text = (key: string): string => textAt(attributes, key) ?? "";
  const subresource = text("subresource") === "" ? "" : `/${text("subresource")}`;
  return `${text("verb")} ${text("group")}/${text("resource")}${subresource} ${text("namespace")}/${
    text("name")
  }`;
}
