import type { ResourceReference } from "../model/observation.ts";
import { cleanText, cutLength } from "./cut_text.ts";

/** A reference without empty fields; undefined when none is left. */
export function resourceReference(fields: ResourceReference): ResourceReference | undefined {
  const { apiVersion, kind, name, namespace } = fields;
  const entries = Object.entries({ apiVersion, kind, name, namespace })
    .map(([field, value]) => [field, cutLength(cleanText(value ?? ""), field === "name" ? 1024 : 253)])
    .filter(([, value]) => value !== "");
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
