import type { ApiError, ApiErrorKind } from "../kube/errors.ts";
import type { DeadLetterReason } from "../model/verdict.ts";

const REFUSALS: ReadonlyMap<ApiErrorKind, DeadLetterReason> = new Map<ApiErrorKind, DeadLetterReason>([
  ["bad-request", "refused"],
  ["too-large", "too_large"],
  ["invalid", "invalid"],
]);
const STALLS: ReadonlySet<ApiErrorKind> = new Set(["forbidden", "not-found"]);

/** Why the API server will never take an object (contract, section 5); undefined when it still may. */
export function refusalOf({ kind }: Pick<ApiError, "kind">): DeadLetterReason | undefined {
  return REFUSALS.get(kind);
}

/** True for what passes only when somebody gives a right or installs a definition; all the rest passes by itself. */
export function isStall({ kind }: Pick<ApiError, "kind">): boolean {
  return STALLS.has(kind);
}
