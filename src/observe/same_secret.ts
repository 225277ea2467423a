import { timingSafeEqual } from "node:crypto";
import { sha256 } from "../model/sha256.ts";

/** True when both texts are the same; takes as long whatever they are, and whatever their lengths. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(sha256(given), sha256(expected));
}
