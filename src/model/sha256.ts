import type { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** SHA-256 of a text (UTF-8). */
export function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** SHA-256 of a text (UTF-8), hexadecimal, 64 characters. */
export function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
