import { isJsonObject, type Json, listAt, property } from "../model/json.ts";
import type { Severity } from "../model/severity.ts";
import type { AuditEvent } from "./audit_event.ts";
import { wordAt } from "./word_at.ts";

/** One line of the severity table. */
export interface AuditRule {
  /** Its name; `filters.includeRules` and `excludeRules` look at it. */
  readonly name: string;
  readonly severity: Severity;
  readonly applies: (event: AuditEvent) => boolean;
}

const RBAC = "rbac.authorization.k8s.io";
const READS = ["get", "list", "watch", "head", "options"];
const DELETES = ["delete", "deletecollection"];
const CHANGES = ["create", "update", "patch"];
const CONTAINER_LISTS = ["containers", "initContainers", "ephemeralContainers"];

/**
 * How bad an audited request is: the worst line that applies, so the first, whether or not the request was allowed.
 *
 * - What an object holds is known only where the audit policy logs requests (level Request or RequestResponse).
 * - A system user is one whose name begins with `system:`, thus also every service account: what controllers read all day
 *   would drown what people and stolen credentials read.
 * - Wildcard means `*` among a rule's verbs or resources.
 * - A pod's privileges cannot change after its creation, other than by ephemeral containers.
 */
export const AUDIT_RULES: readonly AuditRule[] = [
  { name: "cluster_admin_binding", severity: "critical", applies: bindsClusterAdmin },
  { name: "wildcard_cluster_role", severity: "critical", applies: allowsEverything },
  { name: "privileged_pod", severity: "critical", applies: createsPrivilegedPod },
  { name: "pod_access", severity: "high", applies: ({ subresource }) => isPodAccess(subresource) },
  { name: "secret_read", severity: "high", applies: (event) => isSecretRead(event) && !isSystemUser(event) },
  { name: "rbac_write", severity: "high", applies: (event) => isWrite(event) && event.group === RBAC },
  {
    name: "admission_webhook_write",
    severity: "high",
    applies: (event) => isWrite(event) && isAdmissionWebhook(event),
  },
  { name: "anonymous_allowed", severity: "high", applies: (event) => isAnonymous(event) && isSuccess(event) },
  { name: "denied", severity: "medium", applies: ({ code }) => code === 401 || code === 403 },
  { name: "delete", severity: "medium", applies: ({ verb }) => DELETES.includes(verb) },
  { name: "service_account_token", severity: "medium", applies: createsServiceAccountToken },
  { name: "write", severity: "low", applies: isWrite },
  { name: "read", severity: "info", applies: () => true },
];

/** The worst line of {@link AUDIT_RULES} that applies to an event. */
export function judgeAuditEvent(event: AuditEvent): Pick<AuditRule, "name" | "severity"> {
  return AUDIT_RULES.find((rule) => rule.applies(event)) ?? { name: "read", severity: "info" };
}

/** True for the subresources through which one gets into a pod. */
export function isPodAccess(subresource: string | undefined): boolean {
  return subresource === "exec" || subresource === "attach" || subresource === "portforward";
}

function bindsClusterAdmin(event: AuditEvent): boolean {
  if (event.group !== RBAC || !CHANGES.includes(event.verb)) return false;
  if (event.resource !== "clusterrolebindings" && event.resource !== "rolebindings") return false;
  // A patch need not repeat whose role it binds: then the answer says it.
  const role = property(event.requestObject, "roleRef") ?? property(event.responseObject, "roleRef");
  return wordAt(role, "kind") === "ClusterRole" && wordAt(role, "name") === "cluster-admin";
}

function allowsEverything(event: AuditEvent): boolean {
  if (event.group !== RBAC || event.resource !== "clusterroles" || !CHANGES.includes(event.verb)) {
    return false;
  }
  const rules = property(event.requestObject, "rules") ?? property(event.responseObject, "rules");
  return listAt({ rules }, "rules").some((rule) =>
    listAt(rule, "verbs").includes("*") || listAt(rule, "resources").includes("*")
  );
}

function createsPrivilegedPod(event: AuditEvent): boolean {
  if (event.group !== "" || event.resource !== "pods") return false;
  const isCreation = event.verb === "create" && event.subresource === undefined;
  const isAddition = CHANGES.includes(event.verb) && event.subresource === "ephemeralcontainers";
  return (isCreation || isAddition) && [event.requestObject, event.responseObject].some(isPrivileged);
}

function isPrivileged(pod: Json | undefined): boolean {
  return CONTAINER_LISTS.flatMap((list) => listAt(pod, "spec", list)).filter(isJsonObject)
    .some((container) => property(property(container, "securityContext"), "privileged") === true);
}

function isSecretRead({ group, resource, verb }: AuditEvent): boolean {
  return group === "" && resource === "secrets" && (verb === "get" || verb === "list" || verb === "watch");
}

function isSystemUser({ username }: AuditEvent): boolean {
  return username?.startsWith("system:") === true && username !== "system:anonymous";
}

function isAdmissionWebhook({ group, resource }: AuditEvent): boolean {
  return group === "admissionregistration.k8s.io" && resource?.endsWith("webhookconfigurations") === true;
}

function isAnonymous({ username, groups }: AuditEvent): boolean {
  return username === "system:anonymous" || groups.includes("system:unauthenticated");
}

function isSuccess({ code }: AuditEvent): boolean {
  return code !== undefined && code >= 200 && code < 300;
}

function createsServiceAccountToken({ verb, resource, subresource }: AuditEvent): boolean {
  return verb === "create" && resource === "serviceaccounts" && subresource === "token";
}

/** Every verb that is not known to read. */
function isWrite({ verb }: AuditEvent): boolean {
  return !READS.includes(verb);
}
