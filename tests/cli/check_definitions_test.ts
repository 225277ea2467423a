import assert from "node:assert/strict";
import { checkDefinitions } from "../../src/cli/check_definitions.ts";
import { ApiError } from "../../src/kube/errors.ts";
import { apiOf, OPEN_API, openApi } from "../support/api_of.ts";

const never = new AbortController().signal;
const SERVED = "/apis/zen.kube-zen.io/v1alpha1";

/** What is served, with one text of it changed; a schema that does not hold the text is a mistake of the test. */
function changed(from: string, to: string): unknown {
  const text = JSON.stringify(openApi());
  assert.ok(text.includes(from), from);
  return JSON.parse(text.replace(from, to));
}

Deno.test("definitions that are served as they are ours are well", async () => {
  const checked = await checkDefinitions(apiOf(() => 0), never);
  assert.deepEqual(checked.map(({ verdict }) => verdict), ["ok", "ok"]);
});

Deno.test("definitions that are not served are named, with what to do", async () => {
  const api = apiOf(() => 0);
  api.fail(SERVED, new ApiError("404", { code: 404 }));
  const checked = await checkDefinitions(api, never);
  assert.deepEqual(checked.map(({ verdict, message }) => [verdict, message]), [
    ["problem", "The API server does not serve ingesters of zen.kube-zen.io/v1alpha1"],
    ["problem", "The API server does not serve observations of zen.kube-zen.io/v1alpha1"],
  ]);
  assert.match(checked[0]?.advice ?? "", /zen-watcher crds \| kubectl apply/);
});

Deno.test("one definition without its status is named, and the other is compared", async () => {
  const api = apiOf(() => 0);
  api.answer(SERVED, () => ({
    resources: ["ingesters", "observations", "observations/status"].map((name) => ({
      name,
      namespaced: true,
    })),
  }));
  const checked = await checkDefinitions(api, never);
  assert.deepEqual(checked.map(({ verdict }) => verdict), ["problem", "ok"]);
  assert.match(checked[0]?.message ?? "", /ingesters\/status/);
});

Deno.test("a field or a value that is missing makes a definition older than the program", async () => {
  const api = apiOf(() => 0);
  api.answer(OPEN_API, () => changed('"resyncPeriod":', '"resync":'));
  const [field] = await checkDefinitions(api, never);
  assert.equal(field?.verdict, "problem");
  assert.match(field?.message ?? "", /older than this program: it lacks spec\.informer\.resyncPeriod$/);
  api.answer(OPEN_API, () => changed('"rollup",', ""));
  const [value] = await checkDefinitions(api, never);
  assert.match(value?.message ?? "", /it lacks spec\.budget\.onExceed "rollup"$/);
});

Deno.test("other limits are a warning, other descriptions and further fields are nothing", async () => {
  const api = apiOf(() => 0);
  api.answer(OPEN_API, () => changed("size(self.metadata.name) <= 63", "size(self.metadata.name) <= 62"));
  assert.equal((await checkDefinitions(api, never))[0]?.verdict, "warning");
  api.answer(OPEN_API, () => changed('"maxItems":32', '"maxItems":16'));
  const [limits] = await checkDefinitions(api, never);
  assert.equal(limits?.verdict, "warning");
  assert.match(limits?.message ?? "", /other limits than this program: spec\./);
  api.answer(OPEN_API, () => changed('"description":"What is taken in"', '"description":"Something else"'));
  assert.equal((await checkDefinitions(api, never))[0]?.verdict, "ok");
  api.answer(OPEN_API, () => changed('"suspend":', '"later":{"type":"string"},"suspend":'));
  assert.equal((await checkDefinitions(api, never))[0]?.verdict, "ok");
});

Deno.test("schemas that are not published, or may not be read, are a warning", async () => {
  const api = apiOf(() => 0);
  api.answer(OPEN_API, () => ({ components: { schemas: {} } }));
  assert.deepEqual((await checkDefinitions(api, never)).map(({ verdict }) => verdict), [
    "warning",
    "warning",
  ]);
  api.fail(OPEN_API, new ApiError("403 forbidden", { code: 403 }));
  const checked = await checkDefinitions(api, never);
  assert.deepEqual(checked.map(({ verdict }) => verdict), ["warning"]);
});
