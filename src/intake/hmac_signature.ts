import { createHmac, timingSafeEqual } from "node:crypto";

/** What a sender signed with, as its headers say. */
export type Signature =
  /** X-Hub-Signature-256: over the body. */
  | { readonly kind: "plain"; readonly macs: readonly Uint8Array[] }
  /** X-Signature: over `stamp`, a dot and the body; `milliseconds` since 1970 is what the stamp says. */
  | {
    readonly kind: "timed";
    readonly stamp: string;
    readonly milliseconds: number;
    readonly macs: readonly Uint8Array[];
  }
  | { readonly kind: "missing" }
  | { readonly kind: "malformed"; readonly detail: string };

const HUB = "X-Hub-Signature-256";
const TIMED = "X-Signature";
/** A sender that changes its secret may sign with both. */
const MOST_MACS = 4;

/** Reads the signature of a request; where both headers are given the stricter one stands. */
export function readSignature(headers: Headers): Signature {
  const timed = headers.get(TIMED);
  if (timed !== null) return readTimed(timed);
  const hub = headers.get(HUB);
  if (hub === null) return { kind: "missing" };
  const mac = macOf(/^sha256=(.*)$/i.exec(hub.trim())?.[1]);
  if (mac === undefined) {
    return { kind: "malformed", detail: `${HUB} must be sha256= and 64 hexadecimal digits` };
  }
  return { kind: "plain", macs: [mac] };
}

/**
 * Those MACs of a body under the secrets that the sender has shown, in hexadecimal; none when the signature is wrong. All are
 * computed and compared, so that the time does not tell which was near.
 */
export function matchingMacs(
  signature: Extract<Signature, { readonly kind: "plain" | "timed" }>,
  body: Uint8Array,
  secrets: readonly string[],
): readonly string[] {
  return secrets.map((secret) => {
    const hmac = createHmac("sha256", secret);
    if (signature.kind === "timed") hmac.update(`${signature.stamp}.`);
    return hmac.update(body).digest();
  }).filter((expected) => signature.macs.filter((given) => timingSafeEqual(given, expected)).length > 0)
    .map((mac) => mac.toString("hex"));
}

function readTimed(text: string): Signature {
  const malformed: Signature = {
    kind: "malformed",
    detail: `${TIMED} must be t=<seconds since 1970>,v1=<64 hexadecimal digits>`,
  };
  let stamp: string | undefined;
  const macs: Uint8Array[] = [];
  for (const part of text.split(",").map((one) => one.trim())) {
    const [, key, value = ""] = /^([a-z0-9]+)=(.*)$/.exec(part) ?? [];
    if (key === "t") {
      if (stamp !== undefined || !/^[0-9]{1,12}$/.test(value)) return malformed;
      stamp = value;
    } else if (key === "v1") {
      const mac = macOf(value);
      if (mac === undefined || macs.length === MOST_MACS) return malformed;
      macs.push(mac);
    } else if (key === undefined) return malformed;
  }
  if (stamp === undefined || macs.length === 0) return malformed;
  return { kind: "timed", stamp, milliseconds: Number(stamp) * 1000, macs };
}

function macOf(hex: string | undefined): Uint8Array | undefined {
  if (hex === undefined || !/^[0-9a-f]{64}$/i.test(hex)) return undefined;
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
