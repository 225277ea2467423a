import type { Normalized } from "../model/finding.ts";
import { type JsonObject, listAt, property } from "../model/json.ts";
import { looseBoolean } from "./loose.ts";
import { idAndTitle } from "./id_and_title.ts";
import { makeFinding } from "./make_finding.ts";
import { TRIVY_STATE, type TrivyReport, trivySeverity } from "./trivy_report.ts";
import { wordAt } from "./word_at.ts";
import { wrongShape } from "./wrong_shape.ts";

/** The assessments of trivy-operator that consist of checks. */
export type TrivyCheckType = "config_audit" | "rbac_assessment" | "infra_assessment";

/** One failed check of a config audit, RBAC or infra assessment; undefined for one that passed. */
export function trivyCheck(
  item: JsonObject,
  report: TrivyReport,
  eventType: TrivyCheckType,
): Normalized | undefined {
  const success = looseBoolean(property(item, "success"));
  if (success === undefined) return wrongShape("a trivy check", "success must be true or false", item);
  if (success) return undefined;
  const id = wordAt(item, "checkID");
  const title = wordAt(item, "title");
  if ((id ?? title) === undefined) {
    return wrongShape("a trivy check", "it must have the text checkID or title", item);
  }
  const { resource } = report;
  return makeFinding({
    ...TRIVY_STATE,
    category: "security",
    severity: trivySeverity(item),
    eventType,
    title: idAndTitle(id, title, "Failed check"),
    description: wordAt(item, "description") ?? messagesOf(item),
    detectedAt: report.detectedAt,
    resource,
    rule: id ?? title,
    identity: [resource?.kind, resource?.namespace, resource?.name, id ?? title],
    details: {
      checkID: id,
      title,
      severity: property(item, "severity"),
      category: property(item, "category"),
      messages: property(item, "messages"),
      remediation: property(item, "remediation"),
      scope: property(item, "scope"),
    },
  });
}

function messagesOf(item: JsonObject): string | undefined {
  const messages = listAt(item, "messages").filter((message) => typeof message === "string");
  return messages.length === 0 ? undefined : messages.join("\n");
}
