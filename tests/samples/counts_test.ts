import assert from "node:assert/strict";
import type { Json } from "../../src/model/json.ts";
import { normalized, samplesIn } from "../normalize/samples.ts";
import { COUNTERS } from "./counts.ts";

/** Folders of real payloads, and the sources that may send them. */
const FOLDERS: readonly (readonly [folder: string, sources: readonly string[]])[] = [
  ["trivy", ["trivy"]],
  ["kyverno", ["kyverno"]],
  ["openreports", ["kyverno"]],
  ["events", ["kubernetes-events"]],
  ["audit", ["audit"]],
  ["falco", ["falco"]],
  ["kube-bench", ["kube-bench"]],
  ["checkov", ["checkov"]],
  ["generic/alertmanager", ["alertmanager", "my-tool"]],
  ["generic/alertmanager-api", ["alertmanager", "my-tool"]],
  ["generic/github", ["my-tool"]],
];
/** Not JSON, as their own sources say. */
const UNREADABLE: readonly string[] = ["trivy/docs/vulnerability-report-2.yaml"];

for (const [folder, sources] of FOLDERS) {
  for (const source of sources) {
    Deno.test(`every file below ${folder} gives source ${source} what walking it alone counts`, () => {
      const count = COUNTERS[source] as (payload: Json) => { findings: number; rejected: number };
      const samples = samplesIn(folder);
      assert.ok(samples.length > 0);
      for (const { file, payloads } of samples) {
        assert.equal(payloads === undefined, UNREADABLE.includes(file), file);
        for (const [index, payload] of (payloads ?? []).entries()) {
          const given = normalized(source, payload);
          const kinds = (kind: string): number => given.filter((item) => item.kind === kind).length;
          assert.deepEqual(
            { findings: kinds("finding"), rejected: kinds("rejected") },
            count(payload),
            `${file}[${index}]`,
          );
        }
      }
    });
  }
}
