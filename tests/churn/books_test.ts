import assert from "node:assert/strict";
import type { Observation } from "../../src/model/observation.ts";
import { compare } from "./books.ts";
import { nothingSent } from "./load.ts";

function observation(name: string, spec: Observation["spec"]): Observation {
  return {
    apiVersion: "zen.kube-zen.io/v1alpha1",
    kind: "Observation",
    metadata: { name, namespace: "churn-a" },
    spec,
  };
}

const event = (source: string, name: string): Observation["spec"] => ({
  source,
  origin: { kind: "Event", namespace: "churn-a", name },
});

Deno.test("What was taken and is not there is missing, and what is there twice is doubled", () => {
  const sent = nothingSent();
  sent.anchored.add("1").add("2");
  sent.events.add("churn-a/pod-3.1");
  sent.told.add("churn-a/gone");
  const standing = new Map([[3, { spec: { source: "churned-3" }, takesAll: true }]]);
  const books = compare(
    [
      observation("a", { source: "anchor", details: { number: "1" } }),
      observation("b", { source: "anchor", details: { number: "1" } }),
      observation("c", event("kubernetes-events", "pod-3.1")),
    ],
    sent,
    standing,
  );
  assert.deepEqual(books, {
    due: 5,
    missing: ["object churn-a/gone", "anchor 2", "churned-3 churn-a/pod-3.1"],
    doubled: ["anchor 1"],
  });
});

Deno.test("An informer that stands still or leaves something out owes nothing", () => {
  const sent = nothingSent();
  sent.events.add("churn-a/pod-3.1");
  const standing = new Map([[3, { spec: { source: "churned-3" }, takesAll: false }]]);
  const books = compare([observation("c", event("kubernetes-events", "pod-3.1"))], sent, standing);
  assert.deepEqual(books.missing, []);
});
