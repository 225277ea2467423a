import type { Json } from "../../src/model/json.ts";
import type { Normalized } from "../../src/model/finding.ts";
import { seededRandom } from "../support/seeded_random.ts";
import type { Corpus } from "./corpus.ts";
import { checkPayload } from "./invariants.ts";
import { mutate } from "./mutate.ts";

/** The golden ratio in 32 bits: neighbouring rounds get seeds that are far apart. */
const STRIDE = 0x9e3779b1;

/** The mutated payload of one round: the same for the same seed and round. */
export function payloadOf(corpus: Corpus, seed: number, round: number): Json {
  const random = seededRandom(Math.imul(round, STRIDE) + seed);
  const { payloads } = corpus;
  return mutate(payloads[Math.floor(random() * payloads.length)] ?? null, random);
}

/** Checks one round, as the tool's own source and every fourth time as a source of another name. */
export function checkRound(corpus: Corpus, seed: number, round: number): readonly Normalized[] {
  const source = round % 4 === 3 ? "some-tool" : corpus.source;
  const payload = payloadOf(corpus, seed, round);
  // A payload that is generic is its own identity: there nothing but bookkeeping may change.
  const volatile = source === corpus.source ? corpus.volatile : [];
  return checkPayload(source, payload, volatile, seededRandom(round));
}
