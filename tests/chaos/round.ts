import { systemClock } from "../../src/run/clock.ts";
import { playFaults } from "./faults.ts";
import { feed } from "./feeder.ts";
import type { Fleet } from "./fleet.ts";
import type { Ground } from "./ground.ts";
import { type Balance, isEven, Ledger, roundPrefix } from "./ledger.ts";
import { randomOf } from "./random.ts";
import { type FaultKind, scheduleOf } from "./schedule.ts";
import { balance, faultsOf, untilHealthy } from "./settle.ts";
import { signalsOf } from "./signals.ts";
import { takeoversOf } from "./takeovers.ts";
import { WebhookSender } from "./webhook_sender.ts";

/** How a round is played. */
export interface RoundOptions {
  readonly seed: number;
  /** For how long signals come in and faults begin. */
  readonly seconds: number;
  /** Signals per second. */
  readonly rate: number;
  /** Share of Events that are deleted right after they were created, in rounds that keep the history. */
  readonly fleetingShare: number;
}

/** What came of a round. */
export interface RoundResult {
  readonly seed: number;
  readonly balances: readonly Balance[];
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** Everything else that should not have happened. */
  readonly problems: readonly string[];
  /** How many answers webhooks got, by status; 0 stands for none. */
  readonly answers: ReadonlyMap<number, number>;
  /** How often somebody became the leader. */
  readonly takeovers: number;
  /** From the last sign of a leader to the first source that the next one resumed, at most, in milliseconds. */
  readonly longestGap: number;
  /** From the end of the faults to everything being there, in milliseconds. */
  readonly settledAfter: number;
  /** What happened when, for whoever looks into it. */
  readonly diary: readonly string[];
  readonly isGood: boolean;
}

/** For so long what was begun may take after the last fault was mended. */
const FEED_GUARD_MILLISECONDS = 90_000;

/** Plays one round: signals come in while things go wrong; then all is mended, and the books are compared. */
export async function playRound(ground: Ground, fleet: Fleet, options: RoundOptions): Promise<RoundResult> {
  const { seed, seconds, rate } = options;
  const random = randomOf(seed);
  const schedule = scheduleOf(random.fork("faults"), seconds, fleet.size);
  const fleetingShare = schedule.keepsHistory ? options.fleetingShare : 0;
  const ledger = new Ledger(roundPrefix(seed));
  using sender = new WebhookSender(fleet.size, (place) => fleet.at(place)?.webhookPort);
  const faults = new Map<FaultKind, number>();
  const diary: string[] = [];
  const problems: string[] = [];
  const start = systemClock.monotonic();
  const startedAt = new Date(systemClock.now()).toISOString();
  const note = (line: string): void =>
    void diary.push(`${((systemClock.monotonic() - start) / 1000).toFixed(1).padStart(5)} s  ${line}`);

  const feedEnd = new AbortController();
  const end = new AbortController();
  const signals = signalsOf(seed, random.fork("signals"), { fleetingShare });
  const feeding = feed(
    signals,
    rate,
    random.fork("pace"),
    { writer: ground.writer, sender, ledger },
    feedEnd.signal,
    end.signal,
  ).catch((error) => void problems.push(`What was fed was not taken in the end: ${error}`));
  const playing = playFaults(schedule, {
    ground,
    fleet,
    random: random.fork("answers"),
    onFault(kind, line) {
      faults.set(kind, (faults.get(kind) ?? 0) + 1);
      note(line);
    },
  }, end.signal).catch((error) => void problems.push(`A fault could not be played: ${error}`));
  await systemClock.sleep(1000 * seconds, end.signal);
  await playing;
  feedEnd.abort();
  note("all is mended");
  const mendedAt = systemClock.monotonic();
  const guard = systemClock.sleep(FEED_GUARD_MILLISECONDS, end.signal).then(() => end.abort(), () => {});
  problems.push(...await untilHealthy(ground, fleet));
  await feeding;
  end.abort();
  await guard;
  note("all is fed");
  const balances = await balance(ground, fleet, ledger);
  note("compared");
  problems.push(...sender.problems, ...await faultsOf(fleet));
  const { takeovers, longestGap } = takeoversOf(fleet.lives.map(({ replica }) => replica.lines), startedAt);
  return {
    seed,
    balances,
    faults,
    problems,
    answers: sender.answers,
    takeovers,
    longestGap,
    settledAfter: systemClock.monotonic() - mendedAt,
    diary,
    isGood: isEven(balances) && problems.length === 0,
  };
}
