import { isJsonObject } from "../../src/model/json.ts";
import { systemClock } from "../../src/run/clock.ts";
import { HOME } from "../integration/installation.ts";
import type { Network } from "../support/tcp_proxy.ts";
import type { Fleet } from "./fleet.ts";
import type { Ground } from "./ground.ts";
import type { Random } from "./random.ts";
import { describe, type Fault, type FaultKind, type Schedule, type Target } from "./schedule.ts";

/** What faults are done to. */
export interface FaultParts {
  readonly ground: Ground;
  readonly fleet: Fleet;
  readonly random: Random;
  /** Takes one line for each fault that begins. */
  readonly onFault: (kind: FaultKind, line: string) => void;
}

const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${HOME}/leases/zen-watcher-leader-election`;
const CHECKPOINTS = `/api/v1/namespaces/${HOME}/configmaps/zen-watcher-leader-election-checkpoints`;

/**
 * Does what a schedule says at its times, and resolves when all of it is mended. Faults of one thing (a process, a way, the
 * API server) come one after the other, of several things at once.
 */
export async function playFaults(schedule: Schedule, parts: FaultParts, signal: AbortSignal): Promise<void> {
  const player = new FaultPlayer(parts, signal);
  const start = systemClock.monotonic();
  const played: Promise<void>[] = [];
  for (const { at, fault } of schedule.planned) {
    await systemClock.sleep(Math.max(0, start + at - systemClock.monotonic()), signal);
    played.push(player.play(fault));
  }
  const outcomes = await Promise.allSettled(played);
  const failed = outcomes.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}

class FaultPlayer {
  readonly #parts: FaultParts;
  readonly #signal: AbortSignal;
  /** The last fault of each thing. */
  readonly #last = new Map<string, Promise<void>>();

  constructor(parts: FaultParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
  }

  async play(fault: Fault): Promise<void> {
    const { ground, fleet } = this.#parts;
    const { installation: { plane }, writer } = ground;
    switch (fault.kind) {
      case "kill":
      case "restart": {
        const place = this.#placeOf(fault.target);
        return await this.#oneByOne(fault, `process ${place}`, place, async () => {
          if (fault.kind === "kill") await fleet.kill(place);
          else await fleet.stop(place);
          await this.#pause(fault.milliseconds);
          await fleet.start(place, fault.isNewPod);
        });
      }
      case "stop": {
        const place = this.#placeOf(fault.target);
        return await this.#oneByOne(fault, `process ${place}`, place, async () => {
          fleet.signal(place, "SIGSTOP");
          await this.#pause(fault.milliseconds).finally(() => fleet.signal(place, "SIGCONT"));
        });
      }
      case "silence":
        return await this.#onNetwork(fault, fault.target, fault.milliseconds, { kind: "silent" });
      case "delay": {
        const { target, milliseconds, lateMilliseconds } = fault;
        return await this.#onNetwork(fault, target, milliseconds, {
          kind: "slow",
          milliseconds: lateMilliseconds,
        });
      }
      case "reset":
        return await this.#onNetwork(fault, fault.target, fault.milliseconds, { kind: "broken" });
      case "errors":
        return await this.#oneByOne(fault, "answers", undefined, () => this.#answerBadly(fault));
      case "api-server":
        return await this.#oneByOne(fault, "api-server", undefined, async () => {
          await plane.killApiServer();
          await this.#pause(fault.milliseconds).finally(() => plane.startApiServer());
        });
      case "compact":
        return await this.#oneByOne(fault, "history", undefined, async () => {
          await plane.compactEtcd();
          await Promise.all(
            ground.ways.map((_, place) => this.#onNetwork(undefined, place, 0, { kind: "broken" })),
          );
        });
      case "checkpoints": {
        await this.#oneByOne(fault, "checkpoints", undefined, () => this.#spoil(fault.how));
        const place = this.#placeOf("leader");
        return await this.#oneByOne(undefined, `process ${place}`, place, async () => {
          await fleet.kill(place);
          await this.#pause(fault.milliseconds);
          await fleet.start(place, false);
        });
      }
      case "lease":
        return await this.#oneByOne(fault, "lease", undefined, () => writer.delete(LEASES, this.#signal));
      default:
        return fault satisfies never;
    }
  }

  #placeOf(target: Target): number {
    return target === "leader" ? this.#parts.fleet.leader ?? 0 : target;
  }

  /** Does it when what was done to this thing before is mended. */
  #oneByOne(
    fault: Fault | undefined,
    thing: string,
    place: number | undefined,
    act: () => Promise<void>,
  ): Promise<void> {
    const next = (this.#last.get(thing) ?? Promise.resolve()).then(async () => {
      this.#signal.throwIfAborted();
      const whom = place === undefined ? "" : ` (place ${place}${this.#leads(place)})`;
      if (fault !== undefined) this.#parts.onFault(fault.kind, `${describe(fault)}${whom}`);
      await act();
    });
    this.#last.set(thing, next.catch(() => {}));
    return next;
  }

  #leads(place: number): string {
    return this.#parts.fleet.leader === place ? ", leads" : "";
  }

  #onNetwork(
    fault: Fault | undefined,
    target: Target,
    milliseconds: number,
    network: Network,
  ): Promise<void> {
    const place = this.#placeOf(target);
    const way = this.#parts.ground.ways[place]?.network;
    return this.#oneByOne(fault, `network ${place}`, place, async () => {
      way?.become(network);
      await this.#pause(milliseconds).finally(() => way?.become({ kind: "whole" }));
    });
  }

  async #answerBadly({ share, answers, milliseconds }: Extract<Fault, { kind: "errors" }>): Promise<void> {
    const { ground: { ways }, random } = this.#parts;
    for (const { server } of ways) {
      server.judgeBy(() => random.isIn(share) ? random.oneOf(answers) : undefined);
    }
    await this.#pause(milliseconds).finally(() => {
      for (const { server } of ways) server.judgeBy(undefined);
    });
  }

  /** A cluster in which nobody has saved any yet has none to spoil. */
  async #spoil(how: "deleted" | "corrupted"): Promise<void> {
    const { writer } = this.#parts.ground;
    if (how === "deleted") return await writer.delete(CHECKPOINTS, this.#signal);
    const { status, json } = await writer.send("GET", CHECKPOINTS, undefined, this.#signal)
      .catch(() => ({ status: 0, json: {} as Record<string, never> }));
    const { data } = json;
    if (status !== 200 || !isJsonObject(data)) return;
    const spoiled = Object.fromEntries(
      Object.keys(data).map((key) => [key, '{"resourceVersion": "nonsense']),
    );
    await writer.patch(CHECKPOINTS, { data: spoiled }, this.#signal);
  }

  #pause(milliseconds: number): Promise<void> {
    return systemClock.sleep(milliseconds, this.#signal);
  }
}
