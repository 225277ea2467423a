import { base32 } from "../model/base32.ts";
import type { Finding } from "../model/finding.ts";
import type { Fingerprint } from "../model/fingerprint.ts";
import type { Json } from "../model/json.ts";
import { sha256 } from "../model/sha256.ts";
import { canonicalJson } from "../model/canonical_json.ts";

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
    hash: digest.toString("hex"),
    name: `${source.slice(0, 20).replace(/-+$/, "")}-${base32(digest.subarray(0, 16))}`,
  };
}
