import assert from "node:assert/strict";
import type { Finding } from "../../src/model/finding.ts";
import { signalTime } from "../../src/pipeline/signal_time.ts";

Deno.test("The window goes by the time the normalizer found, else the mapped one, else that of receipt", () => {
  const signal = { source: "s", payload: {}, receivedAt: "2026-01-03T00:00:00Z" };
  const time = (own: Partial<Finding>): string => {
    const finding: Finding = {
      category: "cost",
      severity: "info",
      eventType: "x",
      title: "t",
      details: {},
      identity: [],
      isWindowed: true,
      isState: false,
      ...own,
    };
    return new Date(signalTime(finding, signal)).toISOString().slice(0, 10);
  };
  assert.deepEqual(
    [
      time({ windowTime: "2026-01-01T00:00:00Z", detectedAt: "2026-01-02T00:00:00Z" }),
      time({ detectedAt: "2026-01-02T00:00:00Z" }),
      time({}),
      time({ detectedAt: "no time" }),
    ],
    ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-03"],
  );
});
