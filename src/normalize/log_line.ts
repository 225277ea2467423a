import type { Normalized } from "../model/finding.ts";
import { isJsonObject, type Json, type JsonObject, property } from "../model/json.ts";
import { isSeverity } from "../model/severity.ts";
import { sha256Hex } from "../model/sha256.ts";
import { cutBytes, cutLength, MAX_DESCRIPTION_BYTES } from "./cut_text.ts";
import { eventTypeOf } from "./event_type.ts";
import { makeFinding } from "./make_finding.ts";
import { namesSecret, REDACTED } from "./redact.ts";
import { resourceReference } from "./resource_reference.ts";
import { rfc3339 } from "./rfc3339.ts";
import { wordAt } from "./word_at.ts";
import { wrongShape } from "./wrong_shape.ts";

/** Whose logs this installation writes itself. */
export interface OwnPods {
  readonly namespace: string;
  readonly podNames: readonly string[];
}

/** Of a line of up to 1 MiB no more than this is looked at for what is shown of it. */
const MAX_LOOKED_AT = 4 * MAX_DESCRIPTION_BYTES;

/** What a payload must be for {@link normalizeLogLine}. */
export const LOG_LINE_SHAPE: string =
  "it must be a line of a pod's log: an object with the texts namespace, podName, podUid, container, timestamp " +
  "and line, and with an object pattern";

/** True for a line of a pod's log, as the reader of logs makes it. */
export function isLogLine(payload: JsonObject): boolean {
  return ["namespace", "podName", "podUid", "container", "timestamp", "line"].every((field) =>
    typeof property(payload, field) === "string"
  ) && isJsonObject(property(payload, "pattern"));
}

/** The finding of one line of a pod's log (model/log_line.ts); what the own pods write is left out. */
export function normalizeLogLine(payload: JsonObject, own: OwnPods): readonly Normalized[] {
  const namespace = wordAt(payload, "namespace");
  const podName = wordAt(payload, "podName");
  const isNamed = namespace === own.namespace && podName !== undefined && own.podNames.includes(podName);
  if (isNamed || property(payload, "isOwn") === true) {
    return [{ kind: "filtered", reason: "self" }];
  }
  const podUid = wordAt(payload, "podUid");
  const line = wordAt(payload, "line");
  if (podUid === undefined || line === undefined) {
    return [wrongShape("a line of a pod's log", "podUid and line must not be empty", payload)];
  }
  const container = wordAt(payload, "container");
  const timestamp = wordAt(payload, "timestamp");
  const pattern = property(payload, "pattern");
  const severity = property(pattern, "severity");
  const groups = groupsOf(property(pattern, "groups"));
  const shown = withoutSecrets(line, groups);
  return [makeFinding({
    category: "security",
    severity: isSeverity(severity) ? severity : "high",
    eventType: eventTypeOf(wordAt(pattern, "eventType") ?? "", "log_match"),
    title: shown,
    description: shown,
    detectedAt: rfc3339(timestamp),
    resource: resourceReference({ apiVersion: "v1", kind: "Pod", name: podName, namespace }),
    identity: [namespace, podUid, container, timestamp, sha256Hex(line)],
    isWindowed: false,
    isState: false,
    details: {
      ...groups,
      log: {
        podUid,
        container,
        timestamp,
        length: line.length,
        ...(property(payload, "isCut") === true ? { isCut: true } : {}),
      },
    },
  })];
}

function groupsOf(value: Json | undefined): JsonObject {
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, text]) =>
      typeof text === "string" ? [[name, cutBytes(text, MAX_DESCRIPTION_BYTES)]] : []
    ),
  );
}

/** The beginning of a line without what its pattern calls a secret; the details leave that out too. */
function withoutSecrets(line: string, groups: JsonObject): string {
  const secrets = Object.entries(groups)
    .filter(([name, text]) => namesSecret(name) && typeof text === "string" && text !== "")
    .map(([, text]) => text as string)
    .sort((a, b) => b.length - a.length);
  const start = cutLength(line, MAX_LOOKED_AT);
  if (secrets.length === 0) return start;
  // All at once: what one put in its place must not be searched for the next.
  const pattern = secrets.map((secret) => secret.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|");
  return start.replace(new RegExp(pattern, "g"), REDACTED);
}
