import type { ApiRequest } from "../../src/kube/api.ts";
import type { Observation } from "../../src/model/observation.ts";
import { TwinError } from "../../src/leadership/elector.ts";
import type { Json } from "../../src/model/json.ts";
import { seededRandom } from "../support/seeded_random.ts";
import type { Resource, StoredObject } from "./store.ts";
import { ApiServer } from "./api_server.ts";
import { conservationProblem } from "./conservation.ts";
import { type Invariant, Ledger } from "./ledger.ts";
import { LeaseJudge } from "./lease_judge.ts";
import { EPOCH } from "./machine.ts";
import { Replica } from "./replica.ts";
import type { Action, Schedule, Whom } from "./schedule.ts";
import { CheckpointJudge } from "./checkpoint_judge.ts";
import { eventOf, reportOf, type Target, targetsOf, webhookOf } from "./targets.ts";
import { Timeline, TimeStandsStillError } from "./timeline.ts";
import { calm, type Weather } from "./weather.ts";
import { keyOf } from "./paths.ts";

/** An invariant that did not hold. */
export interface Violation {
  readonly invariant: Invariant;
  readonly message: string;
  /** Virtual time, in milliseconds. */
  readonly at: number;
}

/** What one schedule came to. */
export interface Outcome {
  readonly seed: number;
  readonly violation: Violation | undefined;
  readonly signals: number;
  readonly excused: number;
  readonly restores: number;
  /** How often a replica became the leader. */
  readonly terms: number;
  readonly virtualMilliseconds: number;
  readonly trace: readonly string[];
}

/** How long after the last fault everything may take: a dead watch is found out after three and a half minutes. */
const SETTLE_MILLISECONDS = 420_000;
const LOOK_MILLISECONDS = 2000;
/** How long a container takes to be started again after it has ended by itself. */
const RESTART_MILLISECONDS = 1000;
/** How long the sender of a webhook waits for an answer, and before it tries where nobody was. */
const SENDER_MILLISECONDS = 5000;
const RESEND_MILLISECONDS = 1000;
/** How often somebody looks whether the API server is back. */
const UP_MILLISECONDS = 20;
/** What is done at the API server by others than replicas. */
const SIGNALS: ReadonlySet<Action["kind"]> = new Set(["event", "report", "delete-report"]);
const LAST_NUMBER = 1_000_000;

/** One schedule under way: replicas, a network for each, one API server, and the judges. */
export class Simulation {
  readonly #schedule: Schedule;
  readonly #timeline = new Timeline();
  readonly #random: () => number;
  readonly #targets: readonly Target[];
  readonly #ledger: Ledger;
  readonly #server: ApiServer;
  readonly #leases: LeaseJudge;
  readonly #checkpoints: CheckpointJudge;
  readonly #weathers: Weather[];
  readonly #replicas: (Replica | undefined)[];
  readonly #names: string[];
  readonly #trace: string[] = [];
  readonly #isTracing: boolean;
  #lives = 0;
  #violation: Violation | undefined;
  #isFair = false;
  #terms = 0;

  constructor(schedule: Schedule, isTracing: boolean) {
    this.#schedule = schedule;
    this.#isTracing = isTracing;
    this.#random = seededRandom(schedule.seed ^ 0x5bd1e995);
    this.#targets = targetsOf(schedule.namespaces);
    const violate = (invariant: Invariant, message: string): void => this.#violate(invariant, message);
    this.#ledger = new Ledger(this.#targets, violate);
    this.#leases = new LeaseJudge(violate);
    this.#checkpoints = new CheckpointJudge(this.#targets, violate);
    this.#server = new ApiServer(
      { mostInPage: schedule.mostInPage, random: this.#random },
      this.#timeline,
      {
        onChange: (change) => this.#ledger.onChange(change),
        onList: (...told) => this.#ledger.onList(...told),
        onPeek: (...told) => this.#ledger.onPeek(...told),
        onWatch: (...told) => this.#ledger.onWatch(...told),
        onExpired: (...told) => this.#ledger.onExpired(...told),
        onWrite: (caller, resource, before, after) => this.#onWrite(caller, resource, before, after),
      },
    );
    this.#ledger.follow(this.#server.store);
    const indexes = Array.from({ length: schedule.replicas }, (_, index) => index);
    this.#weathers = indexes.map(() => this.#usualWeather());
    this.#replicas = indexes.map(() => undefined);
    this.#names = indexes.map((index) => `replica-${index}`);
  }

  /** Runs it to its end, or to the first violation. */
  async run(): Promise<Outcome> {
    const { faultsEndAt, actions } = this.#schedule;
    for (const index of this.#replicas.keys()) {
      this.#timeline.at(this.#random() * 1000, () => this.#start(index));
    }
    for (const { at, action } of actions) {
      const act = (): void => this.#act(action);
      this.#timeline.at(at, () => SIGNALS.has(action.kind) ? this.#whenUp(act) : act());
    }
    await this.#runUntil(faultsEndAt);
    this.#clearUp();
    const settleUntil = this.#timeline.now + SETTLE_MILLISECONDS;
    await this.#runUntilTrue(() => this.#isSettled(), settleUntil);
    this.#judgeLoss();
    await this.#handOver();
    this.#judgeLoss();
    await this.#judgeConservation();
    const { signals, excused } = this.#ledger.counts;
    for (const replica of this.#replicas) replica?.kill();
    return {
      seed: this.#schedule.seed,
      violation: this.#violation,
      signals,
      excused,
      restores: this.#ledger.restores,
      terms: this.#terms,
      virtualMilliseconds: this.#timeline.now,
      trace: this.#trace,
    };
  }

  get #isOver(): boolean {
    return this.#violation !== undefined;
  }

  async #runUntil(time: number): Promise<void> {
    try {
      await this.#timeline.runUntil(time, () => this.#isOver);
    } catch (error) {
      if (!(error instanceof TimeStandsStillError)) throw error;
      this.#violate("the program goes on", error.message);
    }
  }

  async #runUntilTrue(isTrue: () => boolean, latest: number): Promise<void> {
    while (!this.#isOver && this.#timeline.now < latest && !isTrue()) {
      await this.#runUntil(this.#timeline.now + LOOK_MILLISECONDS);
    }
  }

  #start(index: number): void {
    const life = ++this.#lives;
    const identity = this.#names[index] as string;
    const caller = `${identity}/${life}`;
    this.#say(() => `${caller} starts`);
    this.#replicas[index] = new Replica({
      identity,
      caller,
      seed: Math.floor(this.#random() * 2 ** 32),
      wallOffsetMilliseconds: (this.#random() - 0.5) * 2000,
      timings: this.#schedule.timings,
      targets: this.#targets,
      weather: this.#weathers[index] as Weather,
      random: this.#random,
      timeline: this.#timeline,
      server: this.#server,
      trace: (say) => this.#say(say),
      onSend: (request) => this.#onSend(caller, request),
      onTerm: () => this.#terms++,
      onExit: (error) => this.#onExit(index, error),
    });
  }

  #onExit(index: number, error: unknown): void {
    const replica = this.#replicas[index];
    if (replica === undefined || replica.machine.state === "dead") return;
    this.#say(() => `${replica.caller} has ended${error === undefined ? "" : `: ${error}`}`);
    replica.kill();
    // Two lives of one name may meet: a write of the first comes after the second has looked.
    if (error !== undefined && !(error instanceof TwinError)) {
      const cause = error instanceof Error && error.cause !== undefined ? `, ${error.cause}` : "";
      this.#violate("the program goes on", `${replica.caller} ended with ${error}${cause}`);
    }
    if (error !== undefined) {
      this.#timeline.at(this.#timeline.now + RESTART_MILLISECONDS, () => this.#restart(index));
    }
  }

  #restart(index: number): void {
    if (this.#replicas[index]?.machine.state === "dead") this.#start(index);
  }

  #onSend(caller: string, { method, path, body }: ApiRequest): void {
    if (method === "GET" || !/\/(observations|configmaps)/.test(path)) return;
    // Webhooks are written by every replica.
    if ((body as Partial<Observation> | undefined)?.spec?.source === "falco") return;
    const replica = this.#replicas.find((one) => one?.caller === caller);
    if (replica?.isLeading === false) {
      this.#violate(
        "no write after the term",
        `${caller} sends ${method} ${path} although its term has ended`,
      );
    }
  }

  #onWrite(caller: string, resource: Resource, before: StoredObject | undefined, after: StoredObject): void {
    if (resource === "leases") this.#leases.onWrite(caller, before, after);
    if (resource === "configmaps") {
      this.#checkpoints.onWrite(caller, after, this.#server.store.revision);
      this.#ledger.judgeCheckpoints(caller, after);
    }
    const leaders = this.#replicas.filter((replica) => replica?.isLeading).map((replica) => replica?.caller);
    this.#leases.onLeaders(leaders, this.#timeline.now);
  }

  /** What others do at the API server waits until it is there. */
  #whenUp(act: () => void): void {
    if (this.#server.isUp) act();
    else this.#timeline.at(this.#timeline.now + UP_MILLISECONDS, () => this.#whenUp(act));
  }

  #act(action: Action): void {
    this.#say(() => JSON.stringify(action));
    switch (action.kind) {
      case "event":
        return this.#makeEvent(action);
      case "report":
        this.#server.put("policyreports", action.namespace, action.name, reportOf(action.numbers));
        return;
      case "webhook": {
        const payload = webhookOf(action.number, new Date(EPOCH + this.#timeline.now).toISOString());
        this.#ledger.expectWebhook(action.number);
        return this.#sendWebhook(action.number, payload);
      }
      case "delete-report":
        this.#server.remove("policyreports", action.namespace, action.name);
        return;
      case "kill":
        return this.#down(
          action.whom,
          action.downMilliseconds,
          action.keepsName,
          (replica) => replica.kill(),
        );
      case "terminate":
        return this.#down(
          action.whom,
          action.downMilliseconds,
          action.keepsName,
          (replica) => replica.terminate(),
        );
      case "pause":
        return this.#forOne(action.whom, (replica) => {
          replica.machine.stop();
          this.#timeline.at(this.#timeline.now + action.milliseconds, () => {
            this.#say(() => `${replica.caller} goes on`);
            replica.machine.resume();
          });
        });
      case "cut":
        return this.#forOne(action.whom, (replica, weather) => {
          weather.cutUntil = this.#timeline.now + action.milliseconds;
          weather.cutKind = action.cutKind;
          replica.link.cut();
        });
      case "break-streams":
        return this.#forOne(action.whom, (replica) => this.#server.watches.breakAll(replica.caller));
      case "step-wall":
        return this.#forOne(action.whom, (replica) => replica.machine.stepWall(action.milliseconds));
      case "storm":
        return this.#storm(action);
      case "restart-api":
        return this.#restartServer(action.downMilliseconds, () => {});
      case "restore-etcd":
        return this.#restartServer(action.downMilliseconds, () => this.#restore(action.ageMilliseconds));
      case "compact":
        this.#server.store.compact(this.#server.revisionAt(this.#timeline.now - action.ageMilliseconds));
        return;
      case "trim-cache":
        return this.#server.trimCache();
      case "spoil-checkpoints":
        return this.#checkpoints.spoil(this.#server, action.how);
      default:
        action satisfies never;
    }
  }

  #makeEvent(action: Extract<Action, { readonly kind: "event" }>): void {
    const { number, namespace } = action;
    const name = `event-${number}`;
    const put = (count: number): void => {
      const time = new Date(EPOCH + this.#timeline.now).toISOString();
      this.#server.put("events", namespace, name, eventOf(number, count, namespace, time));
    };
    put(1);
    for (const repeat of action.repeats) {
      this.#timeline.at(this.#timeline.now + repeat, () =>
        this.#whenUp(() => {
          // A restore may have taken it away.
          if (this.#server.store.get("events", keyOf(namespace, name)) !== undefined) put(2);
        }));
    }
    if (action.lifetimeMilliseconds !== undefined) {
      this.#timeline.at(this.#timeline.now + action.lifetimeMilliseconds, () => {
        this.#whenUp(() => this.#server.remove("events", namespace, name));
      });
    }
  }

  /** Sends a webhook to some replica, and again to another one until it was answered 2xx. */
  #sendWebhook(number: number, payload: Json): void {
    const { now } = this.#timeline;
    const replica = this.#replicas[Math.floor(this.#random() * this.#replicas.length)];
    let isAnswered = false;
    const again = (milliseconds: number): void => {
      this.#timeline.at(now + milliseconds, () => {
        if (!isAnswered) this.#sendWebhook(number, payload);
        isAnswered = true;
      });
    };
    again(
      replica === undefined || replica.machine.state === "dead" ? RESEND_MILLISECONDS : SENDER_MILLISECONDS,
    );
    replica?.receive(payload, (isTaken) => {
      this.#say(() => `${replica.caller} answers webhook ${number}${isTaken ? " 2xx" : " 503"}`);
      if (!isTaken || isAnswered) return;
      isAnswered = true;
      this.#ledger.acknowledged(number, replica.caller, this.#timeline.now);
    });
  }

  #down(whom: Whom, milliseconds: number, keepsName: boolean, end: (replica: Replica) => void): void {
    this.#forOne(whom, (replica, _, index) => {
      this.#say(() => `${replica.caller} is to end`);
      end(replica);
      this.#timeline.at(this.#timeline.now + milliseconds, () => {
        if (this.#replicas[index] !== replica) return;
        // One that does not end in time is killed, as the kubelet does.
        replica.kill();
        if (!keepsName) this.#names[index] = `replica-${index}-${this.#lives}`;
        this.#start(index);
      });
    });
  }

  #storm(action: Extract<Action, { readonly kind: "storm" }>): void {
    const { whom, milliseconds, trouble, slowMilliseconds, throttled } = action;
    const within = (weather: Weather): void => {
      Object.assign(weather, { trouble, slowMilliseconds, throttled });
      this.#timeline.at(this.#timeline.now + milliseconds, () => {
        const { trouble, slowMilliseconds, throttled } = this.#usualWeather();
        Object.assign(weather, { trouble, slowMilliseconds, throttled });
      });
    };
    if (whom === "all") { for (const weather of this.#weathers) within(weather); }
    else this.#forOne(whom, (_, weather) => within(weather));
  }

  #restartServer(downMilliseconds: number, meanwhile: () => void): void {
    if (!this.#server.isUp) return;
    this.#server.goDown();
    meanwhile();
    this.#timeline.at(this.#timeline.now + downMilliseconds, () => {
      this.#say(() => "the API server is back");
      this.#server.comeUp();
    });
  }

  #restore(ageMilliseconds: number): void {
    const { store } = this.#server;
    const highest = store.revision;
    this.#server.restore(
      Math.max(store.compacted, this.#server.revisionAt(this.#timeline.now - ageMilliseconds), 1000),
    );
    this.#say(() => `etcd went back from ${highest} to ${store.revision}`);
    const callers = this.#replicas.flatMap((replica) => replica === undefined ? [] : [replica.caller]);
    this.#ledger.restored(store.log, highest, callers, this.#timeline.now);
    this.#checkpoints.restored();
    const { leaseDurationMilliseconds } = this.#schedule.timings;
    this.#leases.excuseUntil(this.#timeline.now + 2 * leaseDurationMilliseconds);
  }

  #forOne(whom: Whom, act: (replica: Replica, weather: Weather, index: number) => void): void {
    const leader = this.#replicas.findIndex((replica) => replica?.isLeading);
    const index = whom === "leader" ? leader : whom;
    const replica = this.#replicas[index];
    const weather = this.#weathers[index];
    if (replica === undefined || weather === undefined || replica.machine.state === "dead") return;
    this.#say(() => `it is ${replica.caller}`);
    act(replica, weather, index);
  }

  /** The faults have ended. */
  #clearUp(): void {
    if (this.#isOver) return;
    this.#say(() => "the faults end");
    this.#isFair = true;
    for (const weather of this.#weathers) Object.assign(weather, calm());
    if (!this.#server.isUp) this.#server.comeUp();
    for (const [index, replica] of this.#replicas.entries()) {
      replica?.machine.resume();
      if (replica === undefined || replica.machine.state === "dead") this.#start(index);
    }
  }

  #usualWeather(): Weather {
    const { trouble, slowMilliseconds } = this.#schedule;
    return this.#isFair ? calm() : { ...calm(), trouble, slowMilliseconds };
  }

  #isSettled(): boolean {
    return this.#server.isUp && this.#ledger.missing.length === 0 && this.#leader !== undefined &&
      this.#replicas.every((replica) => replica?.machine.state === "running" && !replica.isStopping) &&
      this.#timeline.now > this.#schedule.faultsEndAt + 2 * this.#schedule.timings.leaseDurationMilliseconds;
  }

  get #leader(): Replica | undefined {
    return this.#replicas.find((replica) => replica?.isLeading);
  }

  #judgeLoss(): void {
    const { missing } = this.#ledger;
    if (missing.length > 0) {
      this.#violate("P1 no loss", `No Observation of signals ${missing.join(", ")}, which nothing excuses`);
    } else if (this.#leader === undefined) this.#violate("P6 hand-over", "Nobody leads although all is well");
  }

  /** In good weather: a stop releases the Lease, and the next leads at once and goes on where the one before was. */
  async #handOver(): Promise<void> {
    if (this.#isOver) return;
    const leader = this.#leader;
    if (leader === undefined) return;
    const { retryPeriodMilliseconds } = this.#schedule.timings;
    this.#say(() => `the leader ${leader.caller} is stopped at the end`);
    leader.terminate();
    const isGone = (): boolean => leader.machine.state === "dead";
    const startedAt = this.#timeline.now;
    const action = { kind: "event", namespace: "blue", repeats: [] } as const;
    this.#timeline.at(startedAt + 1, () => {
      this.#makeEvent({ ...action, number: LAST_NUMBER, lifetimeMilliseconds: 20 });
    });
    while (!this.#isOver && !isGone() && this.#timeline.now < startedAt + 5000) {
      await this.#runUntil(this.#timeline.now + 20);
    }
    if (this.#isOver) return;
    if (!isGone()) {
      return this.#violate("P6 hand-over", `${leader.caller} did not end within 5 s in good weather`);
    }
    const released = this.#leases.releasedBy(leader.caller);
    if (!released) {
      return this.#violate("P6 hand-over", `${leader.caller} did not release the Lease when it was stopped`);
    }
    await this.#runUntil(this.#timeline.now + retryPeriodMilliseconds);
    if (!this.#isOver && this.#leader === undefined) {
      this.#violate(
        "P6 hand-over",
        `Nobody leads a retry period after ${leader.caller} has released the Lease`,
      );
    }
    await this.#runUntil(this.#timeline.now + 5000);
  }

  async #judgeConservation(): Promise<void> {
    for (const replica of this.#replicas) {
      if (this.#isOver || replica === undefined || replica.machine.state !== "running") continue;
      const problem = await conservationProblem(replica.metrics);
      if (problem !== undefined) this.#violate("P5 conservation", `${replica.caller}: ${problem}`);
    }
  }

  #violate(invariant: Invariant, message: string): void {
    if (this.#violation !== undefined) return;
    this.#violation = { invariant, message, at: this.#timeline.now };
    this.#say(() => `VIOLATION of ${invariant}: ${message}`);
  }

  #say(say: () => string): void {
    if (this.#isTracing) this.#trace.push(`${this.#timeline.now.toFixed(1).padStart(10)} ${say()}`);
  }
}
