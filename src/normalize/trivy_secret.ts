import type { Normalized } from "../model/finding.ts";
import { type Json, type JsonObject, property } from "../model/json.ts";
import { idAndTitle } from "./id_and_title.ts";
import { makeFinding } from "./make_finding.ts";
import { TRIVY_STATE, type TrivyReport, trivySeverity } from "./trivy_report.ts";
import { imageOf } from "./trivy_vulnerability.ts";
import { wordAt } from "./word_at.ts";
import { wrongShape } from "./wrong_shape.ts";

/** One secret of an ExposedSecretReport; never the text that matched. */
export function trivySecret(item: JsonObject, report: TrivyReport, body: Json | undefined): Normalized {
  const ruleID = wordAt(item, "ruleID");
  const title = wordAt(item, "title");
  const target = wordAt(item, "target");
  if ((ruleID ?? title) === undefined) {
    return wrongShape("an exposed secret", "it must have the text ruleID or title", item);
  }
  const { resource, container } = report;
  return makeFinding({
    ...TRIVY_STATE,
    category: "security",
    severity: trivySeverity(item),
    eventType: "exposed_secret",
    title: idAndTitle(ruleID, title, "Exposed secret"),
    description: target === undefined ? title : `${title ?? ruleID ?? "A secret"} in ${target}`,
    detectedAt: report.detectedAt,
    resource,
    rule: ruleID ?? title,
    identity: [
      resource?.kind,
      resource?.namespace,
      resource?.name,
      container,
      ruleID ?? title,
      target,
      wordAt(item, "startLine"),
    ],
    details: {
      ruleID,
      title,
      severity: property(item, "severity"),
      category: property(item, "category"),
      target,
      startLine: property(item, "startLine"),
      endLine: property(item, "endLine"),
      container,
      image: imageOf(body),
    },
  });
}
