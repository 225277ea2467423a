import { at, type Json, type JsonObject, listAt, property } from "../model/json.ts";
import { wordAt } from "./word_at.ts";

/** An audit.k8s.io Event as the severity table looks at it. */
export interface AuditEvent {
  /** Lower case. */
  readonly verb: string;
  readonly username: string | undefined;
  readonly groups: readonly string[];
  /** API group of the object; "" is the core group. */
  readonly group: string;
  /** Plural; undefined for a request that is about no resource. */
  readonly resource: string | undefined;
  readonly subresource: string | undefined;
  /** HTTP status of the answer. */
  readonly code: number | undefined;
  readonly requestObject: Json | undefined;
  readonly responseObject: Json | undefined;
}

/** Reads what the severity table looks at. In v1alpha1 the group stands in objectRef.apiVersion (`apps/v1`). */
export function readAuditEvent(payload: JsonObject): AuditEvent {
  const code = Number(wordAt(payload, "responseStatus", "code") ?? Number.NaN);
  return {
    verb: wordAt(payload, "verb")?.toLowerCase() ?? "",
    username: wordAt(payload, "user", "username"),
    groups: listAt(payload, "user", "groups").filter((group) => typeof group === "string"),
    group: groupOf(payload),
    resource: wordAt(payload, "objectRef", "resource"),
    subresource: wordAt(payload, "objectRef", "subresource"),
    code: Number.isInteger(code) ? code : undefined,
    requestObject: property(payload, "requestObject"),
    responseObject: property(payload, "responseObject"),
  };
}

function groupOf(payload: JsonObject): string {
  const apiVersion = wordAt(payload, "objectRef", "apiVersion") ?? "";
  const group = at(payload, "objectRef", "apiGroup");
  if (typeof group === "string" && group !== "") return group;
  return apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
}
