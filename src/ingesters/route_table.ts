import type { ApiError } from "../kube/errors.ts";
import type { WebhookSpool } from "../intake/webhook_spool.ts";
import type { LaneNow } from "../intake/replay.ts";
import type { OpenRoute, Route, RouteTable, Taken } from "../intake/route.ts";
import type { Json } from "../model/json.ts";
import type { Clock } from "../run/clock.ts";
import type { Activities } from "./activities.ts";
import type { Entry, IngesterRegistry } from "./registry.ts";

/** What the webhooks of the Ingesters lead to. */
export interface RouteTableParts {
  readonly registry: IngesterRegistry;
  readonly activities: Activities;
  readonly spool: Pick<WebhookSpool, "take">;
  readonly clock: Clock;
  readonly state: () => RouteTable["state"];
}

/** The route table of this replica: every replica serves every webhook, leader or not. */
export function createRouteTable(parts: RouteTableParts): RouteTable {
  return {
    get state() {
      return parts.state();
    },
    find(path): Route | undefined {
      const entry = parts.registry.findByPath(path);
      return entry === undefined ? undefined : routeOf(entry, parts);
    },
  };
}

function routeOf(entry: Entry, parts: RouteTableParts): Route | undefined {
  const { compiled, ingester } = entry;
  const closed = { kind: "closed", source: ingester.spec.source } as const;
  switch (compiled.kind) {
    case "informer":
    case "logs":
      return undefined;
    case "suspended":
      return { ...closed, reason: "suspended", message: "This webhook is suspended" };
    case "invalid":
      // What is wrong is for those who may read the Ingester: its condition says it.
      return { ...closed, reason: "invalid", message: "This webhook takes nothing now" };
    case "webhook":
      return openRoute(entry, compiled, parts);
    default:
      return compiled satisfies never;
  }
}

function openRoute(
  entry: Entry,
  { lane, door }: Extract<Entry["compiled"], { kind: "webhook" }>,
  parts: RouteTableParts,
): OpenRoute {
  const { activities, clock, spool } = parts;
  const onStall = (error: ApiError | undefined): void =>
    activities.setStall(entry.key, error?.message, error?.kind);
  return {
    kind: "open",
    source: lane.source,
    ingester: lane.ingester,
    auth: door.auth,
    methods: door.methods,
    allowedRanges: door.allowedRanges,
    rateLimit: door.rateLimit,
    maxBodyBytes: door.maxBodyBytes,
    async take(payload: Json, receivedAt: string, signal: AbortSignal): Promise<Taken> {
      activities.setSignal(entry.key, clock.now());
      return {
        kind: "verdicts",
        verdicts: await spool.take({ payload, receivedAt }, { lane, ack: door.ack, onStall }, signal),
      };
    },
  };
}

/** Under which rules what lies in the spool for an Ingester is processed now. */
export function laneNow(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  { registry, activities, state }: Pick<RouteTableParts, "registry" | "activities" | "state">,
): LaneNow {
  const key = `${namespace}/${name}`;
  const known = state();
  // What is only remembered may have been changed or deleted since; the API server says so in a moment.
  if (known === "remembered") return { kind: "wait" };
  const compiled = registry.entries.get(key)?.compiled;
  switch (compiled?.kind) {
    case undefined:
      return { kind: known === "not-synced" ? "wait" : "gone" };
    case "suspended":
    case "invalid":
      return { kind: "wait" };
    case "informer":
    case "logs":
    case "webhook":
      return {
        kind: "lane",
        lane: compiled.lane,
        onStall: (error) => activities.setStall(key, error?.message, error?.kind),
      };
    default:
      return compiled satisfies never;
  }
}
