import assert from "node:assert/strict";
import type { Finding } from "../../src/model/finding.ts";
import { type Draft, makeFinding } from "../../src/normalize/make_finding.ts";

const draft: Draft = {
  category: "security",
  severity: "high",
  eventType: "vulnerability",
  title: "CVE-1 in a 1.0",
  details: { fixedVersion: "1.1" },
  identity: ["a", undefined, null],
  isWindowed: false,
  isState: true,
};

function make(changes: Partial<Draft>): Finding {
  const made = makeFinding({ ...draft, ...changes });
  assert.ok(made.kind === "finding");
  return made.finding;
}

Deno.test("What is absent in an identity is null, so that its places keep their meaning", () => {
  assert.deepEqual(make({}).identity, ["a", null, null]);
});

Deno.test("Title and description are brought within their limits", () => {
  const long = make({ title: "t".repeat(300), description: "d".repeat(5000) });
  assert.equal(long.title.length, 256);
  assert.ok(new TextEncoder().encode(long.description).length <= 4096);
  assert.equal(make({ title: " a\n\tb " }).title, "a b");
});

Deno.test("A title that says nothing is the event type, and an empty description none", () => {
  assert.equal(make({ title: " \n" }).title, "vulnerability");
  for (const description of [undefined, "", " \n"]) {
    assert.equal(make({ description }).description, undefined);
  }
});

Deno.test("Details never carry what is secret", () => {
  assert.deepEqual(make({ details: { password: "hunter2", user: "me" } }).details, {
    password: "[redacted]",
    user: "me",
  });
});

Deno.test("The rest of a finding stays as it was read", () => {
  const { category, severity, eventType, isState, isWindowed, count } = make({ count: 3 });
  assert.deepEqual([category, severity, eventType, isState, isWindowed, count], [
    "security",
    "high",
    "vulnerability",
    true,
    false,
    3,
  ]);
});
