import { isJsonObject, type JsonObject } from "../../src/model/json.ts";
import { entryOfAlert, entryOfObject } from "./ledger.ts";
import { asNew } from "./objects.ts";
import { type Place, sampleAlert, sampleEvent } from "./payloads.ts";

/** One of many signals that differ in their number only, and its line in the ledger. */
export interface Numbered {
  readonly payload: JsonObject;
  readonly entry: string;
}

/** Many Events like a real one, each about another pod. */
export function numberedEvents(count: number, place: Place): readonly Numbered[] {
  const sample = sampleEvent();
  const about = objectAt(sample, "involvedObject");
  const namespace = place("default");
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  return Array.from({ length: count }, (_, index) => {
    const name = `demo-${String(index + 1).padStart(4, "0")}`;
    const payload = asNew({
      ...sample,
      metadata: { name },
      involvedObject: { ...about, name, namespace },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    }, namespace);
    return { payload, entry: entryOfObject(namespace, name, String(sample["reason"])) };
  });
}

/** Many Falco alerts like a real one, each of another pod and another millisecond. */
export function numberedAlerts(count: number): readonly Numbered[] {
  const sample = sampleAlert();
  const fields = objectAt(sample, "output_fields");
  const start = Date.now();
  return Array.from({ length: count }, (_, index) => {
    const pod = `demo-${String(index + 1).padStart(4, "0")}`;
    const time = new Date(start + index).toISOString();
    const payload = { ...sample, time, output_fields: { ...fields, "k8s.pod.name": pod } };
    return { payload, entry: entryOfAlert(String(sample["rule"]), pod, time) };
  });
}

function objectAt(object: JsonObject, field: string): JsonObject {
  const value = object[field];
  return isJsonObject(value) ? value : {};
}
