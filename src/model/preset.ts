import type { FilterSpec, GroupVersionResource, IngesterKind, LogsSpec } from "./ingester.ts";

/** What an Ingester of a known source need not say. */
export interface Preset {
  readonly ingester: IngesterKind;
  /** What an informer watches. */
  readonly gvrs: readonly GroupVersionResource[];
  /** Which of these objects, where `spec.informer.labelSelector` does not say it. */
  readonly labelSelector?: string | undefined;
  /** Which logs are read and what in them is a finding, where `spec.logs` does not say it. */
  readonly logs?: LogsSpec | undefined;
  readonly filters: FilterSpec;
  /** Bytes. */
  readonly maxBodyBytes: number;
  /** True: its objects show a state that lasts, so a change of its Ingester is applied to what stands there. */
  readonly showsState: boolean;
}

const MEBIBYTE = 1024 * 1024;

const aqua = (resource: string): GroupVersionResource => ({
  group: "aquasecurity.github.io",
  version: "v1alpha1",
  resource,
});
const CONFIG_MAPS: GroupVersionResource = { group: "", version: "v1", resource: "configmaps" };
const defaults = { gvrs: [], filters: {}, maxBodyBytes: MEBIBYTE, showsState: false };
/**
 * What its controller says when it cannot unseal: plain text before, and slog's since version 0.28. A manifest without Helm
 * labels its pod name=sealed-secrets-controller, which spec.logs.podSelector can say.
 */
const SEALED_SECRETS_LOGS: LogsSpec = {
  podSelector: "app.kubernetes.io/name=sealed-secrets",
  patterns: [
    {
      regex: "Error updating (?P<object>[^\\s,:]+), (?P<outcome>will retry|giving up): (?P<reason>.*)",
      eventType: "unseal_failed",
      severity: "high",
    },
    {
      regex: 'Error updating, (?P<outcome>will retry|giving up)"? key=(?P<object>\\S+) error=(?P<reason>.*)',
      eventType: "unseal_failed",
      severity: "high",
    },
    {
      regex: "Error updating (?P<object>[^\\s,:]+): (?P<reason>the target Secret is immutable)",
      eventType: "unseal_failed",
      severity: "high",
    },
  ],
};

const PRESETS: Readonly<Record<string, Preset>> = {
  "trivy": {
    ...defaults,
    showsState: true,
    ingester: "informer",
    gvrs: [
      aqua("vulnerabilityreports"),
      aqua("clustervulnerabilityreports"),
      aqua("configauditreports"),
      aqua("clusterconfigauditreports"),
      aqua("exposedsecretreports"),
      aqua("rbacassessmentreports"),
      aqua("clusterrbacassessmentreports"),
      aqua("infraassessmentreports"),
      aqua("clusterinfraassessmentreports"),
      aqua("clustercompliancereports"),
    ],
    filters: { minSeverity: "high" },
  },
  "kyverno": {
    ...defaults,
    showsState: true,
    ingester: "informer",
    gvrs: [
      { group: "wgpolicyk8s.io", version: "v1alpha2", resource: "policyreports" },
      { group: "wgpolicyk8s.io", version: "v1alpha2", resource: "clusterpolicyreports" },
      { group: "openreports.io", version: "v1alpha1", resource: "reports" },
      { group: "openreports.io", version: "v1alpha1", resource: "clusterreports" },
    ],
  },
  "kubernetes-events": {
    ...defaults,
    ingester: "informer",
    gvrs: [{ group: "", version: "v1", resource: "events" }],
    filters: { minSeverity: "medium" },
  },
  "falco": { ...defaults, ingester: "webhook" },
  // kube-apiserver sends batches of up to 10 MiB, and a 413 loses them.
  "audit": { ...defaults, ingester: "webhook", filters: { minSeverity: "low" }, maxBodyBytes: 12 * MEBIBYTE },
  "alertmanager": { ...defaults, ingester: "webhook" },
  "kube-bench": {
    ...defaults,
    ingester: "informer",
    gvrs: [CONFIG_MAPS],
    labelSelector: "app=kube-bench",
    showsState: true,
  },
  "checkov": {
    ...defaults,
    ingester: "informer",
    gvrs: [CONFIG_MAPS],
    labelSelector: "app=checkov",
    showsState: true,
  },
  "cert-manager": {
    ...defaults,
    showsState: true,
    ingester: "informer",
    gvrs: [{ group: "cert-manager.io", version: "v1", resource: "certificates" }],
  },
  "sealed-secrets": { ...defaults, ingester: "logs", logs: SEALED_SECRETS_LOGS },
};

const resourceOf = ({ group, resource }: GroupVersionResource): string => `${group}/${resource}`;
const STATE_RESOURCES: ReadonlySet<string> = new Set(
  Object.values(PRESETS).filter((preset) => preset.showsState).flatMap(({ gvrs }) => gvrs.map(resourceOf)),
);

/** Whether a preset that shows a state reads this resource: its objects show one whatever the source is called. */
export function holdsState(gvr: GroupVersionResource): boolean {
  return STATE_RESOURCES.has(resourceOf(gvr));
}

/** The sources that have a preset. */
export const PRESET_SOURCES: readonly string[] = Object.keys(PRESETS);

const GENERIC: Preset = { ...defaults, ingester: "webhook" };

/** The preset of a source; one for generic JSON by webhook where the source is none of ours. */
export function presetOf(source: string): Preset {
  return Object.hasOwn(PRESETS, source) ? PRESETS[source] ?? GENERIC : GENERIC;
}
