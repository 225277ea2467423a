import { add, emptyTally, type Tally } from "./tally.ts";

/** How many seeds a thread is given at once. */
const CHUNK = 20;

/** Which schedules to run, and how. */
export interface Batch {
  readonly from: number;
  readonly count: number;
  readonly workers: number;
  /** True: a violation does not end it. */
  readonly keepsGoing: boolean;
}

/** Runs schedules on several threads; `onProgress` is called with what was counted so far, whenever some have ended. */
export async function runSchedules(batch: Batch, onProgress: (tally: Tally) => void): Promise<Tally> {
  const { from, count, workers, keepsGoing } = batch;
  const tally = emptyTally();
  let next = from;
  const end = from + count;
  const runOne = async (): Promise<void> => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    try {
      while (next < end && (keepsGoing || tally.violations.length === 0)) {
        const chunk = { from: next, count: Math.min(CHUNK, end - next) };
        next += chunk.count;
        add(tally, await answerTo(worker, chunk));
        onProgress(tally);
      }
    } finally {
      worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: workers }, runOne));
  tally.violations.sort((one, other) => one.seed - other.seed);
  return tally;
}

function answerTo(worker: Worker, message: unknown): Promise<Tally> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data as Tally);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`A thread of the simulation failed: ${event.message}`));
    };
    worker.postMessage(message);
  });
}
