import assert from "node:assert/strict";
import { corpora } from "./corpus.ts";
import { shuffleKeys } from "./mutate.ts";
import { checkRound, payloadOf } from "./round.ts";
import { seededRandom } from "../support/seeded_random.ts";

const ROUNDS = 400;
const SEED = 20_260_101;

for (const corpus of corpora()) {
  Deno.test(`mutated payloads of ${corpus.source} are findings that hold, or are rejected`, () => {
    assert.ok(corpus.payloads.length > 0);
    const counts = { finding: 0, filtered: 0, rejected: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      try {
        for (const { kind } of checkRound(corpus, SEED, round)) counts[kind]++;
      } catch (error) {
        throw new Error(`seed ${SEED}, round ${round} of ${corpus.source}`, { cause: error });
      }
    }
    // Mutations that leave nothing to read would prove nothing.
    assert.ok(counts.finding > ROUNDS / 10 && counts.rejected > 0, JSON.stringify(counts));
  });
}

Deno.test("a round is the same each time, and others are others", () => {
  const [corpus] = corpora();
  assert.ok(corpus !== undefined);
  assert.deepEqual(payloadOf(corpus, 1, 7), payloadOf(corpus, 1, 7));
  const payloads = new Set(
    Array.from({ length: 50 }, (_, round) => JSON.stringify(payloadOf(corpus, 1, round))),
  );
  assert.ok(payloads.size > 45);
});

Deno.test("shuffled keys are the same keys", () => {
  const value = { a: 1, b: { c: [{ d: 1, e: 2 }], f: null } };
  assert.deepEqual(shuffleKeys(value, seededRandom(3)), value);
  assert.notEqual(
    JSON.stringify(shuffleKeys({ a: 1, b: 2, c: 3, d: 4 }, seededRandom(3))),
    '{"a":1,"b":2,"c":3,"d":4}',
  );
});
