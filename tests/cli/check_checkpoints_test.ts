import assert from "node:assert/strict";
import { checkCheckpoints } from "../../src/cli/check_checkpoints.ts";
import { ApiError } from "../../src/kube/errors.ts";
import { apiOf } from "../support/api_of.ts";
import { FakeClock } from "../support/fake_clock.ts";

const never = new AbortController().signal;
const PATH = "/api/v1/namespaces/zen/configmaps/lease-checkpoints";

const good = JSON.stringify({ resourceVersion: "17", time: "2026-01-02T11:59:00Z" });
const older = JSON.stringify({ resourceVersion: "1", time: "2026-01-01T00:00:00Z" });

const cases: readonly (readonly [string, unknown, string, RegExp])[] = [
  ["none", undefined, "ok", /no position yet/],
  ["two", { "a.1": good, "b.1": older }, "ok", /holds 2 positions, the newest 60 s old/],
  ["one that is rubbish", { "a.1": good, "b.1": "rubbish" }, "warning", /1 of 2 positions/],
];
for (const [name, data, verdict, says] of cases) {
  Deno.test(`positions, ${name}: ${verdict}`, async () => {
    const clock = new FakeClock();
    const api = apiOf(() => 0);
    if (data !== undefined) api.answer(PATH, () => ({ metadata: { resourceVersion: "1" }, data }));
    const checked = await checkCheckpoints(
      { namespace: "zen", name: "lease-checkpoints" },
      { api, clock },
      never,
    );
    assert.equal(checked.verdict, verdict);
    assert.match(checked.message, says);
    assert.deepEqual(api.requests.filter(({ method }) => method !== "GET"), []);
  });
}

Deno.test("positions that may not be read are a problem", async () => {
  const api = apiOf(() => 0);
  api.fail(PATH, new ApiError("403 forbidden", { code: 403 }));
  const where = { namespace: "zen", name: "lease-checkpoints" };
  assert.equal((await checkCheckpoints(where, { api, clock: new FakeClock() }, never)).verdict, "problem");
});
