/**
 * Reads mutated real payloads with every normalizer and checks what must hold of each; ends with 1 at the first that fails.
 *
 * Usage: main.ts [--rounds N] [--seed N] [--only SOURCE] [--from ROUND]
 *
 * A failure names its seed and round: `--only SOURCE --seed N --from ROUND --rounds 1` shows it again.
 */
import { parseArgs } from "node:util";
import { corpora } from "./corpus.ts";
import { checkRound, payloadOf } from "./round.ts";

const PROGRESS_EVERY = 10_000;
const MAX_SHOWN = 4000;

const { values } = parseArgs({
  args: Deno.args,
  options: {
    rounds: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    from: { type: "string", default: "0" },
  },
});
const [rounds, seed, from] = [values.rounds, values.seed, values.from].map(Number) as [
  number,
  number,
  number,
];
const chosen = corpora().filter(({ source }) => values.only === undefined || source === values.only);
if (
  ![rounds, seed, from].every((number) => Number.isSafeInteger(number) && number >= 0) || chosen.length === 0
) {
  const sources = corpora().map(({ source }) => source).join(", ");
  console.error(
    `Cannot fuzz: --rounds, --seed and --from must be whole numbers, --only one of ${sources}; given ${
      Deno.args.join(" ")
    }`,
  );
  Deno.exit(2);
}
for (const corpus of chosen) {
  const started = performance.now();
  const counts = { finding: 0, filtered: 0, rejected: 0 };
  for (let round = from; round < from + rounds; round++) {
    try {
      for (const { kind } of checkRound(corpus, seed, round)) counts[kind]++;
    } catch (error) {
      console.error(`\n${corpus.source}: seed ${seed}, round ${round} failed`);
      console.error(error instanceof Error ? error.stack ?? error.message : error);
      console.error(JSON.stringify(payloadOf(corpus, seed, round)).slice(0, MAX_SHOWN));
      Deno.exit(1);
    }
    const done = round - from + 1;
    if (done % PROGRESS_EVERY === 0 && done < rounds) console.log(`${corpus.source}: ${done} of ${rounds}`);
  }
  const { finding, filtered, rejected } = counts;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${corpus.source}: ${rounds} payloads, ${finding} findings, ${filtered} filtered, ${rejected} rejected, ${seconds} s`,
  );
}
