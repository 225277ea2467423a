import { systemClock } from "../../src/run/clock.ts";
import type { Random } from "../chaos/random.ts";
import { type AdminClient, EVENTS, podEvent } from "../integration/admin_client.ts";
import type { Replica } from "../support/process.ts";
import { ANCHOR, isWebhook, NAMESPACES, podOf, sourceOf } from "./specs.ts";

/** What was sent, and what must be there because of it. */
export interface Sent {
  /** Numbers that the anchor took. */
  readonly anchored: Set<string>;
  /** `namespace/name` of Events that the API server took. */
  readonly events: Set<string>;
  /** `namespace/name` of Observations of which an answer said that they are there. */
  readonly told: Set<string>;
  /** How many answers the webhooks of the churn gave, by status. */
  readonly answers: Map<number, number>;
  /** Answers that may not be. */
  readonly problems: string[];
}

/** What a webhook of the churn may be told: there is none now, or it stands still. */
const ALLOWED: ReadonlySet<number> = new Set([200, 201, 202, 404, 503]);
const PARALLEL = 4;

/** Nothing was sent yet. */
export function nothingSent(): Sent {
  return { anchored: new Set(), events: new Set(), told: new Set(), answers: new Map(), problems: [] };
}

/** Sends webhooks and creates Events, `rate` of each kind a second, until the signal aborts; then what was begun is ended. */
export async function load(
  { replica, admin, places, rate, random, sent, prefix }: {
    readonly replica: Replica;
    readonly admin: AdminClient;
    readonly places: number;
    readonly rate: number;
    readonly random: Random;
    readonly sent: Sent;
    /** What every number begins with; one load's numbers are no other's. */
    readonly prefix: string;
  },
  signal: AbortSignal,
): Promise<void> {
  let number = 0;
  const senders = [
    () => toAnchor(replica, `${prefix}-${number++}`, sent),
    () => toChurned(replica, random.between(0, places - 1), `${prefix}-${number++}`, sent),
    () => event(admin, random.between(0, places - 1), number++, prefix, sent),
  ];
  const turns = senders.flatMap((send) => Array.from({ length: PARALLEL }, () => send));
  await Promise.all(turns.map(async (send) => {
    while (!signal.aborted) {
      await send();
      await systemClock.sleep(1000 * PARALLEL / rate, signal).catch(() => {});
    }
  }));
}

async function toAnchor(replica: Replica, number: string, sent: Sent): Promise<void> {
  const { status, text } = await replica.webhook(ANCHOR.path, { number });
  if (status === 201 || status === 202) sent.anchored.add(number);
  else sent.problems.push(`The anchor answered ${status}: ${text.slice(0, 200)}`);
}

async function toChurned(replica: Replica, any: number, number: string, sent: Sent): Promise<void> {
  const place = isWebhook(any) ? any : any - 1;
  const payload = { number, severity: "high" };
  const { status, text, json } = await replica.webhook(`/ingest/${sourceOf(place)}`, payload);
  sent.answers.set(status, (sent.answers.get(status) ?? 0) + 1);
  if (!ALLOWED.has(status)) {
    sent.problems.push(`${sourceOf(place)} answered ${status}: ${text.slice(0, 200)}`);
  }
  const { observations = [] } = json as { readonly observations?: readonly Record<string, string>[] };
  for (const { namespace, name } of observations) sent.told.add(`${namespace}/${name}`);
}

async function event(
  admin: AdminClient,
  place: number,
  number: number,
  prefix: string,
  sent: Sent,
): Promise<void> {
  const namespace = NAMESPACES[number % NAMESPACES.length] ?? NAMESPACES[0];
  const name = `${podOf(place)}.${prefix}-${number}`;
  const involvedObject = { apiVersion: "v1", kind: "Pod", namespace, name: podOf(place) };
  await admin.create(EVENTS, namespace, { ...podEvent(namespace, name) as object, involvedObject });
  sent.events.add(`${namespace}/${name}`);
}
