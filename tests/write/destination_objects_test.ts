import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import { DestinationObjects } from "../../src/write/destination_objects.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { observationOf } from "../support/observation_of.ts";
import { type Answer, ScriptedApi } from "../support/scripted_api.ts";

const never = new AbortController().signal;
const alerts = { group: "example.com", version: "v1", resource: "alerts" };
const served = (namespaced: boolean, name = "alerts"): Answer => ({
  kind: "json",
  value: { resources: [{ name, kind: "Alert", namespaced }] },
});

Deno.test("An Observation goes as it is, to another resource under its kind with the same name, labels and spec", async () => {
  const api = new ScriptedApi([served(true)]);
  const objects = new DestinationObjects({ api, clock: new FakeClock() });
  const observation = observationOf("a");
  const own = await objects.of(observation, undefined, never);
  assert.equal(own.path, "/apis/zen.kube-zen.io/v1alpha1/namespaces/a/observations");
  assert.equal(own.body, observation);
  const { name, namespace, labels } = observation.metadata;
  assert.deepEqual(await objects.of(observation, alerts, never), {
    path: "/apis/example.com/v1/namespaces/a/alerts",
    body: {
      apiVersion: "example.com/v1",
      kind: "Alert",
      metadata: { name, namespace, labels },
      spec: observation.spec,
    },
  });
});

Deno.test("What a resource is, is asked for once in a while", async () => {
  const clock = new FakeClock();
  const api = new ScriptedApi([served(true), served(true)]);
  const objects = new DestinationObjects({ api, clock });
  for (let index = 0; index < 3; index++) await objects.of(observationOf("a"), alerts, never);
  assert.equal(api.requests.length, 1);
  await clock.advance(30_000);
  await objects.of(observationOf("a"), alerts, never);
  assert.equal(api.requests.length, 2);
});

Deno.test("What is not served, or not in namespaces, is not found, and asked for again each time", async () => {
  const missing: Answer = { kind: "error", error: new ApiError("none", { code: 404 }) };
  const cases: readonly [Answer, RegExp][] = [
    [missing, /does not serve it/],
    [served(true, "others"), /does not serve it/],
    [served(false), /is not namespaced/],
  ];
  for (const [answer, message] of cases) {
    const objects = new DestinationObjects({
      api: new ScriptedApi([answer, answer]),
      clock: new FakeClock(),
    });
    for (let index = 0; index < 2; index++) {
      await assert.rejects(objects.of(observationOf("a"), alerts, never), (error: ApiError) => {
        assert.match(error.message, message);
        return error.kind === "not-found";
      });
    }
  }
});
