import { systemClock } from "../../src/run/clock.ts";
import { Group } from "../../src/run/group.ts";
import type { Observation } from "../../src/model/observation.ts";
import type { Oracle } from "../support/oracle.ts";
import type { Replica } from "../support/process.ts";
import { AlertDoor } from "./alert_door.ts";
import type { Ledger } from "./ledger.ts";
import { type Numbered, numberedAlerts, numberedEvents } from "./numbered.ts";
import { LEASE_SECONDS } from "./replicas.ts";
import type { Screen } from "./screen.ts";
import type { Stage } from "./stage.ts";
import { waitUntil } from "./wait.ts";

/** What the act of the crash plays with. */
export interface CrashParts {
  readonly stage: Stage;
  readonly screen: Screen;
  readonly oracle: Oracle;
  readonly ledger: Ledger;
  readonly leader: Replica;
  readonly survivor: Replica;
  /** All Observations that are there now. */
  readonly look: () => Promise<readonly Observation[]>;
  /** Called right before the kill, so that the end of the process is no surprise. */
  readonly onKill: () => void;
}

const EVENTS = 240;
const ALERTS = 120;
const SEND_MILLISECONDS = 6000;
const KILL_AFTER_MILLISECONDS = 1500;
const LOOK_MILLISECONDS = 200;
const GUARD_MILLISECONDS = 120_000;

/** Kills the leader while signals come in, says who leads then, and waits until all that was sent is there. */
export async function crash(parts: CrashParts, signal: AbortSignal): Promise<void> {
  const { stage, screen, ledger, leader, survivor } = parts;
  const events = numberedEvents(EVENTS, stage.place);
  const alerts = numberedAlerts(ALERTS);
  ledger.expect("kubernetes-events", events.map(({ entry }) => entry));
  ledger.expect("falco", alerts.map(({ entry }) => entry));
  screen.line(`${EVENTS} Events and ${ALERTS} Falco alerts, each about another pod, come in`);
  screen.line(`within ${SEND_MILLISECONDS / 1000} s; the alerts go to both replicas in turn.`);
  screen.line();
  const start = systemClock.monotonic();
  const at = (text: string): string => {
    const seconds = ((systemClock.monotonic() - start) / 1000).toFixed(1);
    return `${screen.paint("dim", `${seconds.padStart(4)} s`)}  ${text}`;
  };
  const say = (text: string): void => screen.line(at(text));
  const door = new AlertDoor(leader, survivor);
  await using tasks = new Group(signal);
  await using counting = new Group(tasks.signal);
  counting.run("count", (inner) => count(parts, at, inner));
  tasks.run("kill", (inner) => killLeader(parts, door, say, inner));
  tasks.run("send", async (inner) => {
    await Promise.all([
      steadily(events, async ({ payload }) => void await stage.objects.create(payload, inner), inner),
      steadily(alerts, ({ payload }, index) => door.send(payload, index, inner), inner),
    ]);
    say("All is sent");
    if (door.sentAgain === 0) return;
    say(`Sent again to ${survivor.name}, for want of an answer: ${door.sentAgain} of the alerts`);
  });
  await tasks.settled();
  await counting.settled();
  signal.throwIfAborted();
}

async function killLeader(
  { oracle, stage, leader, survivor, screen, onKill }: CrashParts,
  door: AlertDoor,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await systemClock.sleep(KILL_AFTER_MILLISECONDS, signal);
  onKill();
  const killedAt = systemClock.monotonic();
  leader.kill("SIGKILL");
  door.close();
  say(screen.paint("bad", `${leader.name}, the leader, is killed (SIGKILL to pid ${leader.pid})`));
  say(`${survivor.name} goes on taking webhooks; nobody reads Events`);
  await waitUntil(
    `${survivor.name} leads`,
    async () => {
      return (await oracle.lease(stage.home))?.spec?.holderIdentity === survivor.name;
    },
    GUARD_MILLISECONDS,
    signal,
  );
  const seconds = ((systemClock.monotonic() - killedAt) / 1000).toFixed(1);
  say(
    screen.paint(
      "good",
      `${survivor.name} leads, ${seconds} s after the kill (the Lease lasts ${LEASE_SECONDS} s)`,
    ),
  );
}

/** Counts what is there until it is all; what never comes is for the books to say. */
async function count(
  { ledger, look, screen }: CrashParts,
  at: (text: string) => string,
  signal: AbortSignal,
): Promise<void> {
  const start = systemClock.monotonic();
  while (true) {
    const balances = ledger.compare(await look());
    signal.throwIfAborted();
    const isAll = balances.every(({ there, expected }) => there === expected);
    const isLast = isAll || systemClock.monotonic() - start > GUARD_MILLISECONDS;
    const counts = balances.filter(({ source }) => source === "kubernetes-events" || source === "falco")
      .map(({ source, there, expected }) => `${source} ${String(there).padStart(3)} of ${expected}`);
    screen.live(at(`Observations: ${counts.join(", ")}`), isLast);
    if (isLast) return;
    await systemClock.sleep(LOOK_MILLISECONDS, signal);
  }
}

/** Sends all at an even pace, however long each takes; resolves when each has its answer. */
async function steadily(
  all: readonly Numbered[],
  send: (one: Numbered, index: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const start = systemClock.monotonic();
  await Promise.all(all.map(async (one, index) => {
    const due = start + index * SEND_MILLISECONDS / all.length;
    await systemClock.sleep(due - systemClock.monotonic(), signal);
    await send(one, index);
  }));
}
