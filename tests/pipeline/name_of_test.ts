import assert from "node:assert/strict";
import type { Finding } from "../../src/model/finding.ts";
import { nameOf } from "../../src/pipeline/name_of.ts";

const finding: Finding = {
  category: "security",
  severity: "high",
  eventType: "shell",
  title: "Shell",
  detectedAt: "2026-01-01T00:00:05Z",
  details: {},
  identity: ["shell", "web-1"],
  isWindowed: true,
  isState: false,
};
const signal = { source: "falco", payload: {}, receivedAt: "2026-01-01T00:10:00Z" };
const lane = { source: "falco", windowSeconds: 60 };

Deno.test("The name is the same whenever it is asked for, and whenever the signal came", () => {
  const { name } = nameOf(finding, signal, lane);
  assert.match(name, /^falco-[a-z2-7]{26}$/);
  assert.equal(nameOf(finding, { ...signal, receivedAt: "2027-01-01T00:00:00Z" }, lane).name, name);
});

Deno.test("What happens in another window, or another length of it, has another name", () => {
  const { name } = nameOf(finding, signal, lane);
  assert.equal(nameOf({ ...finding, detectedAt: "2026-01-01T00:00:59Z" }, signal, lane).name, name);
  assert.notEqual(nameOf({ ...finding, detectedAt: "2026-01-01T00:01:00Z" }, signal, lane).name, name);
  assert.notEqual(nameOf(finding, signal, { ...lane, windowSeconds: 61 }).name, name);
});

Deno.test("Without a time of its own the receipt counts", () => {
  const { detectedAt: _, ...timeless } = finding;
  const { name } = nameOf(timeless, signal, lane);
  assert.notEqual(nameOf(timeless, { ...signal, receivedAt: "2026-01-01T00:20:00Z" }, lane).name, name);
});
