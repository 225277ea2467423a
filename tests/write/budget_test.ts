import assert from "node:assert/strict";
import { createMetrics } from "../../src/observe/metrics.ts";
import { type BudgetRule, Budgets } from "../../src/write/budget.ts";

const ingester = { namespace: "zen", name: "trivy" };
const key = "zen/trivy";
const rule: BudgetRule = { maxObservations: 3, onExceed: "rollup" };

interface Scene {
  readonly budgets: Budgets;
  readonly turns: string[];
  published: number | undefined;
  ratio(): Promise<number | undefined>;
}

function scene(): Scene {
  const metrics = createMetrics("test");
  const turns: string[] = [];
  const self: Scene = {
    turns,
    published: undefined,
    budgets: new Budgets({
      metrics,
      publishedOf: () => self.published,
      onTurn: (of, used) => void turns.push(`${of} ${used === undefined ? "free" : "used up"}`),
    }),
    ratio: async () => (await metrics.budgetUsed.get()).values[0]?.value,
  };
  return self;
}
const fill = (budgets: Budgets, count: number): number => {
  let reserved = 0;
  for (let index = 0; index < count; index++) if (budgets.reserve(ingester, rule)) reserved++;
  return reserved;
};

Deno.test("Writes under way take up room, so that many at once stay within the budget", async () => {
  const { budgets, turns, ratio } = scene();
  assert.equal(fill(budgets, 100), 3);
  assert.deepEqual(turns, [], "nothing exists yet");
  budgets.settle(ingester, rule, true);
  budgets.settle(ingester, rule, false);
  assert.equal(fill(budgets, 100), 1);
  for (let index = 0; index < 2; index++) budgets.settle(ingester, rule, true);
  assert.deepEqual(turns, [`${key} used up`]);
  assert.equal(await ratio(), 1);
  budgets.created(ingester, rule);
  assert.equal(await ratio(), 4 / 3);
  assert.deepEqual(turns, [`${key} used up`], "told once");
});

Deno.test("What was counted stands in the place of what was thought, with what was created since the count began", () => {
  const { budgets, turns } = scene();
  budgets.created(ingester, rule);
  const end = budgets.beginCount();
  budgets.created(ingester, rule);
  assert.equal(budgets.observationsOf(key), undefined);
  end([{ ingester, rule, count: 10 }]);
  assert.equal(budgets.observationsOf(key), 11);
  assert.equal(budgets.reserve(ingester, rule), false);
  assert.deepEqual(turns, [`${key} used up`]);
  budgets.beginCount()([{ ingester, rule, count: 2 }]);
  assert.deepEqual(turns, [`${key} used up`, `${key} free`]);
  assert.equal(fill(budgets, 5), 1);
});

Deno.test("Who does not count goes by what is published, and by its own creates since", () => {
  const one = scene();
  assert.equal(one.budgets.reserve(ingester, rule), true, "nothing is known");
  one.budgets.settle(ingester, rule, true);
  one.published = 2;
  assert.equal(fill(one.budgets, 5), 1);
  one.budgets.settle(ingester, rule, true);
  assert.equal(fill(one.budgets, 5), 0);
  one.published = 1;
  assert.equal(fill(one.budgets, 5), 2);
  assert.equal(one.budgets.observationsOf(key), undefined, "and publishes nothing");
});

Deno.test("At the end of a term what was counted is forgotten", () => {
  const one = scene();
  one.published = 3;
  one.budgets.beginCount()([{ ingester, rule, count: 0 }]);
  assert.equal(one.budgets.reserve(ingester, rule), true);
  one.budgets.settle(ingester, rule, false);
  one.budgets.forgetCounts();
  assert.equal(one.budgets.reserve(ingester, rule), false);
});

Deno.test("What is under way of an Ingester that is gone brings nothing of it back", async () => {
  const { budgets, turns, ratio } = scene();
  budgets.follow(new Map([[key, rule]]));
  assert.equal(fill(budgets, 3), 3);
  budgets.follow(new Map());
  for (const isCreated of [true, true, false]) {
    budgets.settle(ingester, rule, isCreated);
    assert.equal(await ratio(), undefined);
  }
  // A roll-up, and what a count says that began before.
  for (let count = 0; count < 5; count++) budgets.created(ingester, rule);
  budgets.beginCount()([{ ingester, rule, count: 10 }]);
  assert.equal(await ratio(), undefined);
  assert.equal(budgets.observationsOf(key), undefined);
  assert.deepEqual(turns, []);
  // One that is made again under its name is another one.
  budgets.follow(new Map([[key, rule]]));
  assert.equal(fill(budgets, 100), 3);
});

Deno.test("A changed rule is in force at once, and who is gone has no series", async () => {
  const { budgets, turns, ratio } = scene();
  budgets.beginCount()([{ ingester, rule, count: 3 }]);
  budgets.follow(new Map([[key, { ...rule, maxObservations: 6 }]]));
  assert.deepEqual(turns, [`${key} used up`, `${key} free`]);
  assert.equal(await ratio(), 0.5);
  budgets.follow(new Map([[key, undefined]]));
  assert.equal(await ratio(), undefined);
  budgets.follow(new Map([[key, rule]]));
  assert.equal(await ratio(), 1);
  budgets.follow(new Map());
  assert.equal(await ratio(), undefined);
  assert.equal(budgets.observationsOf(key), undefined);
});
