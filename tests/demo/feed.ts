import { systemClock } from "../../src/run/clock.ts";
import { at, type Json } from "../../src/model/json.ts";
import type { Observation } from "../../src/model/observation.ts";
import { Group } from "../../src/run/group.ts";
import type { Replica } from "../support/process.ts";
import type { Ledger } from "./ledger.ts";
import {
  auditEvents,
  clusterEvents,
  falcoAlerts,
  type Payloads,
  policyReports,
  trivyReports,
  type WebhookPayloads,
} from "./payloads.ts";
import type { Replicas } from "./replicas.ts";
import type { Screen } from "./screen.ts";
import type { Stage } from "./stage.ts";

/** What the real payloads are sent with. */
export interface FeedParts {
  readonly stage: Stage;
  readonly replicas: Replicas;
  readonly ledger: Ledger;
  readonly screen: Screen;
  /** All Observations that are there now. */
  readonly look: () => Promise<readonly Observation[]>;
}

const WIDTHS = [17, 16, 5, 4, 5, 6] as const;
const GUARD_MILLISECONDS = 60_000;
const LOOK_MILLISECONDS = 100;

/** Sends real payloads source by source, and counts their Observations as they come. */
export async function feed(parts: FeedParts, signal: AbortSignal): Promise<void> {
  const { stage, replicas, screen } = parts;
  const titles = lineOf(["SOURCE", "SENT", "FOUND", "KEPT", "THERE", "AFTER"], "KEPT ARE");
  screen.line(screen.paint("bold", titles));
  for (
    const payloads of [trivyReports(stage.place), policyReports(stage.place), clusterEvents(stage.place)]
  ) {
    await follow(
      payloads,
      async () => {
        for (const object of payloads.objects) await stage.objects.create(object, signal);
      },
      parts,
      signal,
    );
  }
  for (const payloads of [falcoAlerts(), auditEvents()]) {
    await follow(payloads, async () => void await sendInTurn(payloads, replicas), parts, signal);
  }
}

/** Sends the webhooks once more, each to the replica that has not seen it. */
export async function feedAgain(replicas: Replicas, screen: Screen): Promise<void> {
  const tally = { created: 0, deduplicated: 0 };
  for (const payloads of [falcoAlerts(), auditEvents()]) {
    for (const answer of await sendInTurn(payloads, [replicas[1], replicas[0]])) {
      tally.created += countIn(answer, "created");
      tally.deduplicated += countIn(answer, "deduplicated");
    }
  }
  const { created, deduplicated } = tally;
  screen.line();
  screen.line("The same webhooks again, each to the replica that has not seen it:");
  screen.line(`${created} created, ${deduplicated} deduplicated`);
}

/** One line of the table, of which the count changes until all are there; what never comes is for the books to say. */
async function follow(
  { source, what, findings, kept, rule }: Payloads,
  send: () => Promise<void>,
  { ledger, screen, look }: FeedParts,
  signal: AbortSignal,
): Promise<void> {
  ledger.expect(source, kept);
  const start = systemClock.monotonic();
  const show = (there: number, isLast: boolean): void => {
    const after = isLast ? `${((systemClock.monotonic() - start) / 1000).toFixed(1)} s` : "";
    const cells = [source, what, String(findings), String(kept.length), String(there), after];
    screen.live(lineOf(cells, rule), isLast);
  };
  await using tasks = new Group(signal);
  tasks.run("send", send);
  tasks.run("count", async (inner) => {
    while (true) {
      const balance = ledger.compare(await look()).find((one) => one.source === source);
      inner.throwIfAborted();
      const there = balance?.there ?? 0;
      const isLast = there === kept.length || systemClock.monotonic() - start > GUARD_MILLISECONDS;
      show(there, isLast);
      if (isLast) return;
      await systemClock.sleep(LOOK_MILLISECONDS, inner);
    }
  });
  await tasks.settled();
  signal.throwIfAborted();
}

function lineOf(cells: readonly string[], rule: string): string {
  const padded = cells.map((cell, index) => {
    const width = WIDTHS[index] ?? 0;
    return index < 2 ? cell.padEnd(width) : cell.padStart(width);
  });
  return [...padded, rule].join("  ");
}

async function sendInTurn(
  { path, bodies }: WebhookPayloads,
  replicas: Replicas,
): Promise<readonly unknown[]> {
  const answers: unknown[] = [];
  for (const [index, body] of bodies.entries()) {
    answers.push(await send(replicas[index % 2 === 0 ? 0 : 1], path, body));
  }
  return answers;
}

async function send(replica: Replica, path: string, body: Json): Promise<unknown> {
  const { status, text, json } = await replica.webhook(path, body);
  if (status >= 300) throw new Error(`${replica.name} refused a webhook: status ${status}\n${text}`);
  return json;
}

function countIn(answer: unknown, field: string): number {
  const value = at(answer, field);
  return typeof value === "number" ? value : 0;
}
