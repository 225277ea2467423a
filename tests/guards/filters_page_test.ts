import assert from "node:assert/strict";
import { parse } from "yaml";
import { compileIngester } from "../../src/ingesters/compile.ts";
import { compileClusterFilter } from "../../src/ingesters/filter_configmap_content.ts";
import type { IngesterSpec } from "../../src/model/ingester.ts";
import type { ClusterFilter } from "../../src/pipeline/admission.ts";
import type { Lane } from "../../src/pipeline/lane.ts";
import { COMPILE_SETTINGS, ingesterOf } from "../support/ingester_of.ts";
import { type TakingPipeline, takingPipeline } from "../support/taking_pipeline.ts";
import { textOf } from "./checkout_files.ts";

interface Result {
  readonly created?: boolean;
  readonly filtered?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
}

const page = textOf("docs/filters.md") ?? "";
const blocks = [...page.matchAll(/^```(?:yaml|json) (\w+)\n([^]*?)^```$/gm)]
  .map(([, kind = "", text = ""]) => ({ kind, text }));

/** Each Ingester of the page, with the filter for all that stands before it, and its signals with their results. */
function* examples(): Generator<
  {
    readonly lane: Lane;
    readonly filter: ClusterFilter | undefined;
    readonly signals: (readonly [string, Result])[];
  }
> {
  let filter: ClusterFilter | undefined;
  for (const [index, { kind, text }] of blocks.entries()) {
    if (kind === "filter") {
      const compiled = compileClusterFilter({ "filter.yaml": text });
      assert.ok(compiled.kind === "filter", JSON.stringify(compiled));
      filter = compiled.filter;
    }
    if (kind !== "ingester") continue;
    const compiled = compileIngester(ingesterOf("one", parse(text) as IngesterSpec), COMPILE_SETTINGS);
    assert.ok(compiled.kind === "webhook", JSON.stringify(compiled));
    const rest = blocks.slice(index + 1);
    const end = rest.findIndex((block) => block.kind === "ingester" || block.kind === "filter");
    const own = end === -1 ? rest : rest.slice(0, end);
    const signals = own.flatMap((block, at): (readonly [string, Result])[] =>
      block.kind === "signal" ? [[block.text, parse(own[at + 1]?.text ?? "") as Result]] : []
    );
    yield { lane: compiled.lane, filter, signals };
    filter = undefined;
  }
}

async function check(scene: TakingPipeline, lane: Lane, signal: string, result: Result): Promise<void> {
  const expected = result.filtered !== undefined
    ? `filtered ${result.filtered}`
    : result.created
    ? "created"
    : "deduplicated";
  assert.deepEqual(await scene.take(JSON.parse(signal), lane), [expected], signal);
  const spec = (scene.written.at(-1)?.spec ?? {}) as Readonly<Record<string, unknown>>;
  for (const [field, value] of Object.entries(result.spec ?? {})) assert.deepEqual(spec[field], value, field);
}

Deno.test("Every example of docs/filters.md does what the page says", async () => {
  let count = 0;
  for (const { lane, filter, signals } of examples()) {
    const scene = takingPipeline(filter);
    for (const [signal, result] of signals) {
      await check(scene, lane, signal, result);
      count++;
    }
  }
  assert.equal(count, blocks.filter(({ kind }) => kind === "signal").length);
  assert.ok(count >= 7);
});
