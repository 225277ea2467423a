import type { OpenRoute, Route, RouteTable, Taken } from "../intake/route.ts";
import type { Json } from "../model/json.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { Clock } from "../run/clock.ts";
import type { Activities } from "./activities.ts";
import type { Entry, IngesterRegistry } from "./registry.ts";

/** How long a request waits for its findings to be written (contract, section 8). */
const PATIENCE_MILLISECONDS = 2000;

/** What the webhooks of the Ingesters lead to. */
export interface RouteTableParts {
  readonly registry: IngesterRegistry;
  readonly activities: Activities;
  readonly pipeline: Pipeline;
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
      return undefined;
    case "suspended":
      return { ...closed, reason: "suspended", message: `Ingester ${entry.key} is suspended` };
    case "invalid":
      return {
        ...closed,
        reason: "invalid",
        message: `Ingester ${entry.key} is invalid: ${compiled.message}`,
      };
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
  const { activities, clock, pipeline } = parts;
  const terms = {
    patienceMilliseconds: PATIENCE_MILLISECONDS,
    // A webhook's write is nobody's term: every replica serves it.
    mayWrite: () => true,
    onStall: (error: { readonly message: string } | undefined) =>
      activities.setStall(entry.key, error?.message),
  };
  return {
    kind: "open",
    source: lane.source,
    ingester: lane.ingester,
    auth: door.auth,
    methods: door.methods,
    maxBodyBytes: door.maxBodyBytes,
    async take(payload: Json, receivedAt: string, signal: AbortSignal): Promise<Taken> {
      activities.setSignal(entry.key, clock.now());
      return {
        kind: "verdicts",
        verdicts: await pipeline.process({ source: lane.source, payload, receivedAt }, lane, terms, signal),
      };
    },
  };
}
