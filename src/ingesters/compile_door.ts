import type { Ingester, IngesterSpec, RateLimit, WebhookAuth } from "../model/ingester.ts";
import { type IpRange, parseIpRange } from "../model/ip_ranges.ts";
import type { Preset } from "../model/preset.ts";

/** What the settings say for all webhooks. */
export interface DoorSettings {
  readonly podNamespace: string;
  /** MAX_REQUEST_BYTES. */
  readonly maxRequestBytes: number;
  /** Whether TLS_CLIENT_CA_FILE says who signs certificates of senders. */
  readonly hasClientCa: boolean;
}

/** How a webhook Ingester is reached. */
export interface WebhookDoor {
  readonly path: string;
  readonly methods: readonly string[];
  /** Undefined: the Ingester says nothing, so every request is refused. */
  readonly auth: WebhookAuth | undefined;
  /** Where senders must be; none: anywhere. */
  readonly allowedRanges: readonly IpRange[];
  /** For each sender. */
  readonly rateLimit: RateLimit | undefined;
  readonly maxBodyBytes: number;
  /** `created`: written first, spooled if that takes too long; `spooled`: the other way round. */
  readonly ack: "created" | "spooled";
}

/** A door, or everything that is wrong with it. */
export type CompiledDoor =
  | { readonly kind: "door"; readonly door: WebhookDoor }
  | { readonly kind: "problems"; readonly messages: readonly string[] };

/** Makes the door of a webhook Ingester of what its spec says, its preset, and what the operator allows. */
export function compileDoor(
  ingester: Ingester,
  spec: IngesterSpec,
  preset: Preset,
  settings: DoorSettings,
): CompiledDoor {
  const { auth, allowedCIDRs = [], methods, maxBodyBytes, rateLimit, ack } = spec.webhook ?? {};
  const messages = pathProblems(spec, ingester, settings);
  const allowedRanges: IpRange[] = [];
  for (const [index, text] of allowedCIDRs.entries()) {
    const range = parseIpRange(text);
    if (range !== undefined) allowedRanges.push(range);
    else {
      messages.push(
        `spec.webhook.allowedCIDRs[${index}] must be an IP range such as 10.0.0.0/8 or fd00::/8, given ${
          JSON.stringify(text)
        }`,
      );
    }
  }
  if (auth !== undefined && auth.type !== "mtls") {
    for (const field of ["allowedSubjects", "allowedSANs"] as const) {
      if (auth[field] !== undefined) {
        messages.push(`spec.webhook.auth.${field} needs type mtls, given ${auth.type}`);
      }
    }
  }
  if (auth?.type === "mtls" && !settings.hasClientCa) {
    messages.push(
      "spec.webhook.auth.type mtls needs TLS_CLIENT_CA_FILE, which the operator of this watcher has not set",
    );
  }
  if (maxBodyBytes !== undefined && maxBodyBytes > settings.maxRequestBytes) {
    messages.push(
      `spec.webhook.maxBodyBytes must be at most MAX_REQUEST_BYTES of this watcher, ${settings.maxRequestBytes}, given ${maxBodyBytes}`,
    );
  }
  if (messages.length > 0) return { kind: "problems", messages };
  return {
    kind: "door",
    door: {
      path: pathOf(ingester, settings),
      methods: methods ?? ["POST"],
      auth,
      allowedRanges,
      rateLimit,
      maxBodyBytes: maxBodyBytes ?? Math.min(preset.maxBodyBytes, settings.maxRequestBytes),
      ack: ack ?? "created",
    },
  };
}

/** The webhook path; one in another namespace lies below `/ns/<namespace>`. */
export function pathOf(ingester: Ingester, settings: Pick<DoorSettings, "podNamespace">): string {
  const { namespace } = ingester.metadata;
  const own = ingester.spec.webhook?.path ?? `/ingest/${ingester.spec.source}`;
  return namespace === settings.podNamespace ? own : `/ns/${namespace}${own}`;
}

/** What a path must not be: one that a client rewrites on its way, or the prefix of the tenants' own. */
function pathProblems(spec: IngesterSpec, ingester: Ingester, settings: DoorSettings): string[] {
  const path = spec.webhook?.path;
  if (path === undefined) return [];
  const problems: string[] = [];
  if (path.split("/").slice(1).some((segment) => segment === "" || segment === "." || segment === "..")) {
    problems.push("spec.webhook.path must have no empty segment, and none that is . or ..");
  }
  if (ingester.metadata.namespace === settings.podNamespace && path.startsWith("/ns/")) {
    problems.push(
      "spec.webhook.path must not begin with /ns/, which belongs to Ingesters of other namespaces",
    );
  }
  return problems;
}
