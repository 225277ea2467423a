import type { CompileSettings } from "../ingesters/compile.ts";
import type { GroupVersionResource } from "../model/ingester.ts";
import type { Clock } from "../run/clock.ts";
import type { PlaceSettings } from "../write/place.ts";
import type { SettingValues } from "./settings.ts";

const IDENTITY_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
const IDENTITY_SUFFIX_LENGTH = 8;
const SECONDS_PER_DAY = 86400;

/** Where Ingesters are looked for, as the operator said it; `own`: POD_NAMESPACE and WATCH_NAMESPACE. */
export type IngesterNamespaces =
  | { readonly kind: "own"; readonly except: readonly string[] }
  | { readonly kind: "listed"; readonly namespaces: readonly string[] }
  | { readonly kind: "all"; readonly except: readonly string[] };

/** What the operator asked for, checked; app.ts builds every object from it. */
export interface Config {
  readonly cluster: {
    readonly kubeconfig: string | undefined;
    readonly context: string | undefined;
    readonly server: string | undefined;
  };
  /** Undefined: the namespace of the kubeconfig's context, else default; see {@link namespacesOf}. */
  readonly podNamespace: string | undefined;
  readonly podName: string | undefined;
  readonly hostname: string | undefined;
  readonly releaseName: string | undefined;
  /** Empty: all namespaces. */
  readonly watchNamespaces: readonly string[];
  readonly ingesterNamespaces: IngesterNamespaces;
  readonly observationNamespace: string | undefined;
  readonly leaderElection: {
    /** False: this process always leads. */
    readonly isEnabled: boolean;
    readonly leaseName: string;
    readonly leaseDurationMilliseconds: number;
    readonly renewDeadlineMilliseconds: number;
    readonly retryPeriodMilliseconds: number;
  };
  readonly replicaCount: number;
  readonly listen: {
    readonly address: string;
    /** 0: any free one. */
    readonly webhookPort: number;
    /** 0: any free one. */
    readonly metricsPort: number;
  };
  readonly maxRequestBytes: number;
  readonly deduplication: { readonly windowSeconds: number; readonly maxSize: number };
  readonly observationTtlSeconds: number;
  readonly gcIntervalMilliseconds: number;
  readonly writeConcurrency: number;
  readonly maxWatches: number;
  readonly log: {
    readonly level: SettingValues["logLevel"];
    readonly format: SettingValues["logFormat"];
  };
  readonly spool: {
    /** SPOOL_DIR; see spoolFolder for what stands in its place. */
    readonly folder: string | undefined;
    readonly maxBytes: number;
    readonly maxAgeMilliseconds: number;
  };
  readonly tls: {
    readonly certificateFile: string | undefined;
    readonly keyFile: string | undefined;
    readonly clientCaFile: string | undefined;
  };
  readonly trustedProxyCidrs: readonly string[];
  readonly boardTokenFile: string | undefined;
  readonly filterConfigMapName: string | undefined;
  /** What Ingesters may write beside Observations. */
  readonly destinationAllowlist: readonly GroupVersionResource[];
}

/** Makes the configuration of values that fit together. */
export function configOf(values: SettingValues): Config {
  return {
    cluster: { kubeconfig: values.kubeconfig, context: values.context, server: values.server },
    podNamespace: values.podNamespace,
    podName: values.podName,
    hostname: values.hostname,
    releaseName: values.releaseName,
    watchNamespaces: values.watchNamespaces,
    ingesterNamespaces: ingesterNamespaces(values),
    observationNamespace: values.observationNamespace,
    leaderElection: {
      isEnabled: values.leaderElectionMode === "builtin",
      leaseName: values.leaderElectionId,
      leaseDurationMilliseconds: values.leaseDurationSeconds * 1000,
      renewDeadlineMilliseconds: values.renewDeadlineSeconds * 1000,
      retryPeriodMilliseconds: values.retryPeriodSeconds * 1000,
    },
    replicaCount: values.replicaCount,
    listen: {
      address: values.bindAddress,
      webhookPort: values.webhookPort,
      metricsPort: values.metricsPort,
    },
    maxRequestBytes: values.maxRequestBytes,
    deduplication: { windowSeconds: values.dedupWindowSeconds, maxSize: values.dedupMaxSize },
    observationTtlSeconds: values.observationTtlSeconds ?? values.observationTtlDays * SECONDS_PER_DAY,
    gcIntervalMilliseconds: values.gcIntervalMilliseconds,
    writeConcurrency: values.writeConcurrency,
    maxWatches: values.maxWatches,
    log: { level: values.logLevel, format: values.logFormat },
    spool: {
      folder: values.spoolFolder,
      maxBytes: values.spoolMaxBytes,
      maxAgeMilliseconds: values.spoolMaxAgeMilliseconds,
    },
    tls: {
      certificateFile: values.tlsCertificateFile,
      keyFile: values.tlsKeyFile,
      clientCaFile: values.tlsClientCaFile,
    },
    trustedProxyCidrs: values.trustedProxyCidrs,
    boardTokenFile: values.boardTokenFile,
    filterConfigMapName: values.filterConfigMapName,
    destinationAllowlist: values.destinationAllowlist,
  };
}

/** The own namespace, and where Ingesters are looked for ("all" but for `except`, or in a list). */
export interface Namespaces {
  readonly podNamespace: string;
  readonly ingesters:
    | { readonly kind: "listed"; readonly namespaces: readonly string[] }
    | { readonly kind: "all"; readonly except: readonly string[] };
}

/**
 * Completes what only the cluster's credentials say.
 *
 * @param contextNamespace of the kubeconfig's context or the ServiceAccount, undefined where there is none
 */
export function namespacesOf(config: Config, contextNamespace: string | undefined): Namespaces {
  const podNamespace = config.podNamespace ?? contextNamespace ?? "default";
  const wanted = config.ingesterNamespaces;
  if (wanted.kind !== "own") return { podNamespace, ingesters: wanted };
  const namespaces = [...new Set([podNamespace, ...config.watchNamespaces])];
  return {
    podNamespace,
    ingesters: { kind: "listed", namespaces: without(namespaces, wanted.except) },
  };
}

/** The namespaces in which Ingesters are looked for; undefined: in all, but for what is excluded. */
export function listedIn(ingesters: Namespaces["ingesters"]): readonly string[] | undefined {
  return ingesters.kind === "listed" ? ingesters.namespaces : undefined;
}

/** Whether Ingesters are looked for in a namespace; what others' Ingesters own is another installation's. */
export function isLookedIn(ingesters: Namespaces["ingesters"], namespace: string): boolean {
  return ingesters.kind === "listed"
    ? ingesters.namespaces.includes(namespace)
    : !ingesters.except.includes(namespace);
}

/** What the configuration says of where Observations go. */
export function placeSettingsOf(config: Config, podNamespace: string): PlaceSettings {
  const { watchNamespaces, observationNamespace } = config;
  return { podNamespace, watchNamespaces, observationNamespace };
}

/** What the configuration says for all Ingesters. */
export function compileSettingsOf(config: Config, podNamespace: string): CompileSettings {
  return {
    podNamespace,
    watchNamespaces: config.watchNamespaces,
    dedupWindowSeconds: config.deduplication.windowSeconds,
    observationTtlSeconds: config.observationTtlSeconds,
    maxRequestBytes: config.maxRequestBytes,
    hasClientCa: config.tls.clientCaFile !== undefined,
    destinationAllowlist: config.destinationAllowlist,
  };
}

/**
 * holderIdentity of this replica: POD_NAME, else HOSTNAME, an underscore and 8 random characters, so that two processes
 * on one machine differ. To be asked once.
 */
export function identityOf(config: Config, clock: Pick<Clock, "random">): string {
  if (config.podName !== undefined) return config.podName;
  const suffix = Array.from(
    { length: IDENTITY_SUFFIX_LENGTH },
    () => IDENTITY_CHARACTERS.charAt(Math.floor(clock.random() * IDENTITY_CHARACTERS.length)),
  );
  return `${config.hostname ?? "zen-watcher"}_${suffix.join("")}`;
}

function ingesterNamespaces(values: SettingValues): IngesterNamespaces {
  const except = values.ingesterNamespacesExclude;
  const wanted = values.ingesterNamespaces;
  if (wanted === undefined) return { kind: "own", except };
  if (wanted === "*") return { kind: "all", except };
  return { kind: "listed", namespaces: without(wanted, except) };
}

function without(namespaces: readonly string[], except: readonly string[]): readonly string[] {
  return namespaces.filter((name) => !except.includes(name));
}
