/** A way in which the operators' guide has the chart installed. */
export interface Pattern {
  /** Of its golden file. */
  readonly name: string;
  readonly release: string;
  readonly namespace: string;
  /** Arguments of helm: values as an operator gives them. */
  readonly args: readonly string[];
}

const watch = (namespaces: string): readonly string[] => [
  "--set",
  "env[0].name=WATCH_NAMESPACE",
  "--set",
  `env[0].value=${namespaces.replaceAll(",", "\\,")}`,
];

/** Every pattern of docs/operations.md, what the values can add to one, and what the integration tests run with. */
export const PATTERNS: readonly Pattern[] = [
  { name: "default", release: "zen-watcher", namespace: "zen-system", args: [] },
  { name: "single", release: "zen-watcher", namespace: "zen-system", args: ["--set", "replicaCount=1"] },
  {
    name: "single-without-election",
    release: "zen-watcher",
    namespace: "zen-system",
    args: ["--set", "replicaCount=1", "--set", "leaderElection.mode=disabled"],
  },
  {
    name: "webhooks",
    release: "zen-watcher",
    namespace: "zen-system",
    args: ["--set", "replicaCount=3", "--set", "ingester.presets.falco.enabled=true"],
  },
  {
    name: "shard-prod-critical",
    release: "zen-watcher-prod-critical",
    namespace: "zen-system-prod-critical",
    args: ["--set", "replicaCount=2", ...watch("prod-critical-app-a,prod-critical-app-b")],
  },
  {
    name: "shard-prod-standard",
    release: "zen-watcher-prod-standard",
    namespace: "zen-system-prod-standard",
    args: ["--set", "replicaCount=2", ...watch("prod-standard-app-x,prod-standard-app-y")],
  },
  {
    name: "critical",
    release: "zen-watcher-critical",
    namespace: "zen-system-critical",
    args: ["--set", "replicaCount=2", "--set", "ingester.createDefaultK8sEvents=false"],
  },
  {
    name: "tenancy",
    release: "zen-watcher",
    namespace: "zen-system",
    args: [
      "--set",
      "tenancy.enabled=true",
      "--set",
      "tenancy.exclude={kube-system}",
      "--set",
      "webhookSecrets[0].namespace=team-a,webhookSecrets[0].name=falco-token",
      "--set",
      "filterConfigMapName=zen-filter",
    ],
  },
  {
    name: "teams",
    release: "zen-watcher-teams",
    namespace: "zen-system-teams",
    args: [
      ...watch("shop"),
      "--set",
      "ingesterNamespaces={zen-system-teams,team-a,left-out}",
      "--set",
      "tenancy.exclude={left-out}",
    ],
  },
  {
    name: "everything",
    release: "everything",
    namespace: "zen-system",
    args: ["--values", "tests/chart/everything.yaml"],
  },
  {
    name: "suite",
    release: "zen-watcher",
    namespace: "zen-system",
    args: ["--values", "tests/chart/suite.yaml"],
  },
];
