import { base32 } from "../model/base32.ts";
import { sha256 } from "../model/sha256.ts";

const LEGAL = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** The text as a label value; its hash where it is no legal one (or longer than 63). */
export function labelValue(text: string): string {
  return LEGAL.test(text) ? text : shortHash(text, 26);
}

/** The value of label ingester: `<namespace>.<name>`; above 63 its first 46, "-", and 16 of its hash. */
export function ingesterLabel(namespace: string, name: string): string {
  const text = `${namespace}.${name}`;
  return text.length <= 63 ? text : `${text.slice(0, 46)}-${shortHash(text, 16)}`;
}

/** The first `length` base32 characters of the text's SHA-256. */
export function shortHash(text: string, length: number): string {
  return base32(sha256(text)).slice(0, length);
}
