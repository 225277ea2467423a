import type { Normalized } from "../model/finding.ts";
import { at, type JsonObject, property } from "../model/json.ts";
import { MAX_JSON_DEPTH } from "../model/parse_json.ts";
import type { ResourceReference } from "../model/observation.ts";
import { isDeeperThan } from "./depth.ts";
import { makeFinding } from "./make_finding.ts";
import { resourceReference } from "./resource_reference.ts";
import { firstTime } from "./rfc3339.ts";
import { wordAt } from "./word_at.ts";
import { wrongShape } from "./wrong_shape.ts";

/** Fields that people title things with, best first. */
const TITLE_FIELDS = ["title", "summary", "subject", "message", "msg", "name", "text"];
const DESCRIPTION_FIELDS = ["description", "message", "msg", "text", "details"];
const TIME_FIELDS = ["time", "timestamp", "@timestamp"];

/** What the API server writes into an object at each write of it, whatever it says (metav1.ObjectMeta). */
const BOOKKEEPING = ["resourceVersion", "managedFields", "selfLink"];

/** The finding of any JSON object: what it is, nobody has said. */
export function normalizeGeneric(received: JsonObject, source: string): readonly Normalized[] {
  if (isDeeperThan(received, MAX_JSON_DEPTH)) {
    const must = `it must not be nested deeper than ${MAX_JSON_DEPTH} levels`;
    return [wrongShape(`a signal of source ${source}`, must, received)];
  }
  const resource = readResource(received);
  const payload = resource === undefined ? received : withoutBookkeeping(received);
  const text = (name: string): string | undefined => {
    const found = property(payload, name);
    return typeof found === "string" && found.trim() !== "" ? found : undefined;
  };
  const titleField = TITLE_FIELDS.find((name) => text(name) !== undefined);
  const descriptionField = DESCRIPTION_FIELDS.find((name) => name !== titleField && text(name) !== undefined);
  const objectTitle = resource?.name === undefined
    ? undefined
    : `${resource.kind ?? "Object"}/${resource.name}`;
  return [makeFinding({
    category: "operations",
    severity: "info",
    eventType: "generic",
    title: (titleField === undefined ? undefined : text(titleField)) ?? objectTitle ?? `${source} signal`,
    description: descriptionField === undefined ? undefined : text(descriptionField),
    detectedAt: firstTime(
      ...TIME_FIELDS.map((name) => property(payload, name)),
      // An object is read again after every restart: only a time of its own keeps it in its window.
      resource === undefined ? undefined : at(payload, "metadata", "creationTimestamp"),
    ),
    resource,
    identity: [payload],
    isWindowed: true,
    isState: false,
    details: payload,
  })];
}

/** The object without what changes although nothing in it does: that must not make another finding of it. */
function withoutBookkeeping(object: JsonObject): JsonObject {
  const metadata = Object.entries(object["metadata"] ?? {}).filter(([name]) => !BOOKKEEPING.includes(name));
  return { ...object, metadata: Object.fromEntries(metadata) };
}

/** A payload that is a Kubernetes object is about itself. */
function readResource(payload: JsonObject): ResourceReference | undefined {
  const apiVersion = wordAt(payload, "apiVersion");
  const kind = wordAt(payload, "kind");
  const name = wordAt(payload, "metadata", "name");
  if (apiVersion === undefined || kind === undefined || name === undefined) return undefined;
  return resourceReference({
    apiVersion,
    kind,
    name,
    namespace: wordAt(payload, "metadata", "namespace"),
  });
}
