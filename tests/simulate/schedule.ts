import type { Timings } from "../../src/leadership/timings.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { type Chance, chanceOf } from "./chance.ts";

/** Which replica something happens to: the one that leads then, or one by its number. */
export type Whom = "leader" | number;

/** One thing that happens in a schedule. */
export type Action =
  | {
    readonly kind: "event";
    readonly number: number;
    readonly namespace: string;
    /** When it happens again, in milliseconds after it happened first. */
    readonly repeats: readonly number[];
    /** When it is deleted, after it was created; undefined: it stays. */
    readonly lifetimeMilliseconds: number | undefined;
  }
  | {
    readonly kind: "report";
    readonly namespace: string;
    readonly name: string;
    readonly numbers: readonly number[];
  }
  | { readonly kind: "webhook"; readonly number: number }
  | { readonly kind: "delete-report"; readonly namespace: string; readonly name: string }
  | {
    readonly kind: "kill" | "terminate";
    readonly whom: Whom;
    readonly downMilliseconds: number;
    /** Whether what is started in its place has the same name, as a restarted container has. */
    readonly keepsName: boolean;
  }
  | { readonly kind: "pause"; readonly whom: Whom; readonly milliseconds: number }
  | {
    readonly kind: "cut";
    readonly whom: Whom;
    readonly milliseconds: number;
    readonly cutKind: "refused" | "swallowed";
  }
  | { readonly kind: "break-streams"; readonly whom: Whom }
  | { readonly kind: "step-wall"; readonly whom: Whom; readonly milliseconds: number }
  | {
    readonly kind: "storm";
    readonly whom: Whom | "all";
    readonly milliseconds: number;
    readonly trouble: number;
    readonly slowMilliseconds: number;
    readonly throttled: number;
  }
  | { readonly kind: "restart-api"; readonly downMilliseconds: number }
  | { readonly kind: "restore-etcd"; readonly ageMilliseconds: number; readonly downMilliseconds: number }
  | { readonly kind: "compact"; readonly ageMilliseconds: number }
  | { readonly kind: "trim-cache" }
  | { readonly kind: "spoil-checkpoints"; readonly how: "delete" | "garble" };

/** Everything that is chosen for one seed before it runs. */
export interface Schedule {
  readonly seed: number;
  readonly replicas: number;
  readonly timings: Timings;
  /** Each has watches of its own; undefined: one watch over all. */
  readonly namespaces: readonly string[] | undefined;
  readonly mostInPage: number;
  /** Trouble that there always is. */
  readonly trouble: number;
  readonly slowMilliseconds: number;
  /** When the faults end; what happens from then on is good weather. */
  readonly faultsEndAt: number;
  readonly actions: readonly { readonly at: number; readonly action: Action }[];
}

const NAMESPACES = ["blue", "red"] as const;
const HOUR = 3_600_000;

/** Chooses everything for a seed. */
export function scheduleOf(seed: number): Schedule {
  const chance = chanceOf(seededRandom(seed));
  const lease = chance.oneOf([3000, 3000, 3000, 5000, 15_000]);
  const timings = {
    leaseDurationMilliseconds: lease,
    renewDeadlineMilliseconds: Math.round(lease * 2 / 3),
    retryPeriodMilliseconds: Math.round(lease / 6),
  };
  const faultsEndAt = lease * chance.between(6, 14);
  const replicas = chance.whole(2, 5);
  const actions: { at: number; action: Action }[] = [
    ...signals(chance, faultsEndAt),
    ...faults(chance, lease, replicas, faultsEndAt),
  ];
  actions.sort((one, other) => one.at - other.at);
  return {
    seed,
    replicas,
    timings,
    namespaces: chance.is(0.3) ? NAMESPACES : undefined,
    mostInPage: chance.oneOf([2, 5, 500]),
    trouble: chance.oneOf([0, 0, 0.01, 0.05]),
    slowMilliseconds: chance.oneOf([5, 50, lease / 5]),
    faultsEndAt,
    actions,
  };
}

function signals(chance: Chance, until: number): { at: number; action: Action }[] {
  const found: { at: number; action: Action }[] = [];
  let number = 0;
  const events = chance.whole(8, 24);
  for (let made = 0; made < events;) {
    const at = chance.between(0, until);
    const burst = chance.is(0.2) ? chance.whole(2, 6) : 1;
    for (let index = 0; index < burst; index++, made++) {
      const lifetime = chance.is(0.5) ? chance.between(50, until / 4) : undefined;
      const repeats = chance.is(0.2) ? [chance.between(10, 3000)] : [];
      found.push({
        at: at + index * chance.between(0, 40),
        action: {
          kind: "event",
          number: ++number,
          namespace: chance.oneOf(NAMESPACES),
          repeats: repeats.filter((repeat) => repeat < (lifetime ?? Infinity)),
          lifetimeMilliseconds: lifetime,
        },
      });
    }
  }
  for (let webhooks = chance.whole(2, 8); webhooks > 0; webhooks--) {
    found.push({ at: chance.between(0, until), action: { kind: "webhook", number: ++number } });
  }
  for (const name of ["first", "second", "third"]) {
    const namespace = chance.oneOf(NAMESPACES);
    let numbers: number[] = [];
    let at = chance.between(0, until / 2);
    for (let version = chance.whole(1, 4); version > 0; version--, at += chance.between(20, until / 4)) {
      if (chance.is(0.15)) {
        found.push({ at, action: { kind: "delete-report", namespace, name } });
        continue;
      }
      numbers = numbers.filter(() => chance.is(0.8));
      for (let more = chance.whole(1, 3); more > 0; more--) numbers.push(++number);
      found.push({ at, action: { kind: "report", namespace, name, numbers } });
    }
  }
  return found;
}

function faults(
  chance: Chance,
  lease: number,
  replicas: number,
  until: number,
): { at: number; action: Action }[] {
  const whom = (): Whom => chance.is(0.65) ? "leader" : chance.whole(0, replicas - 1);
  const around = (): number => lease * chance.oneOf([0.1, 0.5, 1, 2]) * chance.between(0.5, 1.5);
  // Schedules without history that ends have no loss that is legitimate: most are so.
  const hasLoss = chance.is(0.3);
  const kinds: readonly (() => Action)[] = [
    () => ({ kind: "kill", whom: whom(), downMilliseconds: around(), keepsName: chance.is(0.5) }),
    () => ({ kind: "terminate", whom: whom(), downMilliseconds: around(), keepsName: chance.is(0.5) }),
    () => ({ kind: "pause", whom: whom(), milliseconds: around() }),
    () => ({
      kind: "cut",
      whom: whom(),
      milliseconds: around(),
      cutKind: chance.oneOf(["refused", "swallowed"] as const),
    }),
    () => ({ kind: "break-streams", whom: whom() }),
    () => ({ kind: "step-wall", whom: whom(), milliseconds: chance.between(-12, 12) * HOUR }),
    () => ({
      kind: "storm",
      whom: chance.is(0.5) ? "all" : whom(),
      milliseconds: around(),
      trouble: chance.oneOf([0, 0.2, 0.6]),
      slowMilliseconds: chance.oneOf([20, lease / 4, lease]),
      throttled: chance.oneOf([0, 0, 0.5]),
    }),
    () => ({ kind: "restart-api", downMilliseconds: lease * chance.between(0.05, 1.2) }),
    () => ({ kind: "trim-cache" }),
  ];
  const losing: readonly (() => Action)[] = [
    () => ({ kind: "compact", ageMilliseconds: chance.between(0, 2 * lease) }),
    () => ({
      kind: "restore-etcd",
      ageMilliseconds: chance.between(0.2, 3) * lease,
      // Nobody restores etcd within a second.
      downMilliseconds: lease * chance.between(0.4, 1),
    }),
    () => ({ kind: "spoil-checkpoints", how: chance.oneOf(["delete", "garble"] as const) }),
  ];
  const from = hasLoss ? [...kinds, ...losing, ...losing] : kinds;
  return Array.from({ length: chance.whole(2, 9) }, () => ({
    at: chance.between(lease / 2, until),
    action: chance.oneOf(from)(),
  }));
}
