import { systemClock } from "../../../src/run/clock.ts";
import type { Fleet } from "../fleet.ts";
import { feed, type FeederParts } from "../feeder.ts";
import type { Ground } from "../ground.ts";
import { type Balance, isEven, type Ledger } from "../ledger.ts";
import { randomOf } from "../random.ts";
import { balance, faultsOf } from "../settle.ts";
import type { FedSignal } from "../signals.ts";
import { WebhookSender } from "../webhook_sender.ts";

/** What one proof found. */
export interface Finding {
  readonly isGood: boolean;
  /** To be shown, one after the other. */
  readonly lines: readonly string[];
}

/** How a scenario is played. */
export interface ScenarioOptions {
  readonly seed: number;
  readonly rounds: number | undefined;
  /** Where kubeconfigs, spools and logs go. */
  readonly folder: string;
  /** True: what was logged is written into the folder. */
  readonly keep: boolean;
  readonly silenceSeconds: number;
  readonly preStopSeconds: number | undefined;
  readonly say: (line: string) => void;
}

/** Feeds signals until there are no more, or until it is told to end; resolves when all has been fed. */
export interface Feeding<Sender> {
  readonly sender: Sender;
  /** Lets nothing further begin, and waits until what has begun is over. */
  end(): Promise<void>;
  /** Resolves when all is fed. */
  readonly fed: Promise<void>;
}

/** Starts to feed signals at an even pace; webhooks are sent to one replica after the other. */
export function startFeeding(
  { writer }: Ground,
  fleet: Fleet,
  ledger: Ledger,
  signals: Iterator<FedSignal>,
  rate: number,
  signal: AbortSignal,
): Feeding<WebhookSender> {
  const sender = new WebhookSender(fleet.size, (place) => fleet.at(place)?.webhookPort);
  return feedThrough({ writer, sender, ledger }, signals, rate, signal);
}

/** The same, by senders of one's own, which end with it. */
export function feedThrough<Sender extends FeederParts["sender"] & Disposable>(
  parts: FeederParts & { readonly sender: Sender },
  signals: Iterator<FedSignal>,
  rate: number,
  signal: AbortSignal,
): Feeding<Sender> {
  const { sender } = parts;
  const stop = new AbortController();
  const fed = feed(signals, rate, randomOf(0), parts, stop.signal, signal)
    .finally(() => sender[Symbol.dispose]());
  return {
    sender,
    fed,
    async end() {
      stop.abort();
      await fed;
    },
  };
}

/** Compares the books when all is quiet, and looks at the processes. */
export async function audit(ground: Ground, fleet: Fleet, ledgers: readonly Ledger[]): Promise<Finding> {
  const balances: Balance[] = [];
  for (const ledger of ledgers) balances.push(...await balance(ground, fleet, ledger));
  const problems = await faultsOf(fleet);
  const sum = (count: (balance: Balance) => number): number =>
    balances.reduce((total, one) => total + count(one), 0);
  return {
    isGood: isEven(balances) && problems.length === 0,
    lines: [
      `${sum(({ due }) => due)} due, ${sum(({ missing }) => missing.length)} missing, ${
        sum(({ doubled, unexpected }) => doubled.length + unexpected.length)
      } doubled or unexpected`,
      ...balances.filter((one) => !isEven([one])).map((one) =>
        `${one.source}: missing ${one.missing.slice(0, 5)}, doubled ${one.doubled.slice(0, 5)}, ` +
        `unexpected ${one.unexpected.slice(0, 5)}`
      ),
      ...problems,
    ],
  };
}

/** Waits. */
export function pause(milliseconds: number): Promise<void> {
  return systemClock.sleep(milliseconds, new AbortController().signal);
}
