import assert from "node:assert/strict";
import { parseOptions } from "./options.ts";

Deno.test("nothing given is what the help says", () => {
  assert.deepEqual(parseOptions([]), {
    kind: "options",
    options: {
      scenario: "rounds",
      rounds: undefined,
      seed: undefined,
      replicas: 2,
      seconds: 20,
      rate: 30,
      fleetingShare: 0.2,
      silenceSeconds: 1200,
      preStopSeconds: undefined,
      keep: false,
    },
  });
});

for (const seed of ["255", "0xff", "0xFF"]) {
  Deno.test(`a seed may be ${seed}`, () => {
    const parsed = parseOptions(["--seed", seed, "--rounds=1", "--keep"]);
    assert.ok(parsed.kind === "options");
    assert.deepEqual([parsed.options.seed, parsed.options.rounds, parsed.options.keep], [255, 1, true]);
  });
}

Deno.test("a pod may be asked to stop at once", () => {
  const parsed = parseOptions(["--scenario=upgrade", "--pre-stop=0"]);
  assert.ok(parsed.kind === "options");
  assert.deepEqual([parsed.options.scenario, parsed.options.preStopSeconds], ["upgrade", 0]);
});

Deno.test("all mistakes are said at once", () => {
  assert.deepEqual(parseOptions(["--rounds", "0", "--replicas", "4", "--seed=x", "--scenario=none"]), {
    kind: "mistakes",
    mistakes: [
      '--scenario must be one of rounds, crash, hand-over, outage, quiet, restored, upgrade, given "none"',
      '--rounds must be a whole number from 1 to 100000, given "0"',
      '--seed must be a whole number from 0 to 4294967295, given "x"',
      '--replicas must be a whole number from 2 to 3, given "4"',
    ],
  });
});

for (const args of [["--unknown"], ["round"], ["--seed"]]) {
  Deno.test(`${args.join(" ")} is a mistake`, () => {
    assert.equal(parseOptions(args).kind, "mistakes");
  });
}

Deno.test("help is help, whatever else is given", () => {
  assert.equal(parseOptions(["--help", "--rounds", "0"]).kind, "help");
});
