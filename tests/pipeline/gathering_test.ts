import assert from "node:assert/strict";
import { Gathering } from "../../src/pipeline/gathering.ts";

Deno.test("What is brought is settled in one go when everybody has come or gone", async () => {
  const settled: (readonly number[])[] = [];
  const gathering = new Gathering<number, string>(4, (items) => {
    settled.push(items);
    return Promise.resolve("done");
  });
  const [a, b, c, d] = [gathering.seat(), gathering.seat(), gathering.seat(), gathering.seat()];
  const first = a.join(1);
  b.leave();
  b.leave();
  a.leave();
  const second = c.join(3);
  await Promise.resolve();
  assert.deepEqual(settled, []);
  d.leave();
  assert.deepEqual(await Promise.all([first, second]), ["done", "done"]);
  assert.deepEqual(settled, [[1, 3]]);
});

Deno.test("Where nobody brings anything nothing is settled, and a failure is everybody's", async () => {
  const idle = new Gathering<number, string>(1, () => assert.fail("nothing was brought"));
  idle.seat().leave();
  const failing = new Gathering<number, string>(2, () => Promise.reject(new Error("away")));
  const [a, b] = [failing.seat(), failing.seat()];
  const both = await Promise.allSettled([a.join(1), b.join(2)]);
  assert.deepEqual(both.map(({ status }) => status), ["rejected", "rejected"]);
});
