import type { Json } from "../model/json.ts";
import { parseJson } from "../model/parse_json.ts";
import type { BodyShare } from "./body_memory.ts";

/** The bytes of a body, or why they are not there. */
export type BodyBytes =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "too-large"; readonly detail: string }
  /** All bodies together are too large now; it may find room later. */
  | { readonly kind: "no-room"; readonly detail: string }
  /** The sender went away, or the program stops, before all of it was there. */
  | { readonly kind: "incomplete"; readonly detail: string };

/** What a body says. */
export type BodyContent =
  | { readonly kind: "json"; readonly value: Json }
  | { readonly kind: "invalid"; readonly detail: string };

const JSON_TYPE = /^application\/(json|[a-z0-9!#$&^_.+-]+\+json)$/;
const CHARSETS: readonly string[] = ["utf-8", "utf8", "us-ascii"];

/** Reads a body of at most `maxBytes` bytes into its share of the memory; more is not read. */
export async function readBody(
  request: Request,
  { maxBytes, share }: { readonly maxBytes: number; readonly share: BodyShare },
  signal: AbortSignal,
): Promise<BodyBytes> {
  const announced = Number(request.headers.get("Content-Length") ?? 0);
  const bytes = announced > maxBytes
    ? "too-large"
    : share.hasRoom(announced)
    ? await readBytes(request.body, { maxBytes, share }, signal)
    : "no-room";
  switch (bytes) {
    case "too-large":
      return { kind: bytes, detail: `A body must not be larger than ${maxBytes} bytes` };
    case "no-room":
      return { kind: bytes, detail: "Too many bodies are being read now" };
    case "incomplete":
      return { kind: bytes, detail: "The body ended early" };
    default:
      return { kind: "bytes", bytes };
  }
}

/** What the headers say of a body that cannot be taken, in a sentence; undefined when all can: UTF-8 JSON, not encoded. */
export function unsupportedIn(headers: Headers): string | undefined {
  const encoding = headers.get("Content-Encoding")?.trim().toLowerCase() ?? "";
  if (encoding !== "" && encoding !== "identity") {
    return `A body must not be encoded; Content-Encoding is ${short(encoding)}`;
  }
  const [type = "", ...parameters] = (headers.get("Content-Type") ?? "").toLowerCase().split(";");
  if (!JSON_TYPE.test(type.trim())) {
    return `A body must be application/json or application/*+json; Content-Type is ${
      short(type.trim() || "missing")
    }`;
  }
  const charset = parameters.map((parameter) => /^charset="?([^"]*)"?$/.exec(parameter.trim())?.[1])
    .find((found) => found !== undefined);
  if (charset !== undefined && !CHARSETS.includes(charset)) {
    return `A body must be UTF-8; the charset is ${short(charset)}`;
  }
  return undefined;
}

async function readBytes(
  stream: ReadableStream<Uint8Array> | null,
  { maxBytes, share }: { readonly maxBytes: number; readonly share: BodyShare },
  signal: AbortSignal,
): Promise<Uint8Array | "too-large" | "no-room" | "incomplete"> {
  if (stream === null) return new Uint8Array();
  const reader = stream.getReader();
  let cancelled: Promise<void> | undefined;
  const cancel = (): void => {
    cancelled ??= reader.cancel().catch(() => {});
  };
  signal.addEventListener("abort", cancel, { once: true });
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    if (signal.aborted) cancel();
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) return "incomplete";
      if (done) return joined(chunks, length);
      length += value.byteLength;
      if (length > maxBytes) {
        cancel();
        return "too-large";
      }
      if (!share.grow(value.byteLength)) {
        cancel();
        return "no-room";
      }
      chunks.push(value);
    }
  } catch {
    return "incomplete";
  } finally {
    signal.removeEventListener("abort", cancel);
    await cancelled;
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined) return first;
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}

/** Parses the bytes of a body. */
export function parseBody(bytes: Uint8Array): BodyContent {
  if (bytes.byteLength === 0) return { kind: "invalid", detail: "A body is needed" };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { kind: "invalid", detail: "The body is not UTF-8" };
  }
  try {
    return { kind: "json", value: parseJson(text) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { kind: "invalid", detail: `The body is not JSON: ${short(error.message)}` };
  }
}

function short(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`;
}
