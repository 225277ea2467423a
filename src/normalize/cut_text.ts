/** Longest title, in characters. */
export const MAX_TITLE_LENGTH = 256;
/** Longest description, in bytes of UTF-8. */
export const MAX_DESCRIPTION_BYTES = 4096;

/** Of a text of any length no more than its beginning is looked at, in UTF-16 units. */
const MAX_LOOKED_AT = 64 * 1024;
const MARK = "…";
const MARK_BYTES = 3;

/** A text that every JSON parser and terminal takes: no NUL, no half of a surrogate pair. */
export function cleanText(text: string): string {
  return text.replace(/[\0\p{Surrogate}]/gu, "");
}

/** One line of at most {@link MAX_TITLE_LENGTH} characters; what was longer ends in "…". */
export function cutTitle(text: string): string {
  const line = cleanText(text.slice(0, MAX_LOOKED_AT)).replace(/[\s\p{Control}]+/gu, " ").trim();
  return cutLength(line, MAX_TITLE_LENGTH);
}

/** Text of at most {@link MAX_DESCRIPTION_BYTES} bytes without control characters; what was longer ends in "…". */
export function cutDescription(text: string): string {
  const plain = cleanText(text.slice(0, MAX_LOOKED_AT)).replace(/\r\n?/g, "\n").replace(
    /[^\P{Control}\n\t]/gu,
    "",
  ).trim();
  return cutBytes(plain, MAX_DESCRIPTION_BYTES);
}

/** A clean text of at most `maxLength` UTF-16 units, never cut within a character. */
export function cutLength(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return cleanText(text.slice(0, maxLength - MARK.length)).trimEnd() + MARK;
}

/** A clean text of at most `maxBytes` bytes of UTF-8, never cut within a character. */
export function cutBytes(text: string, maxBytes: number): string {
  // No text needs more than three bytes for a UTF-16 unit.
  if (text.length * 3 <= maxBytes || new TextEncoder().encode(text).length <= maxBytes) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes - MARK_BYTES));
  return text.slice(0, read) + MARK;
}
