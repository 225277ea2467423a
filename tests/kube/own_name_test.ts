import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import { ownName } from "../../src/kube/own_name.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { type Answer, ScriptedApi } from "../support/scripted_api.ts";

const never = new AbortController().signal;
const failure = (code: number): Answer => ({ kind: "error", error: new ApiError("no", { code }) });
const name = "system:serviceaccount:zen:zen-watcher";
const review: Answer = { kind: "json", value: { status: { userInfo: { username: name } } } };

Deno.test("The API server says who we are", async () => {
  const api = new ScriptedApi([review]);
  assert.equal(await ownName(api, new FakeClock(), never), name);
  const [request] = api.requests;
  assert.deepEqual([request?.method, request?.path, request?.body], [
    "POST",
    "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
  ]);
});

Deno.test("What may pass is asked again, more and more seldom; what may not is no answer", async () => {
  const clock = new FakeClock();
  const api = new ScriptedApi([failure(0), failure(503), failure(401), failure(403), review]);
  const asking = ownName(api, clock, never);
  await clock.advance(300);
  assert.equal(api.requests.length, 1);
  await clock.advance(20_000);
  assert.equal(await asking, name);
  assert.equal(await ownName(new ScriptedApi([failure(404)]), clock, never), undefined);
  assert.equal(await ownName(new ScriptedApi([{ kind: "json", value: {} }]), clock, never), undefined);
});

Deno.test("It ends with the signal's reason", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const asking = ownName(new ScriptedApi([failure(0)]), clock, stop.signal);
  await clock.settle();
  stop.abort(new Error("asked to stop"));
  await assert.rejects(asking, /asked to stop/);
  assert.equal(clock.sleeping, 0);
});
