import assert from "node:assert/strict";
import { type Json, listAt, textAt } from "../../src/model/json.ts";
import { lineOf, type Right, rightsOf } from "../chart/rights.ts";
import { type ControlPlane, startControlPlane } from "../control_plane/control_plane.ts";
import { until } from "../support/until.ts";
import { type ChartAccount, installAccount } from "./chart_account.ts";
import { ELSEWHERE, type RightProbe, rightProbe } from "./right_probe.ts";

/** Patterns that watch namespaces, and that watch everything: with tenants, and with every source and setting. */
const PATTERNS = ["shard-prod-critical", "tenancy", "suite"];
/** What the API server lets everybody do who is authenticated (system:basic-user). */
const OF_EVERYBODY = ["selfsubjectaccessreviews", "selfsubjectreviews", "selfsubjectrulesreviews"];

interface Probed extends Disposable {
  readonly account: ChartAccount;
  readonly probe: RightProbe;
  /** Those of some rights that are not given. */
  refusedOf(rights: readonly Right[], namespace: string | undefined): Promise<readonly string[]>;
}

async function probed(plane: ControlPlane, pattern: string): Promise<Probed> {
  const account = await installAccount(plane, pattern);
  const probe = await rightProbe(await account.kubeconfigFor(`probe-of-${pattern}`));
  return {
    account,
    probe,
    async refusedOf(rights, namespace) {
      const refused: string[] = [];
      for (const right of rights) {
        if (!await probe.isAllowed(right, namespace)) refused.push(lineOf(right));
      }
      return refused;
    },
    [Symbol.dispose]: () => probe[Symbol.dispose](),
  };
}

const placeOf = (role: Json): string | undefined => textAt(role, "metadata", "namespace");
const titleOf = (role: Json): string =>
  [textAt(role, "kind"), placeOf(role), textAt(role, "metadata", "name")].flatMap((part) => part ?? []).join(
    " ",
  );

Deno.test("each rule that the chart gives lets requests of its pods pass, and they are refused without it", async (test) => {
  await using plane = await startControlPlane();
  for (const pattern of PATTERNS) {
    using scene = await probed(plane, pattern);
    const { account, refusedOf } = scene;
    for (const role of account.roles) {
      for (const [index, rule] of listAt(role, "rules").entries()) {
        const rights = rightsOf([{ rules: [rule] }]);
        await test.step(`${pattern}: rule ${index + 1} of ${titleOf(role)}: ${rights.map(lineOf).join(", ")}`, async () => {
          await until("all pass", async () => (await refusedOf(rights, placeOf(role))).length === 0);
          const giveBack = await account.revoke((one) => one === rule);
          await until(
            "all are refused",
            async () => (await refusedOf(rights, placeOf(role))).length === rights.length,
          );
          await giveBack();
          await until("all pass again", async () => (await refusedOf(rights, placeOf(role))).length === 0);
        });
      }
    }
  }
});

Deno.test("a watcher of single namespaces has no right to the whole cluster, and none in any other namespace", async () => {
  await using plane = await startControlPlane();
  using scene = await probed(plane, "shard-prod-critical");
  const { account, probe, refusedOf } = scene;
  assert.deepEqual([...new Set(account.roles.map((role) => textAt(role, "kind")))], ["Role"]);
  const places = [account.namespace, ...(account.env["WATCH_NAMESPACE"] ?? "").split(",")];
  assert.deepEqual(new Set(account.roles.map(placeOf)), new Set(places));
  for (const role of account.roles) {
    const rights = rightsOf([role]);
    await until("it has its rights", async () => (await refusedOf(rights, placeOf(role))).length === 0);
    for (const place of [undefined, ELSEWHERE]) {
      assert.deepEqual(await refusedOf(rights, place), rights.map(lineOf), place ?? "all namespaces");
    }
  }
  // What is given in the whole cluster is given in each namespace, and would be in the list.
  const rules = await probe.rulesIn(ELSEWHERE);
  assert.deepEqual([...new Set(rules.flatMap(({ resources }) => resources))].sort(), OF_EVERYBODY);
  assert.ok((await probe.rulesIn(account.namespace)).some(({ resources }) => resources.includes("leases")));
});
