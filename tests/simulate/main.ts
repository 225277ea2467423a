/**
 * Simulates the program's own code on a virtual clock against a model of the API server, in many seeded schedules of faults,
 * and judges every write by the promises.
 *
 * Exits with 0 when everything held, 1 when something did not, 2 for a mistake in how it was called.
 */
import { readFlags, type Request, USAGE } from "./flags.ts";
import { runMutations } from "./run_mutations.ts";
import { runSchedules } from "./run_schedules.ts";
import { scheduleOf } from "./schedule.ts";
import { type Outcome, Simulation } from "./simulation.ts";
import { lineOf } from "./tally.ts";

const PROGRESS_MILLISECONDS = 2000;
const LAST_LINES = 60;

const request = readRequest();
switch (request.kind) {
  case "replay":
    Deno.exit(await replay(request.seed));
    break;
  case "mutations":
    Deno.exit(await runMutations(request, console.log) ? 0 : 1);
    break;
  case "schedules":
    Deno.exit(await simulate(request));
    break;
  default:
    request satisfies never;
}

function readRequest(): Request {
  try {
    return readFlags(Deno.args, navigator.hardwareConcurrency);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    Deno.exit(2);
  }
}

async function simulate(batch: Extract<Request, { readonly kind: "schedules" }>): Promise<number> {
  const startedAt = performance.now();
  const seconds = (): number => (performance.now() - startedAt) / 1000;
  let saidAt = startedAt;
  let told = 0;
  const tally = await runSchedules(batch, (sofar) => {
    for (const { seed, invariant, message } of sofar.violations.slice(told)) {
      console.log(`Seed ${seed} violates ${invariant}: ${message}`);
      told++;
    }
    if (performance.now() - saidAt < PROGRESS_MILLISECONDS) return;
    saidAt = performance.now();
    console.log(lineOf(sofar, seconds()));
  });
  console.log(lineOf(tally, seconds()));
  const [first] = tally.violations;
  if (first === undefined) return 0;
  if (batch.keepsGoing) {
    const byInvariant = Map.groupBy(tally.violations, ({ invariant }) => invariant);
    for (const [invariant, found] of byInvariant) {
      console.log(
        `${invariant}: ${found.length}, seeds ${found.slice(0, 10).map(({ seed }) => seed).join(" ")}`,
      );
    }
  }
  const outcome = await run(first.seed);
  console.log(outcome.trace.slice(-LAST_LINES).join("\n"));
  say(outcome);
  console.log(`Replay: deno task simulate --replay ${first.seed}`);
  return 1;
}

async function replay(seed: number): Promise<number> {
  const outcome = await run(seed);
  const { replicas, timings, namespaces, faultsEndAt, trouble, slowMilliseconds } = scheduleOf(seed);
  console.log(
    JSON.stringify({ seed, replicas, timings, namespaces, faultsEndAt, trouble, slowMilliseconds }),
  );
  console.log(outcome.trace.join("\n"));
  say(outcome);
  return outcome.violation === undefined ? 0 : 1;
}

function run(seed: number): Promise<Outcome> {
  return new Simulation(scheduleOf(seed), true).run();
}

function say({ seed, violation, signals, excused }: Outcome): void {
  if (violation === undefined) {
    console.log(`Seed ${seed}: everything held; ${signals} signals, ${excused} lost with their history`);
    return;
  }
  console.log(`Violated: ${violation.invariant}`);
  console.log(`Seed: ${seed}, at ${violation.at.toFixed(1)} ms`);
  console.log(violation.message);
}
