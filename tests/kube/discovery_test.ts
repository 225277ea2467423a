import assert from "node:assert/strict";
import { discover } from "../../src/kube/discovery.ts";
import { ApiError } from "../../src/kube/errors.ts";
import { type Answer, ScriptedApi } from "../support/scripted_api.ts";

const never = new AbortController().signal;
const reports = { group: "example.com", version: "v1", resource: "reports" };
const list = (...resources: readonly unknown[]): Answer => ({ kind: "json", value: { resources } });

Deno.test("A resource that is served is found by its plural, not by a subresource", async () => {
  const api = new ScriptedApi([
    list(
      { name: "reports/status", kind: "Report", namespaced: true },
      { name: "reports", kind: "Report", namespaced: true },
    ),
    list({ name: "reports", kind: "Report", namespaced: false }),
    list({ name: "events", kind: "Event", namespaced: true }),
  ]);
  assert.deepEqual(await discover(api, reports, never), { kind: "Report", isNamespaced: true });
  assert.deepEqual(await discover(api, reports, never), { kind: "Report", isNamespaced: false });
  assert.deepEqual(await discover(api, { group: "", version: "v1", resource: "events" }, never), {
    kind: "Event",
    isNamespaced: true,
  });
  assert.deepEqual(api.requests.map(({ path }) => path), [
    "/apis/example.com/v1",
    "/apis/example.com/v1",
    "/api/v1",
  ]);
});

Deno.test("A group that is not served, and one without the resource, are both undefined", async () => {
  const api = new ScriptedApi([
    { kind: "error", error: new ApiError("no such group", { code: 404 }) },
    list({ name: "others", kind: "Other", namespaced: true }),
    { kind: "json", value: {} },
  ]);
  for (let turn = 0; turn < 3; turn++) assert.equal(await discover(api, reports, never), undefined);
});

Deno.test("When discovery itself fails nothing is said of the resource", async () => {
  for (const code of [0, 401, 403, 503]) {
    const api = new ScriptedApi([{ kind: "error", error: new ApiError("no", { code }) }]);
    await assert.rejects(discover(api, reports, never), { name: "ApiError", code });
  }
});
