import { isJsonObject, type Json, type JsonObject, textAt } from "../model/json.ts";

/** Lists in lists beyond this are no payload of anyone. */
const MAX_DEPTH = 3;

/** One signal out of a payload, or what cannot be one. */
export type Part =
  | { readonly kind: "object"; readonly payload: JsonObject }
  | { readonly kind: "other"; readonly value: Json | undefined };

/**
 * Splits a payload into its signals: every item of an array, of a `v1 List` and of a typed list (PolicyReportList), whose
 * items need not say what they are. An array without items holds no signal, and is one that is none.
 */
export function split(payload: Json | undefined): readonly Part[] {
  return splitAt(payload, 0);
}

function splitAt(payload: Json | undefined, depth: number): readonly Part[] {
  if (Array.isArray(payload)) {
    if (payload.length === 0 || depth > 0) return [{ kind: "other", value: payload }];
    return (payload as readonly Json[]).flatMap((item) => splitAt(item, depth + 1));
  }
  if (!isJsonObject(payload)) return [{ kind: "other", value: payload }];
  const listKind = textAt(payload, "kind");
  const apiVersion = textAt(payload, "apiVersion");
  if (listKind?.endsWith("List") !== true || apiVersion === undefined || !Object.hasOwn(payload, "items")) {
    return [{ kind: "object", payload }];
  }
  // Go writes a list that was never filled as null.
  const items = payload.items ?? [];
  if (!Array.isArray(items) || depth >= MAX_DEPTH) return [{ kind: "other", value: payload }];
  const itemKind = listKind.slice(0, -"List".length);
  const missing: JsonObject = itemKind === "" ? {} : { apiVersion, kind: itemKind };
  return (items as readonly Json[]).flatMap((item) =>
    splitAt(isJsonObject(item) ? { ...missing, ...item } : item, depth + 1)
  );
}
