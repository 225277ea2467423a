import { seededRandom } from "../support/seeded_random.ts";

/** Choices that are the same for the same seed. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** One of several, which must not be none. */
  oneOf<T>(all: readonly T[]): T;
  /** True in `share` of the cases. */
  isIn(share: number): boolean;
  /** Another one, whose choices do not change with how many were made here. */
  fork(name: string): Random;
}

/** Starts the choices of a seed, a whole number of 32 bits. */
export function randomOf(seed: number): Random {
  const next = seededRandom(seed);
  return {
    next,
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    oneOf(all) {
      const one = all[Math.floor(next() * all.length)];
      if (one === undefined) throw new Error("Cannot choose: there must be something to choose from");
      return one;
    },
    isIn: (share) => next() < share,
    fork: (name) => randomOf(mixed(seed, name)),
  };
}

/** The seed of one of several rounds; that of the first is the seed itself, so that a round can be played again alone. */
export function seedOfRound(seed: number, index: number): number {
  return (seed + Math.imul(index, 0x9e3779b1)) >>> 0;
}

/** As it is printed and given: hexadecimal. */
export function seedText(seed: number): string {
  return `0x${seed.toString(16).padStart(8, "0")}`;
}

/** FNV-1a over a name, from a seed. */
function mixed(seed: number, name: string): number {
  let hash = (seed ^ 0x811c9dc5) >>> 0;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
