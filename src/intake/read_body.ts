import type { Json } from "../model/json.ts";
import { parseJson } from "../model/parse_json.ts";

/** What the body of a request is. */
export type Body =
  | { readonly kind: "json"; readonly value: Json }
  | { readonly kind: "unsupported"; readonly detail: string }
  | { readonly kind: "too-large"; readonly detail: string }
  | { readonly kind: "invalid"; readonly detail: string }
  /** The sender went away, or the program stops, before all of it was there. */
  | { readonly kind: "incomplete"; readonly detail: string };

const JSON_TYPE = /^application\/(json|[a-z0-9!#$&^_.+-]+\+json)$/;
const CHARSETS: readonly string[] = ["utf-8", "utf8", "us-ascii"];

/** Reads and parses a body of JSON, of at most `maxBytes` bytes; more is not read. */
export async function readBody(request: Request, maxBytes: number, signal: AbortSignal): Promise<Body> {
  const unsupported = unsupportedIn(request.headers);
  if (unsupported !== undefined) return { kind: "unsupported", detail: unsupported };
  const tooLarge: Body = { kind: "too-large", detail: `A body must not be larger than ${maxBytes} bytes` };
  if (Number(request.headers.get("Content-Length") ?? 0) > maxBytes) return tooLarge;
  const bytes = await readBytes(request.body, maxBytes, signal);
  if (bytes === "too-large") return tooLarge;
  if (bytes === "incomplete") return { kind: "incomplete", detail: "The body ended early" };
  return parseBytes(bytes);
}

/** What the headers say that cannot be taken; undefined when all can. */
function unsupportedIn(headers: Headers): string | undefined {
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
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array | "too-large" | "incomplete"> {
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

function parseBytes(bytes: Uint8Array): Body {
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
