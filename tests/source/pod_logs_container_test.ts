import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import type { LogLine } from "../../src/model/log_line.ts";
import { ContainerLog } from "../../src/source/pod_logs_container.ts";
import { compileLogPatterns } from "../../src/source/pod_logs_patterns.ts";
import type { LoggedContainer } from "../../src/source/pod_logs_pods.ts";
import { Slots } from "../../src/source/pod_logs_slots.ts";
import { nanosecondsOf } from "../../src/source/pod_logs_time.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryLogs } from "../support/memory_logs.ts";

const START = Date.UTC(2026, 0, 2, 12);
const RUNNING: LoggedContainer = {
  name: "main",
  isTerminated: false,
  finishedAt: undefined,
  previous: undefined,
};
const seconds = (count: number): bigint => nanosecondsOf(START + count * 1000);
/** A line that a container wrote so many seconds after the start. */
const line = (second: number, text: string): string =>
  `${new Date(START + second * 1000).toISOString().slice(0, 19)}.000000001Z ${text}`;

interface Scene {
  readonly logs: MemoryLogs;
  readonly clock: FakeClock;
  readonly slots: Slots;
  readonly reader: ContainerLog;
  readonly taken: LogLine[];
  /** What was taken, without its timestamps. */
  texts(): string[];
  readonly restarts: string[];
  /** Called instead of giving a line its verdict at once. */
  hold: ((settled: () => void) => void) | undefined;
  hasEnded(): boolean;
}

/** Reads the log of container main of pod web, from the start on; lines with "bad" are findings. */
async function scene(
  act: (scene: Scene) => Promise<void>,
  options: { readonly status?: LoggedContainer; readonly start?: bigint; readonly limit?: number } = {},
): Promise<void> {
  const logs = new MemoryLogs();
  const clock = new FakeClock({ startMilliseconds: START });
  const slots = new Slots(options.limit ?? 10);
  const patterns = compileLogPatterns([{ regex: "bad" }]);
  assert.ok("patterns" in patterns);
  const taken: LogLine[] = [];
  const restarts: string[] = [];
  let hasEnded = false;
  const reader = new ContainerLog(
    { namespace: "shop", name: "web", uid: "u1", isOwn: false, containers: [] },
    options.status ?? RUNNING,
    options.start ?? seconds(0),
    {
      api: logs,
      clock,
      slots,
      patterns,
      take: (one, settled) => {
        taken.push(one);
        if (own.hold === undefined) settled();
        else own.hold(settled);
        return Promise.resolve();
      },
      onSignOfLife: () => {},
      onRestart: (reason) => restarts.push(reason),
    },
  );
  const stop = new AbortController();
  const own: Scene = {
    logs,
    clock,
    slots,
    reader,
    taken,
    texts: () => taken.map((one) => one.line),
    restarts,
    hold: undefined,
    hasEnded: () => hasEnded,
  };
  const running = reader.run(stop.signal).then(() => {
    hasEnded = true;
  });
  const ended = running.catch((error: unknown) => error);
  await clock.advance(0);
  await act(own);
  stop.abort(new Error("asked to stop"));
  const error = await ended;
  if (!hasEnded) assert.match(String(error), /asked to stop/);
  await clock.settle();
  assert.equal(clock.sleeping, 0, "Somebody still sleeps");
  assert.equal(logs.following("web", "main"), 0, "A stream is still open");
}

Deno.test("A line that matches is taken with where it stood, and no other", async () => {
  await scene(async ({ logs, clock, taken }) => {
    logs.write("web", "main", line(1, "all is well"), line(2, "a bad day"));
    await clock.advance(10_000);
    logs.write("web", "main", line(11, "bad again"), "the kubelet says something bad");
    await clock.advance(0);
    assert.deepEqual(taken[0], {
      namespace: "shop",
      podName: "web",
      podUid: "u1",
      container: "main",
      timestamp: "2026-01-02T12:00:02.000000001Z",
      line: "a bad day",
      pattern: {},
    });
    assert.deepEqual(taken.map((one) => [one.timestamp.slice(17, 19), one.line]).slice(1), [
      ["11", "bad again"],
      ["", "the kubelet says something bad"],
    ]);
  });
});

Deno.test("A container that has not started is looked for again, and at once when the pod says so", async () => {
  await scene(async ({ logs, clock, reader, texts }) => {
    assert.equal(reader.state.kind, "unstarted");
    logs.write("web", "main", line(1, "bad"));
    reader.update({ ...RUNNING });
    await clock.settle();
    assert.deepEqual([reader.state.kind, texts()], ["reading", ["bad"]]);
  });
});

Deno.test("Rotation and cut connections lose no line and receive none twice", async () => {
  await scene(async ({ logs, clock, texts, restarts }) => {
    logs.write("web", "main", line(1, "bad 1"), line(1, "bad 2"));
    await clock.advance(6000);
    for (const [index, how] of (["closed", "cut", "cut", "closed"] as const).entries()) {
      logs.end("web", "main", how);
      // While nobody reads, within the second of the last line too.
      logs.write("web", "main", line(1 + index, `bad a${index}`), line(2 + index, `bad b${index}`));
      await clock.advance(15_000);
    }
    assert.deepEqual(
      texts().sort(),
      [
        "bad 1",
        "bad 2",
        ...[0, 1, 2, 3].flatMap((index) => [`bad a${index}`, `bad b${index}`]),
      ].sort(),
    );
    assert.deepEqual(restarts, ["closed", "unreachable", "unreachable", "closed"]);
  });
});

Deno.test("Lines are asked for by the second and told apart by their whole timestamps", async () => {
  await scene(async ({ logs, clock, texts }) => {
    const at = (digits: string, text: string): string => `2026-01-02T12:00:05.${digits}Z ${text}`;
    logs.write(
      "web",
      "main",
      at("000000001", "bad before"),
      at("500000000", "bad at"),
      at("500000001", "bad after"),
    );
    await clock.advance(6000);
    assert.equal(logs.asked("web", "main").at(-1)?.query?.["sinceTime"], "2026-01-02T12:00:05Z");
    assert.deepEqual(texts(), ["bad at", "bad after"]);
  }, { start: seconds(5) + 500_000_000n });
});

Deno.test("The line that a container does not finish is taken once it is found at the end again", async () => {
  await scene(async ({ logs, clock, reader, texts }) => {
    logs.write("web", "main", line(1, "bad 1"), `${line(2, "bad last words")}…`);
    await clock.advance(6000);
    assert.deepEqual(texts(), ["bad 1"]);
    logs.terminate("web", "main");
    reader.update({ ...RUNNING, isTerminated: true, finishedAt: START + 2000 });
    await clock.advance(5000);
    assert.deepEqual([texts(), reader.state.kind], [["bad 1", "bad last words"], "ended"]);
  });
});

Deno.test("A line that was cut off with its connection is read whole, and taken once", async () => {
  await scene(async ({ logs, clock, texts }) => {
    logs.write("web", "main", line(1, "bad 1"), `${line(2, "bad half")}…`);
    await clock.advance(6000);
    logs.end("web", "main", "closed");
    await clock.advance(0);
    logs.write("web", "main", " and half");
    await clock.advance(10_000);
    assert.deepEqual(texts(), ["bad 1", "bad half and half"]);
  });
});

Deno.test("A container that is started again is followed, and what it wrote before unseen is read first", async () => {
  await scene(async ({ logs, clock, reader, texts }) => {
    logs.write("web", "main", line(1, "bad 1"));
    await clock.advance(6000);
    reader.confirm();
    reader.confirm();
    // The connection is cut; the container goes on, ends, and is started again before anybody looks.
    logs.end("web", "main", "cut");
    logs.write("web", "main", line(7, "bad 2"));
    logs.restart("web", "main");
    logs.write("web", "main", line(8, "bad 3"));
    await clock.advance(5000);
    assert.deepEqual(texts(), ["bad 1", "bad 3"]);
    reader.update({ ...RUNNING, previous: { id: "first", finishedAt: START + 7000 } });
    await clock.advance(5000);
    assert.deepEqual(texts(), ["bad 1", "bad 3", "bad 2"]);
    const asked = logs.asked("web", "main").filter(({ query }) => query?.["previous"] === true);
    assert.equal(asked.length, 1);
    reader.update({ ...RUNNING, previous: { id: "first", finishedAt: START + 7000 } });
    logs.write("web", "main", line(12, "bad 4"));
    await clock.advance(5000);
    assert.deepEqual(texts(), ["bad 1", "bad 3", "bad 2", "bad 4"]);
  });
});

Deno.test("An ended container is read to its end once, and again when it is started again", async () => {
  await scene(async ({ logs, clock, reader, texts }) => {
    logs.write("web", "main", line(1, "bad 1"));
    logs.terminate("web", "main");
    reader.update({ ...RUNNING, isTerminated: true, finishedAt: START + 1000 });
    await clock.advance(60_000);
    assert.deepEqual([reader.state.kind, reader.position, texts()], ["ended", undefined, ["bad 1"]]);
    const asked = logs.asked("web", "main").length;
    await clock.advance(600_000);
    assert.equal(logs.asked("web", "main").length, asked, "It was asked for again");
    logs.restart("web", "main");
    logs.write("web", "main", line(700, "bad 2"));
    reader.update({ ...RUNNING, previous: { id: "first", finishedAt: START + 1000 } });
    await clock.advance(1000);
    assert.deepEqual([reader.state.kind, texts()], ["reading", ["bad 1", "bad 2"]]);
  });
});

Deno.test("A container that had ended before the position is not read", async () => {
  const status = { ...RUNNING, isTerminated: true, finishedAt: START - 5000 };
  await scene(async ({ logs, clock, reader }) => {
    await clock.advance(60_000);
    assert.deepEqual([reader.state.kind, logs.requests.length], ["ended", 0]);
  }, { status });
});

Deno.test("The position follows lines with verdicts, one confirmation behind, and waits for those without", async () => {
  await scene(async (own) => {
    const { logs, clock, reader } = own;
    const held: (() => void)[] = [];
    own.hold = (settled) => void held.push(settled);
    logs.write("web", "main", line(1, "fine"), line(10, "bad"), line(20, "fine"));
    await clock.advance(6000);
    assert.equal(reader.position, seconds(0));
    reader.confirm();
    assert.equal(reader.position, seconds(0));
    reader.confirm();
    assert.equal(reader.position, seconds(9) + 1n, "Not up to a second before the line that waits");
    held[0]?.();
    reader.confirm();
    reader.confirm();
    assert.equal(reader.position, seconds(19) + 1n);
  });
});

for (const answersLate of [false, true]) {
  const when = answersLate ? "and is answered late" : "and is answered at once";
  Deno.test(`A silent log ${when} does not hold the position back, and what comes in the end is taken`, async () => {
    await scene(async ({ logs, clock, reader, texts, restarts }) => {
      logs.answersLate = answersLate;
      logs.write("web", "main");
      await clock.advance(6000);
      for (let minute = 0; minute < 10; minute++) {
        await clock.advance(60_000);
        reader.confirm();
      }
      const behind = (clock.now() - START) / 1000 - Number((reader.position ?? 0n) - seconds(0)) / 1e9;
      assert.ok(behind > 60 && behind < 400, `${behind} s behind`);
      const asked = logs.asked("web", "main");
      assert.ok(asked.length >= 8 && asked.length <= 12, `${asked.length} requests`);
      // The node's own clock decides from when on lines are asked for.
      assert.equal(asked.at(-1)?.query?.["sinceTime"], "2026-01-02T12:00:00Z");
      logs.write("web", "main", line(606, "bad at last"));
      await clock.advance(0);
      assert.deepEqual([texts(), reader.state.kind], [["bad at last"], "reading"]);
      assert.deepEqual(new Set(restarts), new Set(["closed"]));
    });
  });
}

Deno.test("A line that a running container leaves unfinished for long is taken when it is whole, and holds the position", async () => {
  await scene(async ({ logs, clock, reader, texts }) => {
    logs.write("web", "main", line(1, "fine"), `${line(2, "bad: 10 %")}…`);
    for (let minute = 0; minute < 10; minute++) {
      await clock.advance(60_000);
      reader.confirm();
    }
    assert.deepEqual([texts(), reader.position], [[], seconds(0) + 1n]);
    logs.write("web", "main", " done");
    await clock.advance(1000);
    assert.deepEqual(texts(), ["bad: 10 % done"]);
  });
});

Deno.test("A refused log says so and holds the position; a failing one says so at the third time", async () => {
  await scene(async ({ logs, clock, reader, texts, restarts }) => {
    logs.write("web", "main", line(1, "bad"));
    logs.refuse("web", "main", new ApiError("pods/log is forbidden", { code: 403 }));
    await clock.advance(6000);
    assert.deepEqual(reader.state, { kind: "forbidden", message: "pods/log is forbidden" });
    for (let minute = 0; minute < 10; minute++) reader.confirm();
    assert.equal(reader.position, seconds(0));
    logs.refuse("web", "main", new ApiError("dial tcp: no route", { code: 500 }));
    await clock.advance(120_000);
    assert.deepEqual(reader.state, { kind: "failing", message: "dial tcp: no route" });
    logs.refuse("web", "main", undefined);
    await clock.advance(15_000);
    assert.deepEqual([reader.state.kind, texts()], ["reading", ["bad"]]);
    assert.deepEqual(new Set(restarts), new Set(["forbidden", "server_error"]));
  });
});

Deno.test("What the log of a deleted pod still brings is read; then it is left", async () => {
  await scene(async ({ logs, clock, reader, texts, hasEnded }) => {
    logs.write("web", "main");
    await clock.advance(6000);
    reader.retire(true);
    logs.write("web", "main", line(7, "bad last"));
    await clock.advance(20_000);
    assert.deepEqual([texts(), hasEnded()], [["bad last"], false]);
    await clock.advance(30_000);
    assert.equal(hasEnded(), true);
  });
  await scene(async ({ clock, reader, hasEnded }) => {
    reader.retire(true);
    await clock.advance(6000);
    assert.equal(hasEnded(), true, "It waits for a pod that is gone");
  });
});

Deno.test("A pod that is not selected any more is left, however much it has to say", async () => {
  await scene(async ({ logs, clock, reader, hasEnded }) => {
    logs.write("web", "main");
    await clock.advance(6000);
    reader.retire(false);
    for (let second = 0; second < 31; second++) {
      logs.write("web", "main", line(second, "bad"));
      await clock.advance(1000);
    }
    assert.equal(hasEnded(), true);
  });
});

Deno.test("Who finds no slot says so; who speaks gives its slot back after a turn", async () => {
  await scene(async ({ logs, clock, slots, reader, texts }) => {
    logs.write("web", "main", line(1, "bad"));
    await clock.advance(6000);
    const other = new AbortController();
    const taken = slots.take(other.signal);
    await clock.advance(70_000);
    assert.equal(slots.waiting, 1);
    logs.write("web", "main", line(80, "bad again"));
    await clock.settle();
    const slot = await taken;
    assert.equal(reader.state.kind, "queued");
    logs.write("web", "main", line(81, "bad meanwhile"));
    await clock.advance(1000);
    slot[Symbol.dispose]();
    await clock.advance(1000);
    assert.deepEqual([reader.state.kind, texts()], ["reading", ["bad", "bad again", "bad meanwhile"]]);
  }, { limit: 1 });
});

Deno.test("A line of a MiB is taken, a longer one is cut and says so; neither keeps others from their turn", async () => {
  await scene(async ({ logs, clock, taken }) => {
    const mebibyte = 1024 * 1024;
    const whole = `bad ${"x".repeat(mebibyte - 4)}`;
    logs.write("web", "main", line(1, whole), line(2, `${whole}${"y".repeat(1000)}`), line(3, "bad after"));
    await clock.advance(6000);
    assert.deepEqual(taken.map((one) => [one.line.length, one.isCut]), [
      [mebibyte, undefined],
      [mebibyte + 64 - line(2, "").length, true],
      [9, undefined],
    ]);
  });
});
