import type { Json } from "../model/json.ts";
import type { Severity } from "../model/severity.ts";
import { severityWord } from "./severity_word.ts";

/** A tool's words in lower case, and what they mean; undefined when the Ingester says nothing of it. */
export type WordMap<T> = ReadonlyMap<string, T> | undefined;

/** Where tools write how bad something is. */
const SEVERITY_FIELDS = ["severity", "level", "priority"];
const PRIORITY_FIELDS = ["priority", "severity", "level"];

/** `severityMap` or `priority` of an Ingester: words are compared without regard to case. */
export function wordMap<T>(words: Readonly<Record<string, T>> | undefined): WordMap<T> {
  if (words === undefined) return undefined;
  return new Map(Object.entries(words).map(([word, meaning]) => [word.trim().toLowerCase(), meaning]));
}

/**
 * The severity of a finding. The word is what was mapped to severity; else, of severity, level and priority of the payload and
 * the severity that the preset found, the first that the map knows. A word that is none leaves the severity as it is.
 *
 * @param word a field of the payload by its name
 */
export function mapSeverity(
  found: Severity,
  mapped: Json | undefined,
  words: WordMap<Severity>,
  word: (name: string) => Json | undefined,
): Severity {
  if (mapped !== undefined) return meaningOf(mapped, words) ?? severityWord(mapped) ?? found;
  if (words === undefined) return found;
  return firstMeaning([...SEVERITY_FIELDS.map(word), found], words) ?? found;
}

/**
 * The priority of a finding, from 0 to 1; undefined when nothing says one. The word is what was mapped to priority, which may
 * be the number itself; else, of priority, severity and level of the payload and the severity, the first that the map knows.
 */
export function mapPriority(
  severity: Severity,
  mapped: Json | undefined,
  words: WordMap<number>,
  word: (name: string) => Json | undefined,
): number | undefined {
  if (mapped !== undefined) {
    const number = typeof mapped === "number" && mapped >= 0 && mapped <= 1 ? mapped : undefined;
    return meaningOf(mapped, words) ?? number;
  }
  if (words === undefined) return undefined;
  return firstMeaning([...PRIORITY_FIELDS.map(word), severity], words);
}

function firstMeaning<T>(candidates: readonly (Json | undefined)[], words: WordMap<T>): T | undefined {
  for (const candidate of candidates) {
    const meaning = meaningOf(candidate, words);
    if (meaning !== undefined) return meaning;
  }
  return undefined;
}

function meaningOf<T>(value: Json | undefined, words: WordMap<T>): T | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  return words?.get(String(value).trim().toLowerCase());
}
