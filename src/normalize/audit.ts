import type { Normalized } from "../model/finding.ts";
import { type JsonObject, property, textAt } from "../model/json.ts";
import { GROUP, type ResourceReference } from "../model/observation.ts";
import { type AuditEvent, readAuditEvent } from "./audit_event.ts";
import { isPodAccess, judgeAuditEvent } from "./audit_severity.ts";
import { builtinByPlural } from "./builtin_kinds.ts";
import { eventTypeOf } from "./event_type.ts";
import { makeFinding } from "./make_finding.ts";
import { redactUri } from "./redact.ts";
import { resourceReference } from "./resource_reference.ts";
import { firstTime } from "./rfc3339.ts";
import { wordAt } from "./word_at.ts";

/** What is left out, and what is taken beside the usual. */
export interface AuditOptions {
  /** Stages that are taken beside the usual ones. */
  readonly stages: readonly string[];
  /** The name under which this installation asks the API server, when it is known. */
  readonly ownUsername: string | undefined;
}

const AUDIT_GROUP = "audit.k8s.io/";

/** What a payload must be for {@link normalizeAudit}. */
export const AUDIT_SHAPE =
  "it must be an audit.k8s.io Event or EventList whose events have the texts auditID, stage and verb";

/** True for an audit event; the items of a batch need not say what they are. */
export function isAudit(payload: JsonObject): boolean {
  const apiVersion = wordAt(payload, "apiVersion");
  const kind = wordAt(payload, "kind");
  return (apiVersion === undefined || apiVersion.startsWith(AUDIT_GROUP)) &&
    (kind === undefined || kind === "Event") &&
    ["auditID", "stage", "verb"].every((field) => textAt(payload, field) !== undefined);
}

/** The finding of one audit event; or why it is left out: its stage, or because this installation caused it. */
export function normalizeAudit(payload: JsonObject, options: AuditOptions): readonly Normalized[] {
  const event = readAuditEvent(payload);
  if (isOwn(event, options)) return [{ kind: "filtered", reason: "self" }];
  if (!isTakenStage(wordAt(payload, "stage") ?? "", event, options)) {
    return [{ kind: "filtered", reason: "stage" }];
  }
  const { verb, username, subresource } = event;
  const rule = judgeAuditEvent(event);
  const requestURI = wordAt(payload, "requestURI");
  return [makeFinding({
    category: "security",
    severity: rule.severity,
    eventType: `audit_${
      eventTypeOf(subresource !== undefined && isPodAccess(subresource) ? subresource : verb, "request")
    }`,
    title: `${verb || "request"} ${objectName(payload, requestURI)} by ${username ?? "unknown user"}`,
    description: describe(payload, event),
    detectedAt: firstTime(
      property(payload, "stageTimestamp"),
      property(payload, "requestReceivedTimestamp"),
      property(payload, "timestamp"),
    ),
    resource: readResource(payload, event),
    rule: rule.name,
    identity: [
      wordAt(payload, "auditID"),
      verb,
      requestURI,
      username,
      wordAt(payload, "requestReceivedTimestamp"),
    ],
    isWindowed: false,
    isState: false,
    details: {
      auditID: wordAt(payload, "auditID"),
      rule: rule.name,
      stage: property(payload, "stage"),
      level: property(payload, "level"),
      verb,
      requestURI: requestURI === undefined ? undefined : redactUri(requestURI),
      user: property(payload, "user"),
      impersonatedUser: property(payload, "impersonatedUser"),
      sourceIPs: property(payload, "sourceIPs"),
      userAgent: property(payload, "userAgent"),
      objectRef: property(payload, "objectRef"),
      responseStatus: property(payload, "responseStatus"),
      annotations: property(payload, "annotations"),
    },
  })];
}

/** Otherwise every create of an Observation would be an audit event that makes a create. */
function isOwn({ username, group }: AuditEvent, { ownUsername }: AuditOptions): boolean {
  return group === GROUP || ownUsername !== undefined && username === ownUsername;
}

/** An exec may last for days: it is seen when it starts, and its end has the same identity. */
function isTakenStage(stage: string, { subresource }: AuditEvent, { stages }: AuditOptions): boolean {
  if (stage === "ResponseComplete" || stage === "Panic" || stages.includes(stage)) return true;
  return stage === "ResponseStarted" && (isPodAccess(subresource) || subresource === "proxy");
}

/** `<resource>/<name>`, only the resource where there is no name, and the path for what is no resource. */
function objectName(payload: JsonObject, requestURI: string | undefined): string {
  const resource = wordAt(payload, "objectRef", "resource");
  if (resource === undefined) return requestURI?.split("?", 1)[0] || "something";
  const name = wordAt(payload, "objectRef", "name");
  return name === undefined ? resource : `${resource}/${name}`;
}

function describe(payload: JsonObject, { code }: AuditEvent): string | undefined {
  const said = wordAt(payload, "responseStatus", "message");
  if (code === undefined) return said;
  return said === undefined ? `Answered with ${code}` : `Answered with ${code}: ${said}`;
}

function readResource(payload: JsonObject, event: AuditEvent): ResourceReference | undefined {
  const { resource, group } = event;
  if (resource === undefined) return undefined;
  const version = wordAt(payload, "objectRef", "apiVersion");
  const isWhole = version === undefined || group === "" || version.includes("/");
  return resourceReference({
    apiVersion: isWhole ? version : `${group}/${version}`,
    kind: kindOf(resource, event),
    // A name that the server made up is only in its answer.
    name: wordAt(payload, "objectRef", "name") ?? createdName(event),
    namespace: wordAt(payload, "objectRef", "namespace"),
  });
}

/** The kind of the object itself, where it was logged; else that of a resource of Kubernetes; else the plural. */
function kindOf(resource: string, event: AuditEvent): string {
  const logged = [event.requestObject, event.responseObject]
    .map((object) => wordAt(object, "kind"))
    .find((kind) => kind !== undefined && isKindOf(kind, resource));
  return logged ?? builtinByPlural(resource)?.kind ?? resource;
}

/** Leaves out what is sent or answered instead of the object: DeleteOptions, Status, Scale, a list. */
function isKindOf(kind: string, plural: string): boolean {
  return kind.length > 1 && !kind.endsWith("List") && plural.startsWith(kind.toLowerCase().slice(0, -1));
}

function createdName(event: AuditEvent): string | undefined {
  const answer = event.responseObject;
  if (event.verb !== "create" || event.subresource !== undefined || wordAt(answer, "kind") === "Status") {
    return undefined;
  }
  return wordAt(answer, "metadata", "name");
}
