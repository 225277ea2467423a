import assert from "node:assert/strict";
import { Group } from "../../src/run/group.ts";

/** Runs until its signal aborts, and then ends by rejecting with its reason, as a sleep does. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Lets what can go on go on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

Deno.test("A group has settled when all of its tasks have ended, also those that tasks started", async () => {
  const group = new Group(new AbortController().signal);
  const done: string[] = [];
  group.run("first", async () => {
    await turn();
    group.run("second", async () => {
      await turn();
      done.push("second");
    });
    done.push("first");
  });
  await group.settled();
  assert.deepEqual(done, ["first", "second"]);
});

Deno.test("The first failure ends the rest, is thrown by settled, and says whose it was", async () => {
  const group = new Group(new AbortController().signal);
  let isEnded = false;
  group.run("waiting", (signal) => untilAborted(signal).finally(() => isEnded = true));
  group.run("broken", () => Promise.reject(new TypeError("no such thing")));
  group.run("later", async (signal) => {
    await untilAborted(signal).catch(() => {});
    throw new Error("came after the end");
  });
  const error = await group.settled().then(() => assert.fail("settled"), (error: unknown) => error);
  assert.ok(error instanceof Error);
  assert.match(error.message, /Task broken failed/);
  assert.ok(error.cause instanceof TypeError);
  assert.equal(isEnded, true);
});

Deno.test("What rejects after the end was asked for has only obeyed", async () => {
  const group = new Group(new AbortController().signal);
  group.run("waiting", untilAborted);
  group.close();
  await group.settled();
  assert.equal(group.signal.aborted, true);
});

Deno.test("The parent's abort ends the group, with its reason", async () => {
  const parent = new AbortController();
  const group = new Group(parent.signal);
  group.run("waiting", untilAborted);
  const reason = new Error("asked to stop");
  parent.abort(reason);
  await group.settled();
  assert.equal(group.signal.reason, reason);
});

Deno.test("A group of a parent that has ended starts its tasks with a signal that has aborted", async () => {
  const group = new Group(AbortSignal.abort());
  let wasAborted = false;
  group.run("late", (signal) => {
    wasAborted = signal.aborted;
    return Promise.resolve();
  });
  await group.settled();
  assert.equal(wasAborted, true);
});

Deno.test("A group that has ended leaves no listener on its parent", async () => {
  const parent = new AbortController();
  const listeners = new Set<unknown>();
  const { signal } = parent;
  const watched = new Proxy(signal, {
    get: (target, name) => {
      if (name === "addEventListener") return (_: string, listener: unknown) => listeners.add(listener);
      if (name === "removeEventListener") return (_: string, listener: unknown) => listeners.delete(listener);
      return Reflect.get(target, name, target);
    },
  });
  const group = new Group(watched);
  assert.equal(listeners.size, 1);
  group.run("short", () => Promise.resolve());
  await group.settled();
  assert.equal(listeners.size, 0);
});

Deno.test("Leaving its scope ends a group and waits for its tasks", async () => {
  let isEnded = false;
  {
    await using group = new Group(new AbortController().signal);
    group.run("waiting", async (signal) => {
      await untilAborted(signal).catch(() => {});
      await turn();
      isEnded = true;
    });
  }
  assert.equal(isEnded, true);
});

Deno.test("A failure that settled has thrown is not thrown again by the disposal, and one it has not is", async () => {
  const broken = async (isAwaited: boolean): Promise<void> => {
    await using group = new Group(new AbortController().signal);
    group.run("broken", () => Promise.reject(new TypeError("no such thing")));
    if (isAwaited) await group.settled();
    else await turn();
  };
  for (const isAwaited of [true, false]) {
    await assert.rejects(broken(isAwaited), { name: "Error", message: "Task broken failed" });
  }
});
