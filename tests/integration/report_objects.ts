import { ApiException, type KubernetesObject } from "@kubernetes/client-node";
import { isJsonObject, type Json, type JsonObject, listAt, textAt } from "../../src/model/json.ts";
import { readSample, samplesIn } from "../normalize/samples.ts";
import type { Oracle } from "../support/oracle.ts";

/** One report of a sample file, as an object that can be created. */
export interface ReportObject {
  /** Path of the sample below tests/testdata. */
  readonly file: string;
  readonly content: JsonObject;
  readonly object: KubernetesObject;
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
}

const LEGAL_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const NAMESPACE = "samples";

/**
 * The reports below a folder of tests/testdata, or in one file; those of a list one by one. What only one cluster knew (uid,
 * resourceVersion) and the placeholders of test fixtures are left out, and each gets a name of its own.
 */
export function reportsIn(path: string): readonly ReportObject[] {
  const samples = /\.\w+$/.test(path) ? [readSample(path)] : samplesIn(path);
  return samples.flatMap(({ file, payloads = [] }) =>
    payloads.flatMap((payload) => reportsOf(payload)).map((content, index) => toObject(content, file, index))
  );
}

function reportsOf(payload: Json): readonly JsonObject[] {
  if (!isJsonObject(payload)) return [];
  return listAt(payload, "items").length === 0 ? [payload] : listAt(payload, "items").filter(isJsonObject);
}

function toObject(content: JsonObject, file: string, index: number): ReportObject {
  const kind = textAt(content, "kind") ?? "";
  const apiVersion = textAt(content, "apiVersion") ?? "";
  const [group = "", version = ""] = apiVersion.split("/");
  const own = textAt(content, "metadata", "namespace") ?? "";
  const name = `${file.toLowerCase().replace(/[^a-z0-9]+/g, "-")}-${index}`;
  const metadata = {
    ...partsOf(content),
    name,
    ...(kind.startsWith("Cluster") ? {} : { namespace: LEGAL_NAME.test(own) ? own : NAMESPACE }),
  };
  return {
    file,
    content,
    object: { ...content, apiVersion, kind, metadata } as KubernetesObject,
    resource: { group, version, resource: `${kind.toLowerCase()}s` },
  };
}

function partsOf({ metadata }: JsonObject): JsonObject {
  if (!isJsonObject(metadata)) return {};
  const { labels, annotations } = metadata;
  const owners = listAt(metadata, "ownerReferences").filter((owner) => (textAt(owner, "uid") ?? "") !== "");
  return {
    ...(isJsonObject(labels) ? { labels: withoutPlaceholders(labels) } : {}),
    ...(isJsonObject(annotations) ? { annotations } : {}),
    ...(owners.length === 0 ? {} : { ownerReferences: owners }),
  };
}

function withoutPlaceholders(labels: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => !String(value).startsWith("<")));
}

/** Creates one after the other; returns those that the API server took, and the files of those that it refused. */
export async function createReports(
  oracle: Oracle,
  reports: readonly ReportObject[],
): Promise<{ readonly taken: readonly ReportObject[]; readonly refused: readonly string[] }> {
  const taken: ReportObject[] = [];
  const refused: string[] = [];
  for (const report of reports) {
    try {
      await oracle.createObjects(report.resource, [report.object]);
      taken.push(report);
    } catch (error) {
      const isRefusal = error instanceof ApiException && (error.code === 404 || error.code === 422);
      if (!isRefusal) throw error;
      refused.push(report.file);
    }
  }
  return { taken, refused };
}
