import type { Entry } from "../ingesters/registry.ts";
import { secretOf } from "../ingesters/secrets.ts";
import type { GroupVersionResource } from "../model/ingester.ts";
import { GROUP } from "../model/observation.ts";
import { placesOf } from "../write/place.ts";
import { type Config, listedIn, type Namespaces, placeSettingsOf } from "./config.ts";

/** One verb on one resource that the program uses. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string | undefined;
  /** Undefined: all, or a resource of the whole cluster. */
  readonly namespace: string | undefined;
  /** The one object; undefined: all of them. */
  readonly name: string | undefined;
  /** Who or what needs it. */
  readonly reason: string;
  /** Set where it is not needed as long as the API server does not serve this. */
  readonly source: GroupVersionResource | undefined;
}

interface Rule {
  readonly group?: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly name?: string;
  readonly verbs: readonly string[];
  readonly source?: GroupVersionResource;
}

const LEASES = { group: "coordination.k8s.io", resource: "leases" } as const;
const OBSERVATION_RULES: readonly Rule[] = [
  { group: GROUP, resource: "observations", verbs: ["create", "get", "list", "patch", "delete"] },
  { group: GROUP, resource: "observations", subresource: "status", verbs: ["patch"] },
];
const INGESTER_RULES: readonly Rule[] = [
  { group: GROUP, resource: "ingesters", verbs: ["list", "watch"] },
  { group: GROUP, resource: "ingesters", subresource: "status", verbs: ["patch"] },
  { resource: "events", verbs: ["create"] },
];
const LOG_RULES: readonly Rule[] = [
  { resource: "pods", verbs: ["list", "watch"] },
  { resource: "pods", subresource: "log", verbs: ["get"] },
];

/**
 * Every right that the program needs with these settings and these Ingesters, each once. Discovery and reviews of oneself are
 * open to everybody.
 */
export function neededRights(
  config: Config,
  { podNamespace, ingesters }: Namespaces,
  entries: Iterable<Entry>,
): readonly Right[] {
  const rights = new Map<string, Right>();
  const need = (reason: string, namespace: string | undefined, rules: readonly Rule[]): void => {
    for (const right of rules.flatMap((rule) => rightsOf(rule, namespace, reason))) {
      const key = JSON.stringify({ ...right, reason: "", source: undefined });
      if (!rights.has(key)) rights.set(key, right);
    }
  };
  const lease = config.leaderElection.leaseName;
  if (config.leaderElection.isEnabled) {
    need("leadership", podNamespace, [
      { ...LEASES, verbs: ["create"] },
      { ...LEASES, name: lease, verbs: ["get", "update", "watch"] },
    ]);
  }
  need("checkpoints", podNamespace, [
    { resource: "configmaps", verbs: ["create"] },
    { resource: "configmaps", name: `${lease}-checkpoints`, verbs: ["get", "patch"] },
  ]);
  if (config.filterConfigMapName !== undefined) {
    const rule = { resource: "configmaps", name: config.filterConfigMapName, verbs: ["list", "watch"] };
    need("FILTER_CONFIGMAP_NAME", podNamespace, [rule]);
  }
  const listed = listedIn(ingesters);
  for (const namespace of listed ?? [undefined]) need("Ingesters", namespace, INGESTER_RULES);
  const observed = placesOf(placeSettingsOf(config, podNamespace), listed);
  for (const namespace of observed ?? [undefined]) need("Observations", namespace, OBSERVATION_RULES);
  for (const entry of entries) {
    const { namespace } = entry.ingester.metadata;
    const reason = `Ingester ${entry.key}`;
    const secret = secretOf(entry);
    if (secret !== undefined) {
      need(reason, secret.namespace, [{ resource: "secrets", name: secret.name, verbs: ["list", "watch"] }]);
    }
    for (const [place, rules] of sourceRules(entry)) need(reason, place, rules);
    const { compiled } = entry;
    if (compiled.kind === "invalid" || compiled.kind === "suspended") continue;
    // An Ingester elsewhere writes to its own namespace.
    const isOutside = config.observationNamespace === undefined && namespace !== podNamespace;
    const others = compiled.lane.destinations?.others ?? [];
    const written = isOutside ? [namespace] : observed ?? [undefined];
    for (const { group, resource } of others) {
      for (const place of written) need(reason, place, [{ group, resource, verbs: ["create"] }]);
    }
  }
  return [...rights.values()];
}

/** What an Ingester reads, by namespace. */
function sourceRules({ compiled }: Entry): readonly (readonly [string | undefined, readonly Rule[]])[] {
  if (compiled.kind === "logs") return compiled.logs.targets.map(({ namespace }) => [namespace, LOG_RULES]);
  if (compiled.kind !== "informer") return [];
  return compiled.targets.map(({ gvr, namespace }) => {
    const { group, resource } = gvr;
    return [namespace, [{ group, resource, verbs: ["list", "watch"], source: gvr }]];
  });
}

function rightsOf(rule: Rule, namespace: string | undefined, reason: string): readonly Right[] {
  const { group = "", resource, subresource, name, source } = rule;
  return rule.verbs.map((verb) => ({ verb, group, resource, subresource, namespace, name, reason, source }));
}
