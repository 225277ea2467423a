import type { RateLimit, WebhookAuth } from "../model/ingester.ts";
import type { IpRange } from "../model/ip_ranges.ts";
import type { Json } from "../model/json.ts";
import type { Verdict } from "../model/verdict.ts";

/** What became of a finding, as its sender is told. */
export type TakenFinding = Verdict | { readonly kind: "spooled" };

/** What became of a payload; every finding in it has its verdict, or lies on disk. */
export interface Taken {
  readonly kind: "verdicts";
  readonly verdicts: readonly TakenFinding[];
}

/** A webhook that takes payloads. */
export interface OpenRoute {
  readonly kind: "open";
  readonly source: string;
  readonly ingester: { readonly namespace: string; readonly name: string };
  /** `spec.webhook.auth`; undefined refuses everyone. */
  readonly auth: WebhookAuth | undefined;
  readonly methods: readonly string[];
  /** Where senders must be; none: anywhere. */
  readonly allowedRanges: readonly IpRange[];
  /** `spec.webhook.rateLimit`, for each sender. */
  readonly rateLimit: RateLimit | undefined;
  readonly maxBodyBytes: number;
  /**
   * Takes a payload to its verdicts. `receivedAt` is RFC 3339. Once it runs, only the stop of the program ends it,
   * never the sender's going away.
   */
  take(payload: Json, receivedAt: string, signal: AbortSignal): Promise<Taken>;
}

/** A webhook that exists but takes nothing now. */
export interface ClosedRoute {
  readonly kind: "closed";
  readonly source: string;
  readonly reason: "suspended" | "invalid" | "unsupported";
  /** Why, in a sentence for a sender of whom nothing is known yet. */
  readonly message: string;
}

/** What a path leads to. */
export type Route = OpenRoute | ClosedRoute;

/** The webhooks as they stand now. */
export interface RouteTable {
  /**
   * Until the Ingesters are known, and when the program stops, no path leads anywhere. `remembered`: they are those of an
   * earlier start, so that a path that leads nowhere may be one of a newer Ingester.
   */
  readonly state: "not-synced" | "remembered" | "ready" | "draining";
  find(path: string): Route | undefined;
}
