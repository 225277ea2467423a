/** A thread of the simulation: runs the seeds it is given and says what they came to. */
import { scheduleOf } from "./schedule.ts";
import { Simulation } from "./simulation.ts";
import { count, emptyTally } from "./tally.ts";

interface Given {
  readonly from: number;
  readonly count: number;
}

// Errors are made at every turn of a fault, and nobody reads here where.
Error.stackTraceLimit = 0;

const thread = globalThis as unknown as {
  onmessage: (event: MessageEvent<Given>) => void;
  postMessage(message: unknown): void;
};

thread.onmessage = async ({ data }) => {
  const tally = emptyTally();
  for (let seed = data.from; seed < data.from + data.count; seed++) {
    count(tally, await new Simulation(scheduleOf(seed), false).run());
  }
  thread.postMessage(tally);
};
