import assert from "node:assert/strict";
import { compileLimits } from "../../src/ingesters/compile_limits.ts";
import type { IngesterSpec } from "../../src/model/ingester.ts";

Deno.test("What an Ingester says of limits, with its defaults", () => {
  const cases: readonly [Partial<IngesterSpec>, object][] = [
    [{}, {}],
    [{ budget: {} }, {}],
    [{ budget: { maxObservations: 0 } }, { budget: undefined }],
    [{ budget: { maxObservations: 5, onExceed: "reject" } }, {
      budget: { maxObservations: 5, onExceed: "reject" },
    }],
    [{ rateLimit: { requestsPerSecond: 5, burst: 20 } }, { rateLimit: { requestsPerSecond: 5, burst: 20 } }],
    [{ rateLimit: { requestsPerSecond: 2.5 } }, { rateLimit: { requestsPerSecond: 2.5, burst: 3 } }],
    [{ rateLimit: { requestsPerSecond: 0.1 } }, { rateLimit: { requestsPerSecond: 0.1, burst: 1 } }],
    [{ errorHandling: {} }, { errorHandling: { retry: undefined, keepsDeadLetters: true } }],
    [
      { errorHandling: { deadLetter: false, retry: {} } },
      {
        errorHandling: {
          retry: { maxAttempts: undefined, backoff: "exponential", baseMilliseconds: 50 },
          keepsDeadLetters: false,
        },
      },
    ],
    [
      { errorHandling: { retry: { maxAttempts: 4, backoff: "constant", backoffBase: "1m30s" } } },
      {
        errorHandling: {
          retry: { maxAttempts: 4, backoff: "constant", baseMilliseconds: 90_000 },
          keepsDeadLetters: true,
        },
      },
    ],
    [
      { errorHandling: { retry: { backoffBase: "0" } } },
      {
        errorHandling: {
          retry: { maxAttempts: undefined, backoff: "exponential", baseMilliseconds: 1 },
          keepsDeadLetters: true,
        },
      },
    ],
  ];
  const usual = { budget: { maxObservations: 50_000, onExceed: "rollup" } };
  for (const [spec, expected] of cases) {
    const compiled = { budget: undefined, ...compileLimits({ source: "own", ...spec }, undefined) };
    assert.deepEqual(compiled, { ...usual, ...expected });
  }
});
