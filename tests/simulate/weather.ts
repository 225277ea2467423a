/** What a network and an API server do to the requests of one process for a while. */
export interface Weather {
  /** Until when nothing goes through; 0: the way is open. */
  cutUntil: number;
  /** Whether a cut refuses, or swallows what is sent. */
  cutKind: "refused" | "swallowed";
  /** Share of requests that something happens to. */
  trouble: number;
  /** Longest way there or back, in milliseconds. */
  slowMilliseconds: number;
  /** Share of requests that are answered 429 with Retry-After. */
  throttled: number;
}

/** What happens to one request. */
export type Fate =
  | "well"
  /** No connection, and no effect. */
  | "refused"
  /** It never gets there, and nobody says so. */
  | "lost"
  /** It takes effect; its answer never comes. */
  | "answer-lost"
  /** It takes effect; then the connection is reset. */
  | "reset-after"
  /** 500, without effect or with. */
  | "failed"
  | "failed-after"
  | "throttled";

const TROUBLES: readonly Fate[] = [
  "refused",
  "lost",
  "answer-lost",
  "reset-after",
  "failed",
  "failed-after",
  "throttled",
];

/** Weather in which everything goes through within milliseconds. */
export function calm(): Weather {
  return { cutUntil: 0, cutKind: "refused", trouble: 0, slowMilliseconds: 5, throttled: 0 };
}

/** What happens to the next request. */
export function fateOf(weather: Weather, random: () => number): Fate {
  if (weather.throttled > 0 && random() < weather.throttled) return "throttled";
  if (weather.trouble === 0 || random() >= weather.trouble) return "well";
  return TROUBLES[Math.floor(random() * TROUBLES.length)] ?? "well";
}

/** How long the next way takes, in milliseconds: mostly short, now and then as long as it may. */
export function delayOf(weather: Weather, random: () => number): number {
  const share = random();
  return 0.2 + weather.slowMilliseconds * share * share * share;
}
