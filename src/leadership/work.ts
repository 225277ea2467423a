import type { Lead } from "./elector.ts";
import type { Term } from "./term.ts";

/** The work of one term while it goes on, and how it ended. */
export class Work {
  #outcome: { readonly error: unknown } | undefined;

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
}
