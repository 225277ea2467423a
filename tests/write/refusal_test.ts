import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import type { DeadLetterReason } from "../../src/model/verdict.ts";
import { isStall, refusalOf } from "../../src/write/refusal.ts";

const ANSWERS: readonly (readonly [number, string, DeadLetterReason | undefined, boolean])[] = [
  [0, "", undefined, false],
  [400, "BadRequest", "refused", false],
  [401, "Unauthorized", undefined, false],
  [403, "Forbidden", undefined, true],
  [404, "NotFound", undefined, true],
  [409, "Conflict", undefined, false],
  [409, "AlreadyExists", undefined, false],
  [413, "RequestEntityTooLarge", "too_large", false],
  [422, "Invalid", "invalid", false],
  [429, "TooManyRequests", undefined, false],
  [500, "InternalError", undefined, false],
];

Deno.test("What is refused for good, and what waits for a person", () => {
  for (const [code, reason, refusal, stalls] of ANSWERS) {
    const error = new ApiError("no", { code, reason });
    assert.deepEqual([refusalOf(error), isStall(error)], [refusal, stalls], `${code} ${reason}`);
  }
});

Deno.test("A namespace that is going is neither: it is written elsewhere", () => {
  const error = new ApiError("no", { code: 403, reason: "Forbidden", causes: ["NamespaceTerminating"] });
  assert.deepEqual([refusalOf(error), isStall(error)], [undefined, false]);
});
