import assert from "node:assert/strict";
import type { ReplicaLine } from "../support/process.ts";
import { takeoversOf } from "./takeovers.ts";

function line(second: number, msg: string, fields: ReplicaLine["fields"] = {}): ReplicaLine {
  const time = `2026-01-02T03:04:${String(second).padStart(2, "0")}.000Z`;
  return { stream: "stderr", text: "", fields: { time, msg, ...fields } };
}

const since = "2026-01-02T03:04:10.000Z";

Deno.test("takeovers of all processes are counted, those before the moment are not", () => {
  const first = [line(5, "leader acquired"), line(20, "leader acquired"), line(21, "leader lost")];
  const second = [
    line(12, "leader acquired"),
    line(13, "New leader resumed the first source", { duration_ms: 3100 }),
    line(30, "New leader resumed the first source", { duration_ms: 20 }),
  ];
  assert.deepEqual(takeoversOf([first, second], since), { takeovers: 2, longestGap: 3100 });
});

Deno.test("without any the longest gap is none", () => {
  const noise: ReplicaLine = { stream: "stdout", text: "leader acquired", fields: {} };
  assert.deepEqual(takeoversOf([[noise], []], since), { takeovers: 0, longestGap: 0 });
});
