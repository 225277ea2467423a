import type { Random } from "./random.ts";
import type { ServerFault } from "./api_proxy.ts";

/** Whom a fault hits: a place of a replica, or whoever leads at that moment. */
export type Target = number | "leader";

/** Something that goes wrong. Durations are in milliseconds, until it is mended. */
export type Fault =
  /** SIGKILL; started again, under another name as a new pod has it, or under the same. */
  | {
    readonly kind: "kill";
    readonly target: Target;
    readonly milliseconds: number;
    readonly isNewPod: boolean;
  }
  /** SIGTERM; started again when it has ended. */
  | {
    readonly kind: "restart";
    readonly target: Target;
    readonly milliseconds: number;
    readonly isNewPod: boolean;
  }
  /** SIGSTOP, then SIGCONT. */
  | { readonly kind: "stop"; readonly target: Target; readonly milliseconds: number }
  /** The network between a replica and the API server says nothing. */
  | { readonly kind: "silence"; readonly target: Target; readonly milliseconds: number }
  /** It is slow. */
  | {
    readonly kind: "delay";
    readonly target: Target;
    readonly milliseconds: number;
    readonly lateMilliseconds: number;
  }
  /** It breaks every connection off. */
  | { readonly kind: "reset"; readonly target: Target; readonly milliseconds: number }
  /** The API server answers a share of the requests of all replicas so. */
  | {
    readonly kind: "errors";
    readonly milliseconds: number;
    readonly share: number;
    readonly answers: readonly ServerFault[];
  }
  /** SIGKILL of the API server; started again. */
  | { readonly kind: "api-server"; readonly milliseconds: number }
  /** The history of all objects is forgotten, and every watch has to be opened anew. */
  | { readonly kind: "compact" }
  /** The checkpoints are deleted or made unreadable, and the leader is killed, so that they are needed. */
  | { readonly kind: "checkpoints"; readonly how: "deleted" | "corrupted"; readonly milliseconds: number }
  /** The Lease is deleted by hand. */
  | { readonly kind: "lease" };

/** Name of a kind of fault. */
export type FaultKind = Fault["kind"];

/** A fault and when it comes, in milliseconds after the start of its round. */
export interface Planned {
  readonly at: number;
  readonly fault: Fault;
}

/** What goes wrong in one round. */
export interface Schedule {
  readonly planned: readonly Planned[];
  /**
   * Whether Events that are deleted right after they were created must be seen: not where the history, or the place in it
   * up to which it was read, is taken away on purpose.
   */
  readonly keepsHistory: boolean;
}

/** How many seconds of a round go by, on average, from one fault to the next. */
const SECONDS_A_FAULT = 3;
/** At the start and at the end of a round signals come in undisturbed. */
const CALM_MILLISECONDS = 1000;
/** The lease that replicas are started with in a round, in milliseconds. */
export const LEASE_MILLISECONDS = 3000;

/** Kinds of faults by how often they are chosen. */
const WEIGHTS: Readonly<Record<FaultKind, number>> = {
  "kill": 4,
  "restart": 3,
  "stop": 3,
  "silence": 3,
  "delay": 2,
  "reset": 3,
  "errors": 3,
  "api-server": 2,
  "compact": 2,
  "checkpoints": 1,
  "lease": 1,
};
/** Those that take history away come in half of the rounds only; the others have Events that live for a moment. */
const FORGETTING: ReadonlySet<FaultKind> = new Set(["compact", "checkpoints"]);
/** The API server takes its seconds to be back; more than one of these and nothing else would be seen. */
const ONCE: ReadonlySet<FaultKind> = new Set(["api-server", "checkpoints"]);
/** Every kind of fault. */
export const FAULT_KINDS: readonly FaultKind[] = Object.keys(WEIGHTS) as FaultKind[];

/** What goes wrong in a round of `seconds` with so many replicas; the same for the same choices. */
export function scheduleOf(random: Random, seconds: number, replicas: number): Schedule {
  const count = Math.max(1, Math.round(seconds / SECONDS_A_FAULT));
  const keepsHistory = random.isIn(0.5);
  const span = Math.max(CALM_MILLISECONDS, seconds * 1000 - 2 * CALM_MILLISECONDS);
  const times = Array.from({ length: count }, () => CALM_MILLISECONDS + random.between(0, span));
  const used = new Set<FaultKind>();
  const planned = times.sort((one, other) => one - other).map((at): Planned => {
    const kind = kindFor(
      random,
      (one) => !(keepsHistory && FORGETTING.has(one)) && !(ONCE.has(one) && used.has(one)),
    );
    used.add(kind);
    return { at, fault: faultOf(kind, random, replicas) };
  });
  return { planned, keepsHistory };
}

/** One line about a fault. */
export function describe(fault: Fault): string {
  const { kind, ...rest } = fault;
  const details = Object.entries(rest).map(([name, value]) =>
    name === "milliseconds" ? `${value} ms` : `${name} ${value}`
  );
  return [kind, ...details].join(", ");
}

function kindFor(random: Random, isAllowed: (kind: FaultKind) => boolean): FaultKind {
  const allowed = FAULT_KINDS.filter(isAllowed);
  return random.oneOf(allowed.flatMap((kind) => Array<FaultKind>(WEIGHTS[kind]).fill(kind)));
}

function faultOf(kind: FaultKind, random: Random, replicas: number): Fault {
  const target = (): Target => random.isIn(0.5) ? "leader" : random.between(0, replicas - 1);
  const lasting = (low: number, high: number): number => random.between(low, high);
  switch (kind) {
    case "kill":
      return { kind, target: target(), milliseconds: lasting(0, 4000), isNewPod: random.isIn(0.5) };
    case "restart":
      return { kind, target: target(), milliseconds: lasting(0, 1000), isNewPod: random.isIn(0.5) };
    case "stop":
      return { kind, target: target(), milliseconds: LEASE_MILLISECONDS + lasting(500, 4000) };
    case "silence":
      return { kind, target: target(), milliseconds: lasting(500, 7000) };
    case "delay":
      return {
        kind,
        target: target(),
        milliseconds: lasting(2000, 6000),
        lateMilliseconds: lasting(20, 700),
      };
    case "reset":
      return { kind, target: target(), milliseconds: lasting(0, 4000) };
    case "errors":
      return {
        kind,
        milliseconds: lasting(1000, 6000),
        share: lasting(1, 6) / 10,
        answers: random.oneOf<readonly ServerFault[]>([
          ["throttled"],
          ["failed"],
          ["done-and-failed"],
          ["throttled", "failed", "done-and-failed"],
        ]),
      };
    case "api-server":
      return { kind, milliseconds: lasting(0, 3000) };
    case "checkpoints":
      return { kind, how: random.oneOf(["deleted", "corrupted"]), milliseconds: lasting(0, 2000) };
    case "compact":
    case "lease":
      return { kind };
    default:
      return kind satisfies never;
  }
}
