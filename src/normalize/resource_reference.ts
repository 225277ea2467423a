import type { ResourceReference } from "../model/observation.ts";
import { cleanText, cutLength } from "./cut_text.ts";

/** Of a text of any length no more than its beginning is looked at. */
const MAX_LOOKED_AT = 4096;

/** A reference without empty fields; undefined when none is left. */
export function resourceReference(fields: ResourceReference): ResourceReference | undefined {
  const { apiVersion, kind, name, namespace } = fields;
  const entries = Object.entries({ apiVersion, kind, name, namespace })
    .map((
      [field, value],
    ) => [field, cutLength(cleanText(value?.slice(0, MAX_LOOKED_AT) ?? ""), field === "name" ? 1024 : 253)])
    .filter(([, value]) => value !== "");
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
