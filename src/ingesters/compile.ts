import { compileIdentity, type Identify } from "../deduplicate/identity.ts";
import { compileExpression } from "../filter/cel.ts";
import { compileFilter, type Filter, mergeFilters } from "../filter/filter.ts";
import { parseDuration } from "../model/duration.ts";
import type { GroupVersionResource, Ingester, IngesterSpec } from "../model/ingester.ts";
import { ingesterSpecSchema } from "../model/ingester_schema.ts";
import { GROUP } from "../model/observation.ts";
import { SEVERITIES, type Severity } from "../model/severity.ts";
import { holdsState, type Preset, presetOf } from "../model/preset.ts";
import { areCertificates } from "../normalize/certificate.ts";
import { compileNormalization, type Conform } from "../normalize/mapping.ts";
import type { Lane } from "../pipeline/lane.ts";
import { compileDestinations, gvrText } from "../write/destination.ts";
import { shortHash } from "../write/label_value.ts";
import { compileDoor, pathOf, type WebhookDoor } from "./compile_door.ts";
import { compileLimits } from "./compile_limits.ts";
import { type CompiledLogs, compileLogs } from "./compile_logs.ts";

/** What the settings say for all Ingesters. */
export interface CompileSettings {
  readonly podNamespace: string;
  /** WATCH_NAMESPACE; empty: all. */
  readonly watchNamespaces: readonly string[];
  readonly dedupWindowSeconds: number;
  readonly observationTtlSeconds: number;
  /** MAX_REQUEST_BYTES. */
  readonly maxRequestBytes: number;
  /** Whether TLS_CLIENT_CA_FILE says who signs certificates of senders. */
  readonly hasClientCa: boolean;
  /** DESTINATION_ALLOWLIST: what may be written beside Observations. */
  readonly destinationAllowlist: readonly GroupVersionResource[];
}

/** One resource to read: in one namespace, in all, or in all but keeping only some. */
export interface InformerTarget {
  readonly gvr: GroupVersionResource;
  readonly namespace: string | undefined;
  readonly keepNamespaces: ReadonlySet<string> | undefined;
  readonly labelSelector: string | undefined;
  readonly fieldSelector: string | undefined;
}

/** An Ingester made ready to run, or the reason why it cannot. */
export type Compiled =
  | {
    readonly kind: "informer";
    readonly lane: Lane;
    readonly targets: readonly InformerTarget[];
    /** How often everything is listed again; undefined: only when that must be. */
    readonly resyncMilliseconds: number | undefined;
    /** For a source that shows a state: what is asked of it; when that changes, everything is listed again. */
    readonly stateSpec: string | undefined;
  }
  | { readonly kind: "logs"; readonly lane: Lane; readonly logs: CompiledLogs }
  | { readonly kind: "webhook"; readonly lane: Lane; readonly door: WebhookDoor }
  | { readonly kind: "suspended"; readonly path: string | undefined }
  | { readonly kind: "invalid"; readonly path: string | undefined; readonly message: string };

/** Above so many namespaces one watch over all of them is cheaper (contract, section 6). */
const MAX_NAMESPACE_WATCHES = 20;
const MIN_RESYNC_MILLISECONDS = 10_000;

/** Compiles an Ingester once: checks it, merges its preset, and says everything that is wrong with it. */
export function compileIngester(ingester: Ingester, settings: CompileSettings): Compiled {
  const parsed = ingesterSpecSchema.safeParse(ingester.spec);
  const path = isText(ingester.spec?.source) ? pathOf(ingester, settings) : undefined;
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) =>
      `spec.${issue.path.map(String).join(".")}: ${issue.message}`
    );
    return { kind: "invalid", path, message: issues.join("; ") };
  }
  const spec = parsed.data;
  const preset = presetOf(spec.source);
  const kind = spec.ingester ?? preset.ingester;
  const webhookPath = kind === "webhook" ? path : undefined;
  const problems: string[] = [];
  const door = kind === "webhook" ? compileDoor(ingester, spec, preset, settings) : undefined;
  if (door?.kind === "problems") problems.push(...door.messages);
  const words = wordsOf(spec, preset, kind === "webhook");
  problems.push(...words.problems);
  const { destinations, problems: refused } = compileDestinations(
    spec.destinations,
    settings.destinationAllowlist,
  );
  problems.push(...refused);
  const targets = kind === "informer" ? targetsOf(ingester, spec, preset, settings) : [];
  if (kind === "informer") problems.push(...gvrProblems(spec, settings), ...timeProblems(spec, preset));
  if (kind === "informer" && problems.length === 0 && targets.length === 0) {
    problems.push(noTarget(spec, preset));
  }
  const logs = kind === "logs" ? logsOf(ingester, spec, preset, settings) : undefined;
  if (logs !== undefined && !("targets" in logs)) problems.push(...logs);
  if (problems.length > 0) return { kind: "invalid", path: webhookPath, message: problems.join("; ") };
  if (spec.suspend === true) return { kind: "suspended", path: webhookPath };
  const lane = { ...laneOf(ingester, spec, preset, settings, words), ...compileLimits(spec, destinations) };
  if (kind === "informer") {
    return {
      kind: "informer",
      lane,
      targets,
      resyncMilliseconds: parseDuration(spec.informer?.resyncPeriod ?? "0") || undefined,
      stateSpec: preset.showsState || targets.some(({ gvr }) => holdsState(gvr))
        ? stateSpecOf(spec)
        : undefined,
    };
  }
  if (logs !== undefined && "targets" in logs) return { kind: "logs", lane, logs };
  if (door?.kind !== "door") throw new Error(`Cannot compile Ingester of kind ${kind}: it is none of them`);
  return { kind: "webhook", lane, door: door.door };
}

/** What is never read: Secrets, whoever asks, and what this program writes itself, which would feed it without end. */
function gvrProblems(spec: IngesterSpec, { destinationAllowlist }: CompileSettings): string[] {
  const gvr = spec.informer?.gvr;
  if (gvr?.group === "" && gvr.resource === "secrets") {
    return ["spec.informer.gvr must not be secrets: their content is no finding"];
  }
  if (gvr?.group === GROUP) {
    return [`spec.informer.gvr must not be of group ${GROUP}: every Observation would make another one`];
  }
  if (gvr !== undefined && destinationAllowlist.some((allowed) => gvrText(allowed) === gvrText(gvr))) {
    return ["spec.informer.gvr must not be in DESTINATION_ALLOWLIST: what is written there would come back"];
  }
  return [];
}

function timeProblems({ informer }: IngesterSpec, preset: Preset): string[] {
  const problems: string[] = [];
  const period = parseDuration(informer?.resyncPeriod ?? "0") ?? 0;
  if (period > 0 && period < MIN_RESYNC_MILLISECONDS) {
    problems.push(`spec.informer.resyncPeriod must be 0 or at least 10s, given ${informer?.resyncPeriod}`);
  }
  const gvrs = informer?.gvr === undefined ? preset.gvrs : [informer.gvr];
  if (informer?.expiryWindow !== undefined && !gvrs.some(areCertificates)) {
    problems.push("spec.informer.expiryWindow needs certificates of cert-manager.io as what is watched");
  }
  return problems;
}

/** What an Ingester says of its findings, and everything that is wrong with it. */
interface Words {
  readonly filter: Filter;
  readonly conform: Conform | undefined;
  readonly identify: Identify | undefined;
  readonly problems: readonly string[];
}

function wordsOf(spec: IngesterSpec, preset: Preset, isWebhook: boolean): Words {
  const problems: string[] = [];
  const filters = mergeFilters(preset.filters, spec.filters);
  const expression = filters.expression === undefined
    ? undefined
    : compileExpression(filters.expression, "bool");
  if (expression?.kind === "problem") problems.push(`spec.filters.expression: ${expression.message}`);
  const normalization = spec.normalization === undefined
    ? undefined
    : compileNormalization(spec.normalization);
  if (normalization?.kind === "problems") problems.push(...normalization.messages);
  const identity = compileIdentity(spec.deduplication);
  if (identity.kind === "problems") problems.push(...identity.messages);
  return {
    // An informer keeps to its namespaces by what it reads; a webhook's findings say theirs only here.
    filter: compileFilter(
      filters,
      isWebhook ? spec.namespaces ?? [] : [],
      expression?.kind === "expression"
        ? { field: "filters.expression", evaluate: expression.evaluate }
        : undefined,
    ),
    conform: normalization?.kind === "conform" ? normalization.conform : undefined,
    identify: identity.kind === "identity" ? identity.identify : undefined,
    problems,
  };
}

function laneOf(
  ingester: Ingester,
  spec: IngesterSpec,
  preset: Preset,
  settings: CompileSettings,
  words: Words,
): Lane {
  const filters = mergeFilters(preset.filters, spec.filters);
  const namespaces = spec.namespaces ?? [];
  const seconds = (duration: string | undefined, otherwise: number): number =>
    duration === undefined
      ? otherwise
      : Math.max(1, Math.round((parseDuration(duration) ?? otherwise * 1000) / 1000));
  const ttlDefault = seconds(spec.ttl?.default, settings.observationTtlSeconds);
  const ttl = Object.fromEntries(
    SEVERITIES.map((severity) => [severity, seconds(spec.ttl?.bySeverity?.[severity], ttlDefault)]),
  ) as Record<Severity, number>;
  return {
    source: spec.source,
    ingester: { namespace: ingester.metadata.namespace, name: ingester.metadata.name },
    namespaces,
    filter: words.filter,
    conform: words.conform,
    identify: words.identify,
    stages: filters.stages ?? [],
    expiryWindowSeconds: spec.informer?.expiryWindow === undefined
      ? undefined
      : seconds(spec.informer.expiryWindow, 0),
    windowSeconds: seconds(spec.deduplication?.window, settings.dedupWindowSeconds),
    isDryRun: spec.dryRun === true,
    ttlSeconds: (severity) => ttl[severity],
  };
}

/** Stands for everything in a spec that says what becomes of an object; being suspended meanwhile changes nothing. */
function stateSpecOf(spec: IngesterSpec): string {
  return shortHash(JSON.stringify({ ...spec, suspend: undefined }), 16);
}

function targetsOf(
  ingester: Ingester,
  spec: IngesterSpec,
  preset: Preset,
  settings: CompileSettings,
): readonly InformerTarget[] {
  const gvrs = spec.informer?.gvr === undefined ? preset.gvrs : [spec.informer.gvr];
  const selectors = {
    labelSelector: spec.informer?.labelSelector ?? preset.labelSelector,
    fieldSelector: spec.informer?.fieldSelector,
  };
  const namespaces = visibleNamespaces(ingester, spec, settings);
  return gvrs.flatMap((gvr): InformerTarget[] => {
    const target = { gvr, ...selectors, keepNamespaces: undefined };
    if (namespaces === undefined) return [{ ...target, namespace: undefined }];
    if (isClusterScoped(gvr, preset)) return [];
    if (namespaces.length > MAX_NAMESPACE_WATCHES && settings.watchNamespaces.length === 0) {
      return [{ ...target, namespace: undefined, keepNamespaces: new Set(namespaces) }];
    }
    return namespaces.map((namespace) => ({ ...target, namespace }));
  });
}

function logsOf(
  ingester: Ingester,
  spec: IngesterSpec,
  preset: Preset,
  settings: CompileSettings,
): CompiledLogs | readonly string[] {
  const namespaces = visibleNamespaces(ingester, spec, settings);
  if (namespaces?.length === 0) return [noNamespace(spec)];
  return compileLogs({ ...preset.logs, ...spec.logs }, namespaces, {
    maxWatches: MAX_NAMESPACE_WATCHES,
    mayWatchAll: settings.watchNamespaces.length === 0,
    ownNamespace: settings.podNamespace,
  });
}

/** The namespaces that an Ingester may read; undefined: all. One outside the watcher's namespace reads only its own. */
function visibleNamespaces(
  ingester: Ingester,
  spec: IngesterSpec,
  settings: CompileSettings,
): readonly string[] | undefined {
  const home = ingester.metadata.namespace;
  const wanted = spec.namespaces?.length === 0 ? undefined : spec.namespaces;
  if (home !== settings.podNamespace) return wanted === undefined || wanted.includes(home) ? [home] : [];
  if (settings.watchNamespaces.length === 0) return wanted;
  if (wanted === undefined) return settings.watchNamespaces;
  return wanted.filter((namespace) => settings.watchNamespaces.includes(namespace));
}

function noTarget(spec: IngesterSpec, preset: Preset): string {
  if (preset.gvrs.length === 0 && spec.informer?.gvr === undefined) {
    return `spec.informer.gvr must say what to watch, since source ${spec.source} has no preset of its own`;
  }
  return noNamespace(spec);
}

function noNamespace(spec: IngesterSpec): string {
  return `spec.namespaces must name a namespace that this Ingester may read, not only ${
    (spec.namespaces ?? []).join(", ")
  }`;
}

function isClusterScoped(gvr: GroupVersionResource, preset: Preset): boolean {
  return preset.gvrs.includes(gvr) && gvr.resource.startsWith("cluster");
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
