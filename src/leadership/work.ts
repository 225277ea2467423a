import { END_OF_WORK_MILLISECONDS, type Lead } from "./elector.ts";
import type { Term } from "./term.ts";

const HALF = END_OF_WORK_MILLISECONDS / 2;

/** The work of one term while it goes on, and how it ended. */
export class Work {
  #outcome: { readonly error: unknown } | undefined;
  #secondHalfFrom: number | undefined;

  private constructor() {}

  /** Starts the work; `onEnd` is called when it has ended, in whatever way. */
  static start(lead: Lead, term: Term, onEnd: () => void): Work {
    const work = new Work();
    const end = (error: unknown): void => {
      work.#outcome = { error };
      onEnd();
    };
    // Nobody awaits it: whoever waits for its end must be able to give up. It cannot reject.
    Promise.resolve().then(() => lead(term)).then(() => end(undefined), end);
    return work;
  }

  /** How it ended, with what it rejected; undefined while it goes on. */
  get outcome(): { readonly error: unknown } | undefined {
    return this.#outcome;
  }

  /**
   * How many milliseconds to wait for its end before asking again; 0 or less when it had its
   * {@link END_OF_WORK_MILLISECONDS}. The second half counts from when the first was found to be over: a process that was
   * stopped meanwhile and continued has that half to end its work in.
   *
   * @param askedAt when it was asked to end (monotonic)
   * @param now monotonic time
   */
  patience(askedAt: number, now: number): number {
    if (now < askedAt + HALF) return askedAt + HALF - now;
    this.#secondHalfFrom ??= now;
    return this.#secondHalfFrom + HALF - now;
  }
}
