import { systemClock } from "../../src/run/clock.ts";
import type { ApiWriter } from "./api_writer.ts";
import type { Ledger } from "./ledger.ts";
import type { Random } from "./random.ts";
import type { FedSignal } from "./signals.ts";
import type { WebhookSender } from "./webhook_sender.ts";

/** What a feeder works with. */
export interface FeederParts {
  readonly writer: ApiWriter;
  readonly sender: Pick<WebhookSender, "send">;
  readonly ledger: Ledger;
}

type ObjectSignal = Extract<FedSignal, { kind: "object" }>;

const CHANGE_AFTER_MILLISECONDS = 1500;

/**
 * Feeds signals at an even pace, each for as long as it takes, and writes down what was taken.
 *
 * @param end aborts when no further signal is to begin; what has begun goes on
 * @param signal aborts when what has begun is to end too
 */
export async function feed(
  signals: Iterator<FedSignal>,
  rate: number,
  random: Random,
  parts: FeederParts,
  end: AbortSignal,
  signal: AbortSignal,
): Promise<void> {
  const running: Promise<void>[] = [];
  const start = systemClock.monotonic();
  for (let index = 0; !end.aborted; index++) {
    const due = start + index * 1000 / rate;
    await systemClock.sleep(Math.max(0, due - systemClock.monotonic()), end).catch(() => {});
    if (end.aborted) break;
    const next = signals.next();
    if (next.done === true) break;
    running.push(feedOne(next.value, random.between(0, CHANGE_AFTER_MILLISECONDS), parts, signal));
  }
  const outcomes = await Promise.allSettled(running);
  const failed = outcomes.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}

async function feedOne(
  fed: FedSignal,
  changeAfterMilliseconds: number,
  parts: FeederParts,
  signal: AbortSignal,
): Promise<void> {
  const { source, numbers } = fed;
  parts.ledger.make(source, numbers);
  if (fed.kind === "object") return await feedObject(fed, changeAfterMilliseconds, parts, signal);
  if (await parts.sender.send(fed, signal)) parts.ledger.accept(source, numbers);
}

async function feedObject(
  { source, numbers, path, object, isFleeting, change }: ObjectSignal,
  changeAfterMilliseconds: number,
  { writer, ledger }: FeederParts,
  signal: AbortSignal,
): Promise<void> {
  await writer.create(path, object, signal);
  ledger.accept(source, numbers);
  const { name } = object["metadata"] as { readonly name: string };
  if (isFleeting) await writer.delete(`${path}/${name}`, signal);
  if (change === undefined) return;
  await systemClock.sleep(changeAfterMilliseconds, signal);
  ledger.make(source, change.numbers);
  await writer.patch(`${path}/${name}`, change.object, signal);
  ledger.accept(source, change.numbers);
}
