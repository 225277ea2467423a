/** Choices from one stream of random numbers. */
export interface Chance {
  /** Whether something of this likelihood (0 to 1) is so. */
  is(likelihood: number): boolean;
  /** A number from `from` to below `to`. */
  between(from: number, to: number): number;
  /** A whole number from `from` to `to`, both possible. */
  whole(from: number, to: number): number;
  /** One of a list that is not empty. */
  oneOf<T>(list: readonly T[]): T;
}

/** Chooses by `random`. */
export function chanceOf(random: () => number): Chance {
  const whole = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
  return {
    is: (likelihood) => random() < likelihood,
    between: (from, to) => from + random() * (to - from),
    whole,
    oneOf: (list) => list[whole(0, list.length - 1)] as (typeof list)[number],
  };
}
