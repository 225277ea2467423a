import assert from "node:assert/strict";
import { checkIngesters, type FoundIngesters } from "../../src/cli/check_ingesters.ts";
import { configOf, namespacesOf } from "../../src/cli/config.ts";
import { readSettings } from "../../src/cli/read_settings.ts";
import { ApiError } from "../../src/kube/errors.ts";
import type { Ingester, ReadyReason } from "../../src/model/ingester.ts";
import { apiOf } from "../support/api_of.ts";
import { ingesterOf } from "../support/ingester_of.ts";
import type { LiveApi } from "../support/live_api.ts";

const never = new AbortController().signal;
const HERE = "/apis/zen.kube-zen.io/v1alpha1/namespaces/zen/ingesters";

function look(api: LiveApi, environment: Record<string, string> = {}): Promise<FoundIngesters> {
  const read = readSettings(new Map(), { POD_NAMESPACE: "zen", ...environment });
  assert.equal(read.kind, "values");
  const config = configOf(read.values);
  return checkIngesters(config, namespacesOf(config, undefined), api, never);
}

function ready(reason: ReadyReason, message = "", observedGeneration = 1): { status: Ingester["status"] } {
  const status = reason === "Running" ? "True" : "False";
  const condition = {
    type: "Ready",
    status,
    reason,
    message,
    lastTransitionTime: "2026-01-01T00:00:00Z",
  } as const;
  return { status: { conditions: [{ ...condition, observedGeneration }] } };
}

Deno.test("who is not ready is named with the reason that its condition gives", async () => {
  const api = apiOf(() => 0);
  api.answer(HERE, () => ({
    metadata: {},
    items: [
      ingesterOf("events", { source: "kubernetes-events" }, ready("Running")),
      ingesterOf("asleep", { source: "trivy", suspend: true }, ready("Suspended")),
      ingesterOf("trivy", { source: "trivy" }, ready("SourceMissing", "The API server\ndoes not serve it")),
      ingesterOf("wrong", { source: "unheard-of", ingester: "informer" }, ready("Running")),
      ingesterOf("new", { source: "falco" }),
      ingesterOf("edited", { source: "kyverno" }, { ...ready("Running"), generation: 2 }),
      { kind: "no Ingester at all" },
    ],
  }));
  const { entries, checked } = await look(api);
  assert.equal(entries.length, 6);
  assert.equal(checked[0]?.message, "2 of 6 Ingesters are ready, or suspended");
  const rest = checked.slice(1).map(({ verdict, message }) => `${verdict} ${message}`).sort();
  assert.equal(rest.length, 4);
  assert.match(
    rest[0] ?? "",
    /^problem zen\/trivy is not ready: SourceMissing: The API server does not serve it$/,
  );
  assert.match(rest[1] ?? "", /^problem zen\/wrong is not ready: Invalid: spec\.informer\.gvr must say/);
  assert.match(rest[2] ?? "", /^warning zen\/edited was not judged yet/);
  assert.match(rest[3] ?? "", /^warning zen\/new was not judged yet/);
});

Deno.test("every page is read, and of many that are not ready the first are shown", async () => {
  const api = apiOf(() => 0);
  const page = (from: number, next: string): unknown => ({
    metadata: { continue: next },
    items: Array.from(
      { length: 15 },
      (_, index) =>
        ingesterOf(
          `i${from + index}`,
          { source: `s${from + index}`, ingester: "webhook" },
          ready("Forbidden", "no"),
        ),
    ),
  });
  api.answer(HERE, ({ query }) => query?.["continue"] === undefined ? page(0, "second") : page(15, ""));
  const { entries, checked } = await look(api);
  assert.deepEqual([entries.length, checked.length], [30, 22]);
  assert.deepEqual([checked[21]?.verdict, checked[21]?.message], [
    "problem",
    "10 more Ingesters are not ready: kubectl get ingesters -A",
  ]);
});

Deno.test("Ingesters are looked for where the settings say", async () => {
  const api = apiOf(() => 0);
  const all = "/apis/zen.kube-zen.io/v1alpha1/ingesters";
  api.answer(all, () => ({
    metadata: {},
    items: [
      ingesterOf("one", { source: "falco" }, { ...ready("Running"), namespace: "team" }),
      ingesterOf("two", { source: "falco" }, { ...ready("Running"), namespace: "kube-system" }),
    ],
  }));
  const settings = { INGESTER_NAMESPACES: "*", INGESTER_NAMESPACES_EXCLUDE: "kube-system" };
  assert.deepEqual((await look(api, settings)).entries.map(({ key }) => key), ["team/one"]);
});

Deno.test("no Ingester is a warning; one place that may not be listed is a problem beside the others", async () => {
  const api = apiOf(() => 0);
  assert.deepEqual((await look(api)).checked.map(({ verdict }) => verdict), ["warning"]);
  api.fail(HERE, new ApiError("403 forbidden", { code: 403 }));
  api.answer("/apis/zen.kube-zen.io/v1alpha1/namespaces/a/ingesters", () => ({
    metadata: {},
    items: [ingesterOf("one", { source: "falco" }, { ...ready("Running"), namespace: "a" })],
  }));
  const { checked } = await look(api, { WATCH_NAMESPACE: "a" });
  assert.deepEqual(checked.map(({ verdict }) => verdict), ["problem", "ok"]);
  api.fail(HERE, new ApiError("404", { code: 404 }));
  assert.deepEqual((await look(api)).checked.map(({ verdict }) => verdict), ["warning"]);
});
