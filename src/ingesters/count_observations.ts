import { isApiError } from "../kube/errors.ts";
import { GROUP } from "../model/observation.ts";
import type { Log } from "../observe/log.ts";
import type { Clock } from "../run/clock.ts";
import type { BudgetRule, Budgets, Counted } from "../write/budget.ts";
import { ingesterLabel } from "../write/label_value.ts";
import type { ObservationStore } from "../write/observation_store.ts";
import type { Entry, IngesterRegistry } from "./registry.ts";

/** What the counting works with. */
export interface CountParts {
  readonly registry: IngesterRegistry;
  readonly store: Pick<ObservationStore, "tally">;
  readonly budgets: Budgets;
  readonly clock: Clock;
  readonly log: Log;
}

const INTERVAL_MILLISECONDS = 30_000;
const RETRY_MILLISECONDS = 2_000;

/**
 * The leader's loop that counts how many Observations each Ingester owns, every 30 s (contract, section 5).
 *
 * @throws the signal's reason
 */
export async function countObservations(parts: CountParts, signal: AbortSignal): Promise<never> {
  const { registry, store, budgets, clock } = parts;
  const log = parts.log.component("ingesters");
  try {
    while (true) {
      let end = budgets.beginCount();
      let isCounted = true;
      try {
        const onBegun = (): void => void (end = budgets.beginCount());
        const byLabel = await store.tally(`${GROUP}/ingester`, onBegun, signal);
        end([...registry.entries.values()].map((entry) => countedOf(entry, byLabel)));
      } catch (error) {
        if (!isApiError(error)) throw error;
        isCounted = false;
        log.warn("Cannot count Observations", { error: error.message });
      }
      await clock.sleep(isCounted ? INTERVAL_MILLISECONDS : RETRY_MILLISECONDS, signal);
    }
  } finally {
    budgets.forgetCounts();
  }
}

/** The budget of each Ingester; undefined for one that has none, or is not run. */
export function budgetRulesOf({ entries }: IngesterRegistry): ReadonlyMap<string, BudgetRule | undefined> {
  return new Map([...entries].map(([key, entry]) => [key, ruleOf(entry)]));
}

function ruleOf({ compiled }: Entry): BudgetRule | undefined {
  return "lane" in compiled ? compiled.lane.budget : undefined;
}

function countedOf(entry: Entry, byLabel: ReadonlyMap<string, number>): Counted {
  const { namespace, name } = entry.ingester.metadata;
  return {
    ingester: { namespace, name },
    rule: ruleOf(entry),
    count: byLabel.get(ingesterLabel(namespace, name)) ?? 0,
  };
}
