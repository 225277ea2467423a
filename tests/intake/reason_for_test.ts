import assert from "node:assert/strict";
import { isUntaken, reasonFor } from "../../src/intake/reason_for.ts";
import { DEAD_LETTER_REASONS, REJECTED_REASONS } from "../../src/model/verdict.ts";

/** What the API server says, with all that is nobody's business outside. */
const INNER =
  'Cannot POST /apis/zen.kube-zen.io/v1alpha1/namespaces/team-b/observations: 400 admission webhook "guard.corp.example" ' +
  "denied the request; https://10.0.0.1:6443";
/** Reasons whose message is ours in every case. */
const OURS: readonly string[] = ["invalid_json", "wrong_shape", "budget", "internal", "too_large"];

Deno.test("A sender is told the message of what he can mend, and never the API server's own words", () => {
  for (const reason of REJECTED_REASONS) {
    const told = reasonFor({ kind: "rejected", reason, message: INNER });
    if (OURS.includes(reason)) assert.equal(told, INNER, reason);
    else assert.doesNotMatch(told, /apis|team-b|guard|10\.0\.0\.1/, reason);
  }
  for (const reason of DEAD_LETTER_REASONS) {
    const told = reasonFor({ kind: "dead-lettered", reason, message: INNER });
    assert.doesNotMatch(told, /apis|team-b|guard|10\.0\.0\.1/, reason);
    assert.match(told, /^[A-Z]/);
  }
});

Deno.test("The fields that the API server found wrong are named, and nothing that is no field", () => {
  const fields = ["spec.title", "spec.details[2].x", 'admission webhook "guard" denied it', "a".repeat(200)];
  assert.equal(
    reasonFor({ kind: "dead-lettered", reason: "invalid", message: INNER, fields }),
    "The API server refuses what it would be written as: see spec.title, spec.details[2].x",
  );
  const many = Array.from({ length: 50 }, (_, index) => `spec.x${index}`);
  const told = reasonFor({ kind: "rejected", reason: "refused", message: INNER, fields: many });
  assert.equal(told.split(", ").length, 8);
});

Deno.test("What was taken or spooled has no reason", () => {
  assert.ok(isUntaken({ kind: "rejected", reason: "budget", message: "" }));
  assert.ok(isUntaken({ kind: "dead-lettered", reason: "invalid", message: "" }));
  assert.ok(!isUntaken({ kind: "spooled" }));
  assert.ok(!isUntaken({ kind: "filtered", reason: "severity" }));
});
