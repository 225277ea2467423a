/**
 * What a request is for. Each role has connections of its own, so that a storm of writes cannot starve the lease.
 */
export type Role = "lease" | "watch" | "read" | "write";

/** One request to the API server. */
export interface ApiRequest {
  readonly role: Role;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute path, e.g. `/api/v1/events`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** For PATCH; default `application/merge-patch+json`. */
  readonly contentType?: string | undefined;
  /** True: of a list only the metadata of its items is sent (PartialObjectMetadataList). */
  readonly isMetadataOnly?: boolean | undefined;
  /** Deadline of the whole request; default 30 s. */
  readonly timeoutMilliseconds?: number | undefined;
  /** Is handed the headers of an answer that is a success, as soon as they are there. */
  readonly onHeaders?: ((headers: Headers) => void) | undefined;
}

/** Access to one API server. Every method throws {@link ApiError} when the answer is no success. */
export interface Api {
  /** Sends a request; resolves to the parsed JSON of the answer. */
  request<T = unknown>(request: ApiRequest, signal: AbortSignal): Promise<T>;
  /** Opens a stream (watch, log); only its start has a deadline. The caller consumes or cancels it. */
  stream(request: ApiRequest, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
}

/** metadata of any object, as far as we read it. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly generation?: number | undefined;
  readonly creationTimestamp?: string | undefined;
  readonly deletionTimestamp?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** Any object of the API. */
export interface KubeObject {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
  readonly metadata: ObjectMeta;
}

/** One page of a list. */
export interface KubeList<T> {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly T[];
}

/** Path of a resource: `/api/v1/...` for the core group, `/apis/<group>/<version>/...` else. */
export function resourcePath(
  gvr: { readonly group: string; readonly version: string; readonly resource: string },
  namespace?: string,
  name?: string,
  subresource?: string,
): string {
  const base = gvr.group === "" ? `/api/${gvr.version}` : `/apis/${gvr.group}/${gvr.version}`;
  const parts = [base];
  if (namespace !== undefined && namespace !== "") parts.push("namespaces", encodeURIComponent(namespace));
  parts.push(gvr.resource);
  if (name !== undefined) parts.push(encodeURIComponent(name));
  if (subresource !== undefined) parts.push(subresource);
  return parts.join("/");
}
