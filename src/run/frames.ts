import { createHash } from "node:crypto";

/**
 * Records in a file of which any byte may be torn or flipped: RS (0x1e), a version, the length and a checksum of what
 * follows, the text, LF. JSON holds neither RS nor LF, so a reader that has lost its place finds the next record.
 */
const RS = 0x1e;
const LF = 0x0a;
const VERSION = "z1";
const LENGTH_DIGITS = 8;
const SUM_DIGITS = 16;
const HEADER_BYTES = 1 + VERSION.length + 1 + LENGTH_DIGITS + 1 + SUM_DIGITS + 1;
const HEADER = new RegExp(`^${VERSION} ([0-9a-f]{${LENGTH_DIGITS}}) ([0-9a-f]{${SUM_DIGITS}}) $`);

/** How many bytes a record takes beside its text. */
export const FRAME_OVERHEAD_BYTES: number = HEADER_BYTES + 1;

/** What lies at a place of a file. */
export type Frame =
  | { readonly kind: "record"; readonly at: number; readonly end: number; readonly text: string }
  /** Bytes that are no record any more. */
  | { readonly kind: "corrupt"; readonly at: number; readonly end: number }
  /** The end of a file whose writer was killed; it was never promised to anyone. */
  | { readonly kind: "torn"; readonly at: number; readonly end: number };

/** The bytes of one record. `text` must hold neither RS nor LF, as JSON without indentation does not. */
export function frame(text: string): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(text);
  const length = body.byteLength.toString(16).padStart(LENGTH_DIGITS, "0");
  const bytes = new Uint8Array(FRAME_OVERHEAD_BYTES + body.byteLength);
  bytes[0] = RS;
  bytes.set(new TextEncoder().encode(`${VERSION} ${length} ${checksum(body)} `), 1);
  bytes.set(body, HEADER_BYTES);
  bytes[bytes.byteLength - 1] = LF;
  return bytes;
}

/** Everything that lies in a file, in its order; a record is given only when its checksum is right. */
export function* framesOf(bytes: Uint8Array): Generator<Frame> {
  let at = 0;
  while (at < bytes.byteLength) {
    const record = recordAt(bytes, at);
    if (record !== undefined) {
      yield record;
      at = record.end;
      continue;
    }
    const next = nextRecord(bytes, at + 1);
    const isTorn = next === bytes.byteLength && bytes[next - 1] !== LF;
    yield { kind: isTorn ? "torn" : "corrupt", at, end: next };
    at = next;
  }
}

/** The record that begins at a place; neither its RS nor its LF need be right, since length and checksum are. */
export function recordAt(bytes: Uint8Array, at: number): Extract<Frame, { kind: "record" }> | undefined {
  const from = at + HEADER_BYTES;
  if (from > bytes.byteLength) return undefined;
  const [, length = "", sum] = HEADER.exec(latin1(bytes.subarray(at + 1, from))) ?? [];
  if (sum === undefined) return undefined;
  const end = from + Number.parseInt(length, 16);
  // The LF belongs to it: without it the next one could not begin, and the writer may have been killed before it.
  if (end + 1 > bytes.byteLength) return undefined;
  const body = bytes.subarray(from, end);
  if (checksum(body) !== sum) return undefined;
  return { kind: "record", at, end: end + 1, text: new TextDecoder().decode(body) };
}

/** Where the next sound record begins; the end of the bytes when there is none. */
function nextRecord(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.byteLength; at++) {
    if (bytes[at] !== RS && bytes[at - 1] !== LF) continue;
    if (recordAt(bytes, at) !== undefined) return at;
  }
  return bytes.byteLength;
}

function checksum(body: Uint8Array): string {
  return createHash("sha256").update(body).digest("hex").slice(0, SUM_DIGITS);
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
