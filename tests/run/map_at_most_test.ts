import assert from "node:assert/strict";
import { mapAtMost } from "../../src/run/map_at_most.ts";

Deno.test("Items are mapped in their order, and never more at once than is allowed", async () => {
  let running = 0;
  let most = 0;
  const results = await mapAtMost([5, 1, 3, 2, 4], 2, async (item, index) => {
    most = Math.max(most, ++running);
    for (let turn = 0; turn < item; turn++) await Promise.resolve();
    running--;
    return `${index}:${item}`;
  });
  assert.deepEqual(results, ["0:5", "1:1", "2:3", "3:2", "4:4"]);
  assert.equal(most, 2);
  assert.deepEqual(await mapAtMost([], 3, () => Promise.reject(new Error("nothing to do"))), []);
});

Deno.test("The first failure is thrown when what has begun is over, and nothing further begins", async () => {
  const begun: number[] = [];
  const over: number[] = [];
  await assert.rejects(
    mapAtMost([0, 1, 2, 3], 2, async (item) => {
      begun.push(item);
      await Promise.resolve();
      if (item === 0) throw new Error("failed");
      await Promise.resolve();
      over.push(item);
    }),
    /failed/,
  );
  assert.deepEqual([begun, over], [[0, 1], [1]]);
});
