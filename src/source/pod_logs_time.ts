/** A line of a log that was asked for with `timestamps=true`. */
export interface StampedLine {
  /** RFC 3339 with the digits that stood there; empty where the kubelet speaks itself, without one. */
  readonly timestamp: string;
  /** The same in nanoseconds since 1970; undefined where there is none. */
  readonly nanoseconds: bigint | undefined;
  readonly line: string;
}

const STAMP = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2}) ?/;
const NANOSECONDS_OF_A_MILLISECOND = 1_000_000n;
const NANOSECONDS_OF_A_SECOND = 1_000_000_000n;
const NANOSECOND_DIGITS = 9;

/** Takes the timestamp off a line. */
export function readStamp(text: string): StampedLine {
  // The pattern is anchored, so that a long line costs no more than a short one.
  const found = STAMP.exec(text);
  const milliseconds = found === null ? Number.NaN : Date.parse(`${found[1]}${found[3]}`);
  if (found === null || Number.isNaN(milliseconds)) {
    return { timestamp: "", nanoseconds: undefined, line: text };
  }
  const fraction = BigInt((found[2] ?? "").padEnd(NANOSECOND_DIGITS, "0"));
  return {
    timestamp: found[0].trimEnd(),
    nanoseconds: nanosecondsOf(milliseconds) + fraction,
    line: text.slice(found[0].length),
  };
}

/** Milliseconds since 1970 as nanoseconds. */
export function nanosecondsOf(milliseconds: number): bigint {
  return BigInt(Math.floor(milliseconds)) * NANOSECONDS_OF_A_MILLISECOND;
}

/** The second that a time in nanoseconds lies in, RFC 3339: `sinceTime` knows no finer one. */
export function secondOf(nanoseconds: bigint): string {
  const seconds = nanoseconds < 0n ? 0n : nanoseconds / NANOSECONDS_OF_A_SECOND;
  return new Date(Number(seconds) * 1000).toISOString().replace(".000Z", "Z");
}

/** How far the clocks of the nodes, which stamp the lines, and our own may be apart, in nanoseconds. */
export const CLOCK_SKEW_NANOSECONDS: bigint = 60n * NANOSECONDS_OF_A_SECOND;

/** The later one of two times. */
export function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
