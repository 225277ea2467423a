/** What is said when an allowance is spent. */
export const TOO_MUCH_WORK =
  "it does more work than one evaluation may: its loops, or the texts it reads, are too large";

/** An expression did more work than it may. */
export class AllowanceError extends Error {
  override readonly name = "AllowanceError";
}

/**
 * The work that one evaluation may do, in units of about 50 ns; it takes from that of its signal, so that a signal of
 * many findings cannot hold the event loop either.
 */
export interface Allowance {
  left: number;
}

/** For one evaluation: about 5 ms. */
export const EVALUATION_UNITS = 100_000;
/** For all evaluations over one signal: about 100 ms. */
export const SIGNAL_UNITS = 2_000_000;

/**
 * Takes units away.
 *
 * @throws AllowanceError when there are not so many left
 */
export function spend(allowance: Allowance, units: number): void {
  allowance.left -= units;
  if (!(allowance.left >= 0)) {
    throw new AllowanceError(TOO_MUCH_WORK);
  }
}

/** What it costs to look at a value as a whole, up to `most`; walks without recursion. */
export function weigh(value: unknown, most: number): number {
  let units = 0;
  const waiting: unknown[] = [value];
  while (waiting.length > 0 && units <= most) {
    const here = waiting.pop();
    units += 1 + shallow(here);
    if (typeof here !== "object" || here === null) continue;
    const below = here instanceof Map ? here.values() : Object.values(here);
    if (!ArrayBuffer.isView(here)) { for (const child of below) waiting.push(child); }
  }
  return units;
}

/** What it costs to go through a text, a list or the keys of a map once, without what lies below. */
export function shallow(value: unknown): number {
  if (typeof value === "string") return value.length >>> 6;
  if (typeof value !== "object" || value === null) return 0;
  if (Array.isArray(value)) return value.length;
  if (ArrayBuffer.isView(value)) return value.byteLength >>> 6;
  if (value instanceof Map || value instanceof Set) return value.size;
  return Object.keys(value).length;
}
