import type { GroupVersionResource } from "../model/ingester.ts";
import type { Normalized } from "../model/finding.ts";
import { at, isJsonObject, type Json, type JsonObject, listAt, property } from "../model/json.ts";
import type { Severity } from "../model/severity.ts";
import { makeFinding } from "./make_finding.ts";
import { resourceReference } from "./resource_reference.ts";
import { firstTime, rfc3339 } from "./rfc3339.ts";
import { wordAt } from "./word_at.ts";
import { wrongShape } from "./wrong_shape.ts";

const GROUP = "cert-manager.io/";
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/** How long before its end a certificate is near it, where nobody says otherwise. */
export const DEFAULT_EXPIRY_WINDOW_SECONDS: number = 7 * 24 * 60 * 60;

/** How a Certificate is judged. */
export interface CertificateTerms {
  /** Milliseconds since 1970: when the object was received, so that the same signal is always judged alike. */
  readonly now: number;
  readonly expiryWindowSeconds: number;
}

/** What a payload must be for {@link normalizeCertificate}. */
export const CERTIFICATE_SHAPE = "it must be a Certificate of cert-manager.io";

/** True for a Certificate of cert-manager. */
export function isCertificate(payload: JsonObject): boolean {
  return wordAt(payload, "apiVersion")?.startsWith(GROUP) === true &&
    wordAt(payload, "kind") === "Certificate";
}

/** Whether a resource holds Certificates, which mean something else as time goes by. */
export function areCertificates(
  { group, resource }: Pick<GroupVersionResource, "group" | "resource">,
): boolean {
  return `${group}/` === GROUP && resource === "certificates";
}

/** The findings of one Certificate: that it is not Ready, and that it has expired or is near its end. */
export function normalizeCertificate(payload: JsonObject, terms: CertificateTerms): readonly Normalized[] {
  const status = property(payload, "status") ?? {};
  const must = wrongStatus(status);
  if (must !== undefined) return [wrongShape("a Certificate", must, status)];
  const end = timeOf(status, "notAfter");
  const hasExpired = end !== undefined && end <= terms.now;
  const near = nearEndAt(status, terms.expiryWindowSeconds);
  const ready = readyCondition(status);
  const items: Normalized[] = [];
  // That it has expired is told by its own finding.
  if (wordAt(ready, "status") !== "True" && !(hasExpired && wordAt(ready, "reason") === "Expired")) {
    items.push(notReady(payload, ready));
  }
  if (hasExpired) {
    items.push(ending(payload, { eventType: "certificate_expired", severity: "critical", since: end }));
  } else if (near !== undefined && near <= terms.now) {
    items.push(ending(payload, { eventType: "certificate_expiring", severity: "high", since: near }));
  }
  return items;
}

/**
 * When an unchanged Certificate will be judged otherwise than now, in milliseconds since 1970: nobody writes to it on
 * the day it comes near its end. Undefined when only a change of it can matter.
 */
export function certificateReviewAt(payload: JsonObject, terms: CertificateTerms): number | undefined {
  const status = property(payload, "status");
  const ahead = [nearEndAt(status, terms.expiryWindowSeconds), timeOf(status, "notAfter")]
    .filter((time) => time !== undefined && time > terms.now) as readonly number[];
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

/**
 * When it comes near its end: the window before notAfter, or a day after the time at which it should have been renewed.
 * One that does not even live for three windows is near its end all its life, so there only a renewal that is overdue
 * counts, which is then half of the time that was left.
 */
function nearEndAt(status: Json | undefined, windowSeconds: number): number | undefined {
  const [start, end, renewal] = ["notBefore", "notAfter", "renewalTime"].map((field) =>
    timeOf(status, field)
  );
  const overdue = renewal === undefined
    ? undefined
    : renewal + Math.min(DAY_MILLISECONDS, Math.max(0, ((end ?? Infinity) - renewal) / 2));
  const window = windowSeconds * 1000;
  const isShortLived = overdue !== undefined && start !== undefined && end !== undefined &&
    end - start < 3 * window;
  const times = [overdue, end === undefined || isShortLived ? undefined : end - window]
    .filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

function wrongStatus(status: Json): string | undefined {
  if (!isJsonObject(status)) return "status must be an object";
  const conditions = property(status, "conditions") ?? [];
  if (!Array.isArray(conditions)) return "status.conditions must be a list";
  if (!conditions.every(isJsonObject)) return "status.conditions[] must be an object";
  const wrong = ["notBefore", "notAfter", "renewalTime"].find((field) =>
    (property(status, field) ?? null) !== null && timeOf(status, field) === undefined
  );
  return wrong === undefined ? undefined : `status.${wrong} must be a time in RFC 3339`;
}

function timeOf(status: Json | undefined, field: string): number | undefined {
  const time = rfc3339(property(status, field));
  return time === undefined ? undefined : Date.parse(time);
}

/** Absent until cert-manager has looked at it: then it is not Ready. */
function readyCondition(status: Json): JsonObject | undefined {
  return listAt(status, "conditions").filter(isJsonObject)
    .find((condition) => wordAt(condition, "type") === "Ready");
}

function notReady(payload: JsonObject, ready: JsonObject | undefined): Normalized {
  const reason = wordAt(ready, "reason");
  return finding(payload, {
    eventType: "certificate_not_ready",
    severity: "high",
    title: `Certificate ${nameOf(payload)} is not ready${reason === undefined ? "" : `: ${reason}`}`,
    description: wordAt(ready, "message") ?? "cert-manager has not said yet whether it is ready",
    detectedAt: firstTime(
      property(ready, "lastTransitionTime"),
      at(payload, "metadata", "creationTimestamp"),
    ),
    details: { reason, message: wordAt(ready, "message") },
  });
}

function ending(
  payload: JsonObject,
  { eventType, severity, since }: {
    readonly eventType: "certificate_expiring" | "certificate_expired";
    readonly severity: Severity;
    /** Milliseconds since 1970. */
    readonly since: number;
  },
): Normalized {
  const notAfter = wordAt(payload, "status", "notAfter");
  const renewal = wordAt(payload, "status", "renewalTime");
  const end = notAfter === undefined
    ? "is overdue for renewal"
    : `${eventType === "certificate_expired" ? "expired" : "expires"} at ${notAfter}`;
  return finding(payload, {
    eventType,
    severity,
    title: `Certificate ${nameOf(payload)} ${end}`,
    description: renewal === undefined ? "No renewal is planned" : `Its renewal is planned for ${renewal}`,
    detectedAt: new Date(since).toISOString(),
    details: {},
  });
}

function finding(
  payload: JsonObject,
  said: {
    readonly eventType: string;
    readonly severity: Severity;
    readonly title: string;
    readonly description: string;
    readonly detectedAt: string | undefined;
    readonly details: JsonObject;
  },
): Normalized {
  const name = wordAt(payload, "metadata", "name");
  const namespace = wordAt(payload, "metadata", "namespace");
  const spec = property(payload, "spec");
  const status = property(payload, "status");
  return makeFinding({
    ...said,
    category: "operations",
    resource: resourceReference({
      apiVersion: wordAt(payload, "apiVersion"),
      kind: "Certificate",
      name,
      namespace,
    }),
    identity: [namespace, name, said.eventType],
    isWindowed: false,
    isState: true,
    details: {
      ...said.details,
      secretName: property(spec, "secretName"),
      issuerRef: property(spec, "issuerRef"),
      commonName: property(spec, "commonName"),
      dnsNames: property(spec, "dnsNames"),
      ...Object.fromEntries(
        [
          "notBefore",
          "notAfter",
          "renewalTime",
          "revision",
          "failedIssuanceAttempts",
          "lastFailureTime",
        ].map((field) => [field, property(status, field)]),
      ),
    },
  });
}

function nameOf(payload: JsonObject): string {
  return wordAt(payload, "metadata", "name") ?? "without a name";
}
