import { createHash } from "node:crypto";
import type { Finding } from "../model/finding.ts";
import type { Json } from "../model/json.ts";
import { base32 } from "./base32.ts";
import { canonicalJson } from "./canonical_json.ts";

/** Who a finding is: the same on every replica and after every restart. */
export interface Fingerprint {
  /** SHA-256, hexadecimal, 64 characters. */
  readonly hash: string;
  /** metadata.name of its Observation. */
  readonly name: string;
}

/** SHA-256 of a text (UTF-8). */
export function sha256(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

/**
 * The fingerprint of a finding: SHA-256 over the canonical JSON of source and identity, and for what happens in time
 * the number and length of its window. It depends on nothing but what was seen (promise P2).
 *
 * @param source `spec.source` of the Ingester
 * @param signalTime the signal's own time, in milliseconds since 1970
 * @param windowSeconds length of the window
 */
export function fingerprint(
  source: string,
  finding: Pick<Finding, "identity" | "isWindowed">,
  signalTime: number,
  windowSeconds: number,
): Fingerprint {
  const hashed: Json[] = [source, ...finding.identity];
  if (finding.isWindowed) hashed.push(Math.floor(signalTime / (windowSeconds * 1000)), windowSeconds);
  const digest = sha256(canonicalJson(hashed));
  return {
    hash: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    name: `${source.slice(0, 20).replace(/-+$/, "")}-${base32(digest.subarray(0, 16))}`,
  };
}
