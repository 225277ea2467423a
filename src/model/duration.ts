const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  "μs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const PART = /([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)/g;

/**
 * The milliseconds of a duration as Go's `time.ParseDuration` reads it, e.g. "1h30m" or "0"; undefined when it is none.
 * Signs are refused: no duration here is negative.
 */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  let milliseconds = 0;
  let end = 0;
  for (const { 0: part, 1: number, 2: unit, index } of text.matchAll(PART)) {
    if (index !== end) return undefined;
    milliseconds += Number(number) * (UNITS[unit ?? ""] ?? Number.NaN);
    end = index + part.length;
  }
  return end === 0 || end !== text.length ? undefined : milliseconds;
}
