import type { Json } from "../model/json.ts";
import { isSeverity, SEVERITIES, type Severity } from "../model/severity.ts";

/** A severity word of any case in our words; undefined for a word that is none, such as UNKNOWN, NONE or nothing. */
export function severityWord(value: Json | undefined): Severity | undefined {
  const word = typeof value === "string" ? value.trim().toLowerCase() : undefined;
  return isSeverity(word) ? word : undefined;
}

/** The worst of several severities; undefined when there are none. */
export function worstOf(severities: readonly Severity[]): Severity | undefined {
  return SEVERITIES.find((severity) => severities.includes(severity));
}
