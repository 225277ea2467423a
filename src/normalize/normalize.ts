import type { Normalized } from "../model/finding.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import type { Signal } from "../model/signal.ts";
import {
  ALERTMANAGER_SHAPE,
  isAlertmanager,
  isAlertmanagerSurely,
  normalizeAlertmanager,
} from "./alertmanager.ts";
import { AUDIT_SHAPE, isAudit, normalizeAudit } from "./audit.ts";
import {
  CERTIFICATE_SHAPE,
  certificateReviewAt,
  type CertificateTerms,
  DEFAULT_EXPIRY_WINDOW_SECONDS,
  isCertificate,
  normalizeCertificate,
} from "./certificate.ts";
import { CHECKOV_SHAPE, isCheckov, isCheckovSurely, normalizeCheckov } from "./checkov.ts";
import { FALCO_SHAPE, isFalco, isFalcoLike, normalizeFalco } from "./falco.ts";
import { normalizeGeneric } from "./generic.ts";
import { isKubeBench, isKubeBenchSurely, KUBE_BENCH_SHAPE, normalizeKubeBench } from "./kube_bench.ts";
import { isKubernetesEvent, KUBERNETES_EVENT_SHAPE, normalizeKubernetesEvent } from "./kubernetes_event.ts";
import { isLogLine, LOG_LINE_SHAPE, normalizeLogLine } from "./log_line.ts";
import { isPolicyReport, normalizePolicyReport, POLICY_REPORT_SHAPE } from "./policy_report.ts";
import { split } from "./split.ts";
import { isTrivy, normalizeTrivy, TRIVY_SHAPE } from "./trivy.ts";
import { wrongShape } from "./wrong_shape.ts";

/** Who this installation is, so that what it caused itself is left out. */
export interface Self {
  /** The name under which it asks the API server (SelfSubjectReview); undefined until that is known. */
  readonly username: string | undefined;
  readonly namespace: string;
  readonly podNames: readonly string[];
}

/** What a normalizer must know beside the signal. */
export interface NormalizeOptions {
  /** Audit stages that are taken beside the usual ones. */
  readonly stages: readonly string[];
  readonly self: Self;
  /** How long before its end a certificate is near it; 7 days where it is not said. */
  readonly expiryWindowSeconds?: number | undefined;
}

/** What we know of one tool. */
interface Tool {
  /** What must hold of its payloads, for the sentence that refuses another. */
  readonly shape: string;
  /** True for a payload that its own source may send. */
  readonly accepts: (payload: JsonObject) => boolean;
  /** True for a payload that is its beyond doubt, whatever the source is called. */
  readonly recognises: (payload: JsonObject) => boolean;
  readonly normalize: (
    payload: JsonObject,
    options: NormalizeOptions,
    receivedAt: string,
  ) => readonly Normalized[];
}

/** The presets with a normalizer of their own, by the name of their source. */
const TOOLS: ReadonlyMap<string, Tool> = new Map<string, Tool>([
  ["trivy", { shape: TRIVY_SHAPE, accepts: isTrivy, recognises: isTrivy, normalize: normalizeTrivy }],
  ["kyverno", {
    shape: POLICY_REPORT_SHAPE,
    accepts: isPolicyReport,
    recognises: isPolicyReport,
    normalize: normalizePolicyReport,
  }],
  ["kubernetes-events", {
    shape: KUBERNETES_EVENT_SHAPE,
    accepts: isKubernetesEvent,
    recognises: isKubernetesEvent,
    normalize: normalizeKubernetesEvent,
  }],
  ["audit", {
    shape: AUDIT_SHAPE,
    accepts: isAudit,
    recognises: isAudit,
    normalize: (payload, { stages, self }) => normalizeAudit(payload, { stages, ownUsername: self.username }),
  }],
  ["falco", { shape: FALCO_SHAPE, accepts: isFalcoLike, recognises: isFalco, normalize: normalizeFalco }],
  ["alertmanager", {
    shape: ALERTMANAGER_SHAPE,
    accepts: isAlertmanager,
    recognises: isAlertmanagerSurely,
    normalize: normalizeAlertmanager,
  }],
  ["kube-bench", {
    shape: KUBE_BENCH_SHAPE,
    accepts: isKubeBench,
    recognises: isKubeBenchSurely,
    normalize: normalizeKubeBench,
  }],
  ["checkov", {
    shape: CHECKOV_SHAPE,
    accepts: isCheckov,
    recognises: isCheckovSurely,
    normalize: normalizeCheckov,
  }],
  ["cert-manager", {
    shape: CERTIFICATE_SHAPE,
    accepts: isCertificate,
    recognises: isCertificate,
    normalize: (payload, options, receivedAt) =>
      normalizeCertificate(payload, certificateTerms(options, receivedAt)),
  }],
  ["sealed-secrets", {
    shape: LOG_LINE_SHAPE,
    accepts: isLogLine,
    recognises: isLogLine,
    normalize: (payload, { self }) => normalizeLogLine(payload, self),
  }],
]);

/**
 * When an unchanged API object would mean something else than now, in milliseconds since 1970; undefined for all whose
 * meaning does not depend on the time. Whoever reads objects hands it in again then, with a new receivedAt.
 */
export function reviewAt(signal: Signal, options: NormalizeOptions): number | undefined {
  const { payload, receivedAt } = signal;
  if (!isJsonObject(payload) || !isCertificate(payload)) return undefined;
  return certificateReviewAt(payload, certificateTerms(options, receivedAt));
}

function certificateTerms(
  { expiryWindowSeconds = DEFAULT_EXPIRY_WINDOW_SECONDS }: NormalizeOptions,
  receivedAt: string,
): CertificateTerms {
  return { now: Date.parse(receivedAt), expiryWindowSeconds };
}

/**
 * Says what a signal means: each of its findings, and what in it was left out or could not be taken, in the order of the
 * payload. The normalizer is chosen by what the payload is; a source with the name of a preset takes that preset's
 * payloads only, and any other source takes every JSON object. Total: no payload makes it throw.
 */
export function normalize(signal: Signal, options: NormalizeOptions): readonly Normalized[] {
  const { source, receivedAt } = signal;
  const preset = TOOLS.get(source);
  const must = preset?.shape ?? "it must be a JSON object, or a list of such";
  return split(signal.payload).flatMap((part) => {
    if (part.kind === "other") return [wrongShape(`a signal of source ${source}`, must, part.value)];
    const { payload } = part;
    if (preset === undefined) {
      const tool = [...TOOLS.values()].find((candidate) => candidate.recognises(payload));
      return foundIn(
        payload,
        tool?.normalize(payload, options, receivedAt) ?? normalizeGeneric(payload, source),
      );
    }
    if (!preset.accepts(payload)) return [wrongShape(`a signal of source ${source}`, must, payload)];
    return foundIn(payload, preset.normalize(payload, options, receivedAt));
  });
}

/** Whether a signal tells the beginnings or ends of states, so that it means something else before another than after it. */
export function tellsStates({ source, payload }: Pick<Signal, "source" | "payload">): boolean {
  const tells = source === "alertmanager" ? isAlertmanager : isAlertmanagerSurely;
  return split(payload).some((part) => part.kind !== "other" && tells(part.payload));
}

/** Says of each finding which object of the signal it was found in. */
function foundIn(payload: JsonObject, found: readonly Normalized[]): readonly Normalized[] {
  return found.map((item) => "finding" in item ? { ...item, payload } : item);
}
