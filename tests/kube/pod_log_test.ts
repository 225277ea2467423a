import assert from "node:assert/strict";
import { openPodLog } from "../../src/kube/pod_log.ts";
import { ScriptedApi } from "../support/scripted_api.ts";

Deno.test("A log is asked for by container and second, with timestamps, followed or to its end", async () => {
  const lines = { kind: "lines", lines: [], then: "end" } as const;
  const api = new ScriptedApi([lines, lines, lines]);
  const request = { namespace: "shop", pod: "web", container: "main", sinceTime: "2026-01-01T00:00:00Z" };
  const { signal } = new AbortController();
  for (const part of ["previous", "written", "followed"] as const) {
    await (await openPodLog({ ...request, part }, api, signal)).cancel();
  }
  const asked = { container: "main", timestamps: true, sinceTime: "2026-01-01T00:00:00Z" };
  assert.deepEqual(api.requests.map(({ role, method, path, query }) => [role, method, path, query]), [
    ["watch", "GET", "/api/v1/namespaces/shop/pods/web/log", { ...asked, previous: true }],
    ["watch", "GET", "/api/v1/namespaces/shop/pods/web/log", asked],
    ["watch", "GET", "/api/v1/namespaces/shop/pods/web/log", { ...asked, follow: true }],
  ]);
});
