import assert from "node:assert/strict";
import { type LogsSeen, stateOfLogs } from "../../src/source/pod_logs_state.ts";

const seen = (more: Partial<LogsSeen>): LogsSeen => ({
  pods: { kind: "running" },
  podCount: 1,
  containers: [],
  limit: 2,
  ...more,
});

Deno.test("A source of logs stands as badly as the worst of its parts", () => {
  const reading = { kind: "reading" } as const;
  const cases: readonly [Partial<LogsSeen>, unknown][] = [
    [{ podCount: 0 }, { kind: "running", detail: "0 containers of 0 pods" }],
    [{ containers: [reading] }, { kind: "running", detail: "1 container of 1 pod" }],
    [{ podCount: 2, containers: [reading, { kind: "unstarted" }, { kind: "ended" }] }, {
      kind: "running",
      detail: "3 containers of 2 pods",
    }],
    [{ containers: [reading, { kind: "failing", message: "no route to node" }] }, {
      kind: "failing",
      message: "1 of 2 containers: no route to node",
    }],
    [{ containers: [reading, reading, { kind: "queued" }] }, {
      kind: "failing",
      message: "1 of 3 containers wait for their turn, as at most 2 logs are read at once; " +
        "narrow spec.logs.podSelector",
    }],
    [{ containers: [{ kind: "queued" }, { kind: "forbidden", message: "no get on pods/log" }] }, {
      kind: "forbidden",
      message: "no get on pods/log",
    }],
    [{ pods: { kind: "forbidden", message: "no list on pods" }, containers: [reading] }, {
      kind: "forbidden",
      message: "no list on pods",
    }],
    [{ pods: { kind: "starting" } }, { kind: "starting" }],
  ];
  for (const [given, state] of cases) assert.deepEqual(stateOfLogs(seen(given)), state);
});
