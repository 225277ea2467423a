import assert from "node:assert/strict";
import { ApiError, type ApiErrorKind, isApiError, isUnauthorized } from "../../src/kube/errors.ts";

Deno.test("What an answer means, and whether the same request may succeed later, is one table", () => {
  const cases: readonly [number, string, readonly string[], ApiErrorKind, boolean][] = [
    [0, "", [], "unreachable", true],
    [400, "BadRequest", [], "bad-request", false],
    [401, "Unauthorized", [], "unauthorized", true],
    [403, "Forbidden", [], "forbidden", false],
    [403, "Forbidden", ["NamespaceTerminating"], "namespace-terminating", false],
    [404, "NotFound", [], "not-found", false],
    [405, "MethodNotAllowed", [], "bad-request", false],
    [409, "AlreadyExists", [], "already-exists", false],
    [409, "Conflict", [], "conflict", false],
    [409, "", [], "conflict", false],
    [410, "Expired", [], "expired", false],
    [410, "Gone", [], "expired", false],
    [413, "RequestEntityTooLarge", [], "too-large", false],
    [422, "Invalid", [], "invalid", false],
    [429, "TooManyRequests", [], "throttled", true],
    // An ERROR of a watch may carry a reason with another code.
    [500, "Expired", [], "expired", false],
    [500, "InternalError", [], "server", true],
    [503, "", [], "server", true],
    [504, "Timeout", [], "server", true],
  ];
  for (const [code, reason, causes, kind, isPassing] of cases) {
    const error = new ApiError("no", { code, reason, causes });
    assert.deepEqual([error.kind, error.isPassing], [kind, isPassing], `${code} ${reason}`);
  }
});

Deno.test("What is not said is empty, and what was the cause stays", () => {
  const cause = new TypeError("connection reset");
  const error = new ApiError("Cannot GET /x", { code: 0 }, { cause });
  assert.deepEqual([error.reason, error.subject, error.retryAfterMilliseconds], ["", "", undefined]);
  assert.equal(error.cause, cause);
  assert.equal(error.name, "ApiError");
});

Deno.test("An error is asked for its kinds, and only an ApiError has one", () => {
  const error = new ApiError("no", { code: 404 });
  assert.equal(isApiError(error), true);
  assert.equal(isApiError(error, "conflict", "not-found"), true);
  assert.equal(isApiError(error, "conflict"), false);
  for (const other of [new Error("no"), { kind: "not-found" }, undefined]) {
    assert.equal(isApiError(other), false);
  }
});

Deno.test("Only 401 refuses who we are", () => {
  assert.equal(isUnauthorized({ status: 401 }), true);
  for (const status of [200, 400, 403, 404, 500]) assert.equal(isUnauthorized({ status }), false);
});
