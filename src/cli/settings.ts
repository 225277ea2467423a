import {
  choice,
  cidrs,
  customResources,
  duration,
  integer,
  ipAddress,
  labelValue,
  namespace,
  namespaces,
  namespacesOrAll,
  objectName,
  path,
  port,
  type Reader,
  seconds,
  serverUrl,
  text,
} from "./readers.ts";
import type { GroupVersionResource } from "../model/ingester.ts";

const MEBIBYTE = 1024 * 1024;
/** What a 32-bit field of the API holds. */
const INT32_MAX = 2147483647;
const SECONDS_PER_DAY = 86400;
/** Leaves room for the suffix of the checkpoints' ConfigMaps. */
const LEASE_NAME_MAX_LENGTH = 230;

/** How the operator says one thing, by flag or environment. */
export interface Described<T, Default extends string | undefined> {
  /** Name in the environment; undefined when there is only the flag. */
  readonly env: string | undefined;
  /** With its two hyphens. */
  readonly flag: string;
  readonly reader: Reader<T>;
  /** As text, in the way the reader takes it. */
  readonly default: Default;
  /** What it says, for `--help`; without a full stop. */
  readonly description: string;
}

/** The setting of a value; it has a default unless the value may be undefined. */
export type Setting<T> = Described<Exclude<T, undefined>, undefined extends T ? undefined : string>;

/** What the settings say, each by itself; `Config` is made of them. */
export interface SettingValues {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly server: string | undefined;
  readonly podNamespace: string | undefined;
  readonly podName: string | undefined;
  readonly hostname: string | undefined;
  readonly releaseName: string | undefined;
  readonly watchNamespaces: readonly string[];
  readonly ingesterNamespaces: readonly string[] | "*" | undefined;
  readonly ingesterNamespacesExclude: readonly string[];
  readonly observationNamespace: string | undefined;
  readonly leaderElectionMode: "builtin" | "disabled";
  readonly leaderElectionId: string;
  readonly leaseDurationSeconds: number;
  readonly renewDeadlineSeconds: number;
  readonly retryPeriodSeconds: number;
  readonly replicaCount: number;
  readonly bindAddress: string;
  readonly webhookPort: number;
  readonly metricsPort: number;
  readonly maxRequestBytes: number;
  readonly dedupWindowSeconds: number;
  readonly dedupMaxSize: number;
  readonly observationTtlSeconds: number | undefined;
  readonly observationTtlDays: number;
  readonly gcIntervalMilliseconds: number;
  readonly writeConcurrency: number;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  readonly logFormat: "json" | "text";
  readonly maxWatches: number;
  readonly spoolFolder: string | undefined;
  readonly spoolMaxBytes: number;
  readonly spoolMaxAgeMilliseconds: number;
  readonly tlsCertificateFile: string | undefined;
  readonly tlsKeyFile: string | undefined;
  readonly tlsClientCaFile: string | undefined;
  readonly trustedProxyCidrs: readonly string[];
  readonly boardTokenFile: string | undefined;
  readonly filterConfigMapName: string | undefined;
  readonly destinationAllowlist: readonly GroupVersionResource[];
}

/** Every setting, in the order in which `--help` shows them. */
export const SETTINGS: { readonly [Name in keyof SettingValues]: Setting<SettingValues[Name]> } = {
  kubeconfig: optional("KUBECONFIG", path, "Kubeconfig to use outside a cluster"),
  context: flagOnly("--context", text, "Context of the kubeconfig; else its current one"),
  server: flagOnly("--server", serverUrl, "Address of the API server, e.g. that of kubectl proxy"),
  podNamespace: optional("POD_NAMESPACE", namespace, "Own namespace; else the context's, else default"),
  podName: optional("POD_NAME", objectName(253), "Own name, which the Lease shows"),
  hostname: optional("HOSTNAME", text, "Stands for the own name where there is none"),
  releaseName: optional("RELEASE_NAME", labelValue, "Installation that the Lease belongs to"),
  watchNamespaces: required("WATCH_NAMESPACE", namespaces, "", "Namespaces to watch; none: all of them"),
  ingesterNamespaces: optional(
    "INGESTER_NAMESPACES",
    namespacesOrAll,
    "Where Ingesters are looked for, * for everywhere; else in POD_NAMESPACE and WATCH_NAMESPACE",
  ),
  ingesterNamespacesExclude: required(
    "INGESTER_NAMESPACES_EXCLUDE",
    namespaces,
    "",
    "Where Ingesters are not looked for",
  ),
  observationNamespace: optional(
    "OBSERVATION_NAMESPACE",
    namespace,
    "Puts every Observation into this namespace",
  ),
  leaderElectionMode: required(
    "LEADER_ELECTION_MODE",
    choice("builtin", "disabled"),
    "builtin",
    "Who leads: the holder of the Lease, or always this one, for a single replica",
  ),
  leaderElectionId: required(
    "LEADER_ELECTION_ID",
    objectName(LEASE_NAME_MAX_LENGTH),
    "zen-watcher-leader-election",
    "Name of the Lease",
  ),
  leaseDurationSeconds: required(
    "LEASE_DURATION_SECONDS",
    integer(1, 3600, "SECONDS"),
    "15",
    "How long followers wait for a leader that is silent",
  ),
  renewDeadlineSeconds: required(
    "RENEW_DEADLINE_SECONDS",
    seconds(3600),
    "10",
    "How long the leader tries to renew before it steps down",
  ),
  retryPeriodSeconds: required(
    "RETRY_PERIOD_SECONDS",
    seconds(3600),
    "2",
    "How long it waits between two tries",
  ),
  replicaCount: required("REPLICA_COUNT", integer(0, 1000), "1", "How many replicas there are"),
  bindAddress: required("BIND_ADDRESS", ipAddress, "0.0.0.0", "Address to listen on"),
  webhookPort: required("WEBHOOK_PORT", port, "8080", "Port of the webhooks"),
  metricsPort: required("METRICS_PORT", port, "9090", "Port of metrics and health"),
  tlsCertificateFile: optional("TLS_CERT_FILE", path, "Certificate for the webhooks, in PEM"),
  tlsKeyFile: optional("TLS_KEY_FILE", path, "Its key, in PEM"),
  boardTokenFile: optional(
    "BOARD_TOKEN_FILE",
    path,
    "Holds the token that lets others than this machine see /status",
  ),
  dedupWindowSeconds: required(
    "DEDUP_WINDOW_SECONDS",
    integer(1, 30 * SECONDS_PER_DAY, "SECONDS"),
    "60",
    "What happens again within this time is the same",
  ),
  dedupMaxSize: required(
    "DEDUP_MAX_SIZE",
    integer(1, 1_000_000),
    "10000",
    "How many written Observations are remembered",
  ),
  observationTtlSeconds: optional(
    "OBSERVATION_TTL_SECONDS",
    integer(1, INT32_MAX, "SECONDS"),
    "Lifetime of Observations after their last sight, where their Ingester does not say so",
  ),
  observationTtlDays: required(
    "OBSERVATION_TTL_DAYS",
    integer(1, Math.floor(INT32_MAX / SECONDS_PER_DAY), "DAYS"),
    "7",
    "The same in days",
  ),
  gcIntervalMilliseconds: required(
    "GC_INTERVAL",
    duration("1s", "24h"),
    "10m",
    "How often expired Observations are collected",
  ),
  writeConcurrency: required("WRITE_CONCURRENCY", integer(1, 256), "32", "How many writes at once, at most"),
  logLevel: required(
    "LOG_LEVEL",
    choice("debug", "info", "warn", "error"),
    "info",
    "What is logged: this and worse",
  ),
  logFormat: required("LOG_FORMAT", choice("json", "text"), "json", "How it is logged"),
  maxRequestBytes: required(
    "MAX_REQUEST_BYTES",
    integer(1024, 64 * MEBIBYTE, "BYTES"),
    String(12 * MEBIBYTE),
    "Largest body that an Ingester may let its webhook take",
  ),
  maxWatches: required(
    "MAX_WATCHES",
    integer(1, 10000),
    "500",
    "How many watches at once, at most, and how many logs; what is above it waits",
  ),
  spoolFolder: optional(
    "SPOOL_DIR",
    path,
    "Folder of what could not be written yet; else /var/lib/zen-watcher/spool in a pod, .zen-watcher/spool elsewhere",
  ),
  spoolMaxBytes: required(
    "SPOOL_MAX_BYTES",
    integer(MEBIBYTE, 1024 * 1024 * MEBIBYTE, "BYTES"),
    String(256 * MEBIBYTE),
    "How large it may grow",
  ),
  spoolMaxAgeMilliseconds: required(
    "SPOOL_MAX_AGE",
    duration("1s", "720h"),
    "24h",
    "What could not be written for so long becomes a dead letter",
  ),
  tlsClientCaFile: optional(
    "TLS_CLIENT_CA_FILE",
    path,
    "Authorities that sign certificates of senders, in PEM, for auth of type mtls",
  ),
  trustedProxyCidrs: required(
    "TRUSTED_PROXY_CIDRS",
    cidrs,
    "",
    "Proxies whose X-Forwarded-For is believed",
  ),
  filterConfigMapName: optional(
    "FILTER_CONFIGMAP_NAME",
    objectName(253),
    "ConfigMap in POD_NAMESPACE that filters for all Ingesters",
  ),
  destinationAllowlist: required(
    "DESTINATION_ALLOWLIST",
    customResources,
    "",
    "Custom resources that Ingesters may write beside Observations",
  ),
};

/** Every name of the environment that this program reads. */
export const ENVIRONMENT_NAMES: readonly string[] = [
  ...Object.values(SETTINGS).map((setting) => setting.env).filter((name) => name !== undefined),
  "KUBERNETES_SERVICE_HOST",
  "KUBERNETES_SERVICE_PORT",
  "HOME",
  "NO_COLOR",
];

function required<T>(
  env: string,
  reader: Reader<T>,
  defaultText: string,
  description: string,
): Described<T, string> {
  return { env, flag: flagOf(env), reader, default: defaultText, description };
}

function optional<T>(env: string, reader: Reader<T>, description: string): Described<T, undefined> {
  return { env, flag: flagOf(env), reader, default: undefined, description };
}

function flagOnly<T>(flag: string, reader: Reader<T>, description: string): Described<T, undefined> {
  return { env: undefined, flag, reader, default: undefined, description };
}

function flagOf(env: string): string {
  return `--${env.toLowerCase().replaceAll("_", "-")}`;
}
