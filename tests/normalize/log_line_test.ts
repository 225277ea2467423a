import assert from "node:assert/strict";
import type { JsonObject } from "../../src/model/json.ts";
import type { LogLine } from "../../src/model/log_line.ts";
import { sha256Hex } from "../../src/model/sha256.ts";
import { normalized, onlyFinding, OPTIONS, samplesIn } from "./samples.ts";

const LINE: LogLine = {
  namespace: "kube-system",
  podName: "sealed-secrets-0",
  podUid: "0b6e",
  container: "controller",
  timestamp: "2026-01-01T00:00:00.123456789Z",
  line: "Error unsealing team/db: no key could decrypt",
  pattern: { groups: { namespace: "team", name: "db" } },
};

Deno.test("A line reads as a person would write it", () => {
  assert.deepEqual(onlyFinding("sealed-secrets", LINE), {
    category: "security",
    severity: "high",
    eventType: "log_match",
    title: LINE.line,
    description: LINE.line,
    detectedAt: "2026-01-01T00:00:00.123456789Z",
    resource: { apiVersion: "v1", kind: "Pod", name: "sealed-secrets-0", namespace: "kube-system" },
    identity: ["kube-system", "0b6e", "controller", LINE.timestamp, sha256Hex(LINE.line)],
    isWindowed: false,
    isState: false,
    details: {
      namespace: "team",
      name: "db",
      log: { podUid: "0b6e", container: "controller", timestamp: LINE.timestamp, length: LINE.line.length },
    },
  });
});

Deno.test("A pattern says what a line is and how bad", () => {
  const pattern = { eventType: "unseal_failed", severity: "low" };
  const finding = onlyFinding("any-source", { ...LINE, pattern });
  assert.deepEqual([finding.eventType, finding.severity], ["unseal_failed", "low"]);
  const wrong = onlyFinding("any-source", {
    ...LINE,
    pattern: { eventType: "Über all!", severity: "worst" },
  });
  assert.deepEqual([wrong.eventType, wrong.severity], ["ber_all", "high"]);
});

Deno.test("Each line is told apart by where and when it was written, and by what it says", () => {
  const others: readonly Partial<LogLine>[] = [
    { namespace: "x" },
    { podUid: "x" },
    { container: "x" },
    { timestamp: "2026-01-01T00:00:00.123456788Z" },
    { line: "x" },
  ];
  const identity = (line: JsonObject): string => JSON.stringify(onlyFinding("own", line).identity);
  for (const other of others) assert.notEqual(identity({ ...LINE, ...other }), identity(LINE));
  assert.equal(identity({ ...LINE, podName: "renamed", pattern: {} }), identity(LINE));
});

Deno.test("A group that names a secret is shown nowhere", () => {
  const finding = onlyFinding("own", {
    ...LINE,
    line: "login with password=hunter2 failed",
    pattern: { groups: { password: "hunter2", user: "" } },
  });
  assert.ok(!JSON.stringify({ ...finding, identity: [] }).includes("hunter2"));
  assert.equal(finding.title, "login with password=[redacted] failed");
  const many = onlyFinding("own", {
    ...LINE,
    line: "a.b (e) a.b",
    pattern: { groups: { password: "a.b", token: "e", secret: "(" } },
  });
  assert.equal(many.title, "[redacted] [redacted][redacted]) [redacted]");
});

Deno.test("A line of a mebibyte is cut and marked", () => {
  const finding = onlyFinding("own", { ...LINE, line: "ä".repeat(1024 * 1024) });
  assert.ok(finding.title.endsWith("…") && finding.title.length === 256);
  assert.ok(finding.description?.endsWith("…"));
  assert.ok(new TextEncoder().encode(finding.description).length <= 4096);
  assert.equal((finding.details["log"] as JsonObject)["length"], 1024 * 1024);
});

Deno.test("What the own pods write is left out", () => {
  const { namespace, podNames } = OPTIONS.self;
  const own = { ...LINE, namespace, podName: podNames[0] ?? "" };
  assert.deepEqual(normalized("own", own), [{ kind: "filtered", reason: "self" }]);
  assert.equal(normalized("own", { ...own, podName: "other" })[0]?.kind, "finding");
  assert.equal(normalized("own", { ...own, namespace: "other" })[0]?.kind, "finding");
});

Deno.test("What is no line is rejected by a source that reads lines, and generic elsewhere", () => {
  for (const wrong of [{ ...LINE, pattern: "x" }, { ...LINE, line: 7 }, { ...LINE, podUid: null }]) {
    assert.equal(normalized("sealed-secrets", wrong)[0]?.kind, "rejected");
    assert.equal(onlyFinding("own", wrong).eventType, "generic");
  }
  for (const empty of [{ ...LINE, line: "" }, { ...LINE, podUid: "" }]) {
    assert.equal(normalized("sealed-secrets", empty)[0]?.kind, "rejected");
  }
});

Deno.test("Every line of every real log is a finding of its own", () => {
  const lines = samplesIn("generic/logs").flatMap(({ text }) => text.split("\n"))
    .filter((line) => line.trim() !== "");
  assert.ok(lines.length > 40);
  const identities = new Set(
    lines.map((line, index) => {
      const timestamp = new Date(Date.UTC(2026, 0, 1) + index).toISOString();
      return JSON.stringify(onlyFinding("own", { ...LINE, line, timestamp }).identity);
    }),
  );
  assert.equal(identities.size, lines.length);
});

Deno.test("A line that was cut says so, and what a replica of this installation wrote is left out", () => {
  const cut = onlyFinding("own", { ...LINE, isCut: true }).details as { log: { isCut?: boolean } };
  assert.equal(cut.log.isCut, true);
  assert.deepEqual(normalized("own", { ...LINE, isOwn: true }), [{ kind: "filtered", reason: "self" }]);
});
