import type { ReplicaLine } from "../support/process.ts";

/** How often leadership was taken, and the longest time without. */
export interface Takeovers {
  readonly takeovers: number;
  /** In milliseconds, as the new leaders measured it; 0 when there was none. */
  readonly longestGap: number;
}

/** Reads from the logs of all processes what happened from a moment on (RFC 3339). */
export function takeoversOf(logs: readonly (readonly ReplicaLine[])[], since: string): Takeovers {
  const lines = logs.flat().filter(({ fields: { time } }) => typeof time === "string" && time >= since);
  const of = (message: string): readonly ReplicaLine[] =>
    lines.filter(({ fields: { msg } }) => msg === message);
  const gaps = of("New leader resumed the first source").map(({ fields }) => Number(fields["duration_ms"]));
  return { takeovers: of("leader acquired").length, longestGap: Math.max(0, ...gaps) };
}
