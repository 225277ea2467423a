import { createHash, timingSafeEqual } from "node:crypto";

/** True when both texts are the same; takes as long whatever they are, and whatever their lengths. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
