import assert from "node:assert/strict";
import { parse } from "yaml";
import { type FoundLetter, lettersText } from "../../src/cli/letter_rows.ts";
import type { Observation } from "../../src/model/observation.ts";

const common = {
  source: "own",
  ingester: { namespace: "zen", name: "hook" },
  spooledAt: "2026-01-02T12:00:00Z",
};
const FOUND: readonly FoundLetter[] = [
  {
    replica: "pod-0",
    letter: {
      id: "abc",
      at: "2026-01-02T13:00:00Z",
      reason: "invalid",
      message: `bad \u001b[31m\n${"x".repeat(200)}`,
      what: {
        ...common,
        kind: "observation",
        observation: {
          apiVersion: "zen.kube-zen.io/v1alpha1",
          kind: "Observation",
          metadata: { name: "own-x", namespace: "shop" },
          spec: { source: "own", details: { token: "[redacted]" } },
        } as unknown as Observation,
      },
    },
  },
  {
    replica: "pod-1",
    letter: {
      id: "def",
      at: "2026-01-02T14:00:00Z",
      reason: "too_old",
      message: "Cannot POST /apis/zen.kube-zen.io/v1alpha1/namespaces/shop/observations: denied by a policy",
      what: {
        ...common,
        kind: "signal",
        receivedAt: common.spooledAt,
        payload: { password: "hunter2" },
        open: [0, 3],
        total: 4,
      },
    },
  },
];

Deno.test("A table has a line for each, and nothing that could rewrite a terminal", () => {
  const lines = lettersText(FOUND, "table").trimEnd().split("\n");
  assert.equal(lines.length, 3);
  assert.match(lines[0] ?? "", /^ID +LAID ASIDE +REASON +SOURCE +INGESTER +WHAT +MESSAGE$/);
  assert.match(lines[1] ?? "", /^abc +2026-\S+ +invalid +own +zen\/hook +shop\/own-x +bad {1,2}\[31m x+…$/);
  assert.match(
    lines[2] ?? "",
    /^def +2026-\S+ +too_old +own +zen\/hook +2 of a webhook +denied by a policy$/,
  );
  // deno-lint-ignore no-control-regex -- control characters are what must not reach a terminal
  assert.doesNotMatch(lines.join(""), /[\u0000-\u001f]/);
  assert.equal(lettersText([], "table"), "No dead letters\n");
});

Deno.test("JSON and YAML say the same, and neither shows what a webhook was sent", () => {
  const json = lettersText(FOUND, "json");
  assert.deepEqual(parse(lettersText(FOUND, "yaml")), JSON.parse(json));
  assert.doesNotMatch(json, /hunter2/);
  const [first, second] = JSON.parse(json);
  assert.deepEqual([first.id, first.replica, first.observation.metadata.name], ["abc", "pod-0", "own-x"]);
  assert.deepEqual([second.open, second.total, "payload" in second], [[0, 3], 4, false]);
  assert.equal(lettersText([], "json"), "[]\n");
});
