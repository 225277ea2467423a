import type { Metrics } from "../observe/metrics.ts";

/** How many Observations an Ingester may have, and what becomes of findings beyond. */
export interface BudgetRule {
  readonly maxObservations: number;
  readonly onExceed: "rollup" | "reject";
}

/** `<namespace>/<name>` in two parts. */
interface IngesterName {
  readonly namespace: string;
  readonly name: string;
}

interface Account {
  /** How many this process has created, ever. */
  created: number;
  /** Writes under way that may create one. */
  reserved: number;
  /** What the leader counted, and `created` when it began to. */
  counted: { readonly count: number; readonly created: number } | undefined;
  /** The same of what another leader published, as it was first seen. */
  published: { readonly count: number | undefined; readonly created: number };
  isExceeded: boolean;
}

/** What was counted of one Ingester; no rule: it has no budget. */
export interface Counted {
  readonly ingester: IngesterName;
  readonly rule: BudgetRule | undefined;
  readonly count: number;
}

/** What {@link Budgets} works with. */
export interface BudgetsParts {
  readonly metrics: Pick<Metrics, "budgetUsed">;
  /** What the leader published in `status.observations`, by namespace/name. */
  readonly publishedOf: (key: string) => number | undefined;
  /** Called when a budget is used up (its rule), and when there is room again (undefined). */
  readonly onTurn: (key: string, used: BudgetRule | undefined) => void;
}

/**
 * How much of each Ingester's budget is used, as this process knows: what the leader counted or published, and its own creates
 * since. A soft ceiling, since replicas do not wait for each other.
 */
export class Budgets {
  readonly #parts: BudgetsParts;
  readonly #accounts = new Map<string, Account>();
  /** The Ingesters that there are; undefined: that was not said yet. */
  #followed: { has(key: string): boolean } | undefined;

  constructor(parts: BudgetsParts) {
    this.#parts = parts;
  }

  /** Reserves a place for one Observation, to be given back by {@link settle}; false when there is none. */
  reserve(ingester: IngesterName, rule: BudgetRule): boolean {
    const key = keyOf(ingester);
    const account = this.#account(key);
    if (this.#used(key, account) + account.reserved >= rule.maxObservations) {
      this.#judge(key, account, rule);
      return false;
    }
    account.reserved++;
    return true;
  }

  /** A reserved place was used, or was not. */
  settle(ingester: IngesterName, rule: BudgetRule, isCreated: boolean): void {
    const key = keyOf(ingester);
    const account = this.#account(key);
    account.reserved--;
    if (isCreated) this.created(ingester, rule);
    else if (this.#isGone(key)) this.#forget(key, account);
  }

  /** An Observation was created that no place was reserved for. */
  created(ingester: IngesterName, rule: BudgetRule | undefined): void {
    const key = keyOf(ingester);
    const account = this.#account(key);
    account.created++;
    this.#judge(key, account, rule);
  }

  /** To be called before everything is counted; what it returns takes the counts. */
  beginCount(): (all: readonly Counted[]) => void {
    const before = new Map([...this.#accounts].map(([key, { created }]) => [key, created]));
    return (all) => {
      const keys = new Set(all.map(({ ingester }) => keyOf(ingester)));
      for (const [key, account] of this.#accounts) if (!keys.has(key)) this.#forget(key, account);
      for (const { ingester, rule, count } of all) {
        const key = keyOf(ingester);
        const account = this.#account(key);
        account.counted = { count, created: before.get(key) ?? 0 };
        this.#judge(key, account, rule);
      }
    };
  }

  /** Another replica counts from now on. */
  forgetCounts(): void {
    for (const account of this.#accounts.values()) account.counted = undefined;
  }

  /** What is to be published; undefined while this process has not counted. */
  observationsOf(key: string): number | undefined {
    const account = this.#accounts.get(key);
    return account?.counted === undefined ? undefined : this.#used(key, account);
  }

  /** The Ingesters have changed: those that are gone are forgotten, the others go by their rules of now. */
  follow(rules: ReadonlyMap<string, BudgetRule | undefined>): void {
    this.#followed = rules;
    for (const [key, account] of this.#accounts) {
      if (rules.has(key)) this.#judge(key, account, rules.get(key));
      else this.#forget(key, account);
    }
  }

  #used(key: string, account: Account): number {
    const { counted, created } = account;
    if (counted !== undefined) return counted.count + created - counted.created;
    const published = this.#parts.publishedOf(key);
    if (published !== account.published.count) account.published = { count: published, created };
    return (published ?? 0) + created - account.published.created;
  }

  #isGone(key: string): boolean {
    return this.#followed?.has(key) === false;
  }

  #judge(key: string, account: Account, rule: BudgetRule | undefined): void {
    // What it had under way ends after it; nothing of it is shown or told again.
    if (this.#isGone(key)) return this.#forget(key, account);
    const used = this.#used(key, account);
    if (rule === undefined) this.#parts.metrics.budgetUsed.remove({ ingester: key });
    else this.#parts.metrics.budgetUsed.set({ ingester: key }, used / rule.maxObservations);
    const isExceeded = rule !== undefined && used >= rule.maxObservations;
    if (isExceeded === account.isExceeded) return;
    account.isExceeded = isExceeded;
    this.#parts.onTurn(key, isExceeded ? rule : undefined);
  }

  /** What is under way still settles. */
  #forget(key: string, account: Account): void {
    this.#parts.metrics.budgetUsed.remove({ ingester: key });
    if (account.reserved === 0) this.#accounts.delete(key);
  }

  #account(key: string): Account {
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    const fresh: Account = {
      created: 0,
      reserved: 0,
      counted: undefined,
      published: { count: undefined, created: 0 },
      isExceeded: false,
    };
    this.#accounts.set(key, fresh);
    return fresh;
  }
}

function keyOf({ namespace, name }: IngesterName): string {
  return `${namespace}/${name}`;
}
