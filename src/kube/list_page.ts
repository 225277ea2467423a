import { isJsonObject } from "../model/json.ts";
import type { KubeList, KubeObject } from "./api.ts";
import { isApiError } from "./errors.ts";
import { isObject } from "./watch_event.ts";
import type { Watched } from "./watcher_stream.ts";

/** Which page of a list (KEP-365). */
export interface PageRequest {
  /** Absent: the first. */
  readonly continueToken?: string;
  readonly limit: number;
}

/** What came of asking for one. */
export type Page =
  | { readonly kind: "page"; readonly objects: readonly KubeObject[]; readonly next: PageRequest }
  /** The last one; `resourceVersion` is that of the list. */
  | { readonly kind: "last"; readonly objects: readonly KubeObject[]; readonly resourceVersion: string }
  /** More than we read at once: the same with fewer. */
  | { readonly kind: "too-large"; readonly smaller: PageRequest }
  | { readonly kind: "malformed"; readonly error: Error };

/** How the first page is asked for: its objects may be large, and tell how many the next may have. */
export const FIRST_PAGE: PageRequest = { limit: 50 };
const MAX_LIMIT = 500;
/** What a page should stay below, so that a list of large reports does not fill the memory. */
const PAGE_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MILLISECONDS = 60_000;
const SAMPLE = 5;

/**
 * Asks for one page of a list.
 *
 * @throws ApiError
 */
export async function listPage(
  { path, selectors, api }: Watched,
  asked: PageRequest,
  signal: AbortSignal,
): Promise<Page> {
  let page: KubeList<KubeObject>;
  try {
    page = await api.request<KubeList<KubeObject>>({
      role: "read",
      method: "GET",
      path,
      query: { ...selectors, limit: asked.limit, continue: asked.continueToken },
      timeoutMilliseconds: TIMEOUT_MILLISECONDS,
    }, signal);
  } catch (error) {
    if (!isApiError(error, "too-large") || asked.limit <= 1) throw error;
    return { kind: "too-large", smaller: { ...asked, limit: Math.ceil(asked.limit / 4) } };
  }
  if (!Array.isArray(page?.items) || !isJsonObject(page.metadata)) {
    return { kind: "malformed", error: new Error(`Cannot list ${path}: no items`) };
  }
  const objects = page.items.filter(isObject);
  const { continue: continueToken = "", resourceVersion = "0" } = page.metadata;
  return continueToken === ""
    ? { kind: "last", objects, resourceVersion }
    : { kind: "page", objects, next: { continueToken, limit: nextLimit(page.items) } };
}

function nextLimit(items: readonly KubeObject[]): number {
  const sample = items.slice(0, SAMPLE);
  if (sample.length === 0) return MAX_LIMIT;
  const bytes = sample.reduce((sum, item) => sum + JSON.stringify(item).length, 0) / sample.length;
  return Math.min(MAX_LIMIT, Math.max(1, Math.floor(PAGE_BYTES / bytes)));
}
