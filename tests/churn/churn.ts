import { systemClock } from "../../src/run/clock.ts";
import { type Random, randomOf } from "../chaos/random.ts";
import { type AdminClient, adminClient, ingesterObject, INGESTERS } from "../integration/admin_client.ts";
import { assertConservation } from "../integration/conservation.ts";
import {
  GUARD_MILLISECONDS,
  HOME,
  install,
  type Installation,
  untilLeading,
} from "../integration/installation.ts";
import type { Replica } from "../support/process.ts";
import { until } from "../support/until.ts";
import { load, nothingSent, type Sent } from "./load.ts";
import { type Books, compare } from "./books.ts";
import { withNulls } from "./merge.ts";
import { type ChurnedSpec, NAMESPACES, specOf, STANDING } from "./specs.ts";
import { leftGauges, type Usage, usageOf } from "./usage.ts";

/** How long, how many, and which. */
export interface ChurnOptions {
  readonly seconds: number;
  readonly ingesters: number;
  /** A whole number of 32 bits. */
  readonly seed: number;
  /** Creations, edits and deletions a second. */
  readonly editsPerSecond: number;
  /** Webhooks to what stands, to what changes, and Events, each a second. */
  readonly rate: number;
  /** Seconds of quiet before memory is measured, before and after. */
  readonly quietSeconds: number;
}

/** What came of it. */
export interface ChurnResult {
  readonly created: number;
  readonly edited: number;
  readonly deleted: number;
  readonly sent: Sent;
  readonly books: Books;
  /** How often one scrape was even, while everything changed. */
  readonly evenScrapes: number;
  readonly before: Usage;
  readonly after: Usage;
  /** Gauges of Ingesters that had been deleted. */
  readonly left: readonly string[];
  /** From the last edit to everything being there, in milliseconds. */
  readonly settledAfter: number;
}

const SCRAPE_MILLISECONDS = 1000;

/** Creates, edits and deletes Ingesters at random under load, and compares what is there with what must be. */
export async function churn(options: ChurnOptions): Promise<ChurnResult> {
  await using installed = await install();
  using admin = adminClient(installed.plane.kubeconfig);
  await installed.createNamespaces(...NAMESPACES);
  for (const [name, spec] of Object.entries(STANDING)) {
    await admin.create(INGESTERS, HOME, ingesterObject(name, spec));
  }
  await using replica = await installed.start(0, { DENO_V8_FLAGS: "--memory-saver-mode" });
  await untilLeading(replica);
  const random = randomOf(options.seed);
  const sent = nothingSent();
  // The same load before it is measured: what only the first signals need is no leak.
  await underLoad({
    replica,
    admin,
    options,
    random: random.fork("warm"),
    sent: nothingSent(),
    prefix: "warm",
  }, async () => {
    await pause(Math.min(10, options.seconds));
  });
  await pause(options.quietSeconds);
  const before = await usageOf(replica);

  const scene = { replica, admin, options, random: random.fork("load"), sent, prefix: "load" };
  const turns = new Turns(admin, options.ingesters, random.fork("turns"));
  const evenScrapes = await underLoad(scene, () => turns.play(options));
  const start = systemClock.monotonic();
  const books = await untilEven(installed, sent, turns.standing);
  const settledAfter = systemClock.monotonic() - start;
  await turns.deleteAll();
  await pause(options.quietSeconds);
  const after = await usageOf(replica);
  const there = Object.entries(STANDING).flatMap(([name, { source }]) => [name, source]);
  const left = await leftGauges(replica, (name) => there.includes(name));
  await assertConservation(replica);
  const { created, edited, deleted } = turns;
  await replica.stop();
  return { created, edited, deleted, sent, books, evenScrapes, before, after, left, settledAfter };
}

interface Scene {
  readonly replica: Replica;
  readonly admin: AdminClient;
  readonly options: ChurnOptions;
  readonly random: Random;
  readonly sent: Sent;
  readonly prefix: string;
}

/** Plays while signals come in, and looks every second whether the counts of one scrape are even; says how often. */
async function underLoad(scene: Scene, play: () => Promise<void>): Promise<number> {
  const end = new AbortController();
  const { ingesters: places, rate } = scene.options;
  const loading = load({ ...scene, places, rate }, end.signal);
  const watching = (async () => {
    let scrapes = 0;
    while (!end.signal.aborted) {
      await assertConservation(scene.replica);
      scrapes++;
      await systemClock.sleep(SCRAPE_MILLISECONDS, end.signal).catch(() => {});
    }
    return scrapes;
  })();
  try {
    await Promise.race([play(), loading, watching]);
  } finally {
    end.abort();
    await loading;
  }
  return await watching;
}

async function pause(seconds: number): Promise<void> {
  await systemClock.sleep(seconds * 1000, new AbortController().signal);
}

async function untilEven(
  { oracle }: Installation,
  sent: Sent,
  standing: ReadonlyMap<number, ChurnedSpec>,
): Promise<Books> {
  let books: Books | undefined;
  await until("all that must be there is there", async () => {
    books = compare(await oracle.observations(), sent, standing);
    return books.missing.length === 0;
  }, GUARD_MILLISECONDS).catch(() => {});
  if (books === undefined) throw new Error("The books were not compared");
  return books;
}

/** Creates, edits and deletes, one after the other. */
class Turns {
  readonly standing = new Map<number, ChurnedSpec>();
  readonly #admin: AdminClient;
  readonly #places: number;
  readonly #random: Random;
  created = 0;
  edited = 0;
  deleted = 0;

  constructor(admin: AdminClient, places: number, random: Random) {
    this.#admin = admin;
    this.#places = places;
    this.#random = random;
  }

  async play({ seconds, editsPerSecond }: ChurnOptions): Promise<void> {
    // All of them first, so that as many stand as were asked for; then one after the other is changed.
    for (let place = 0; place < this.#places; place++) await this.#create(place);
    const end = systemClock.monotonic() + seconds * 1000;
    while (systemClock.monotonic() < end) {
      const began = systemClock.monotonic();
      await this.#turn(this.#random.between(0, this.#places - 1));
      const left = 1000 / editsPerSecond - (systemClock.monotonic() - began);
      if (left > 0) await systemClock.sleep(left, new AbortController().signal);
    }
  }

  async deleteAll(): Promise<void> {
    for (const place of [...this.standing.keys()]) await this.#delete(place);
  }

  async #turn(place: number): Promise<void> {
    if (!this.standing.has(place)) return await this.#create(place);
    if (this.#random.isIn(0.3)) return await this.#delete(place);
    const made = specOf(place, this.#random);
    const old = this.standing.get(place)?.spec ?? {};
    await this.#admin.patch(INGESTERS, HOME, nameOf(place), { spec: withNulls(old, made.spec) });
    this.standing.set(place, made);
    this.edited++;
  }

  async #create(place: number): Promise<void> {
    const made = specOf(place, this.#random);
    await this.#admin.create(INGESTERS, HOME, ingesterObject(nameOf(place), made.spec));
    this.standing.set(place, made);
    this.created++;
  }

  async #delete(place: number): Promise<void> {
    await this.#admin.delete(INGESTERS, HOME, nameOf(place));
    this.standing.delete(place);
    this.deleted++;
  }
}

function nameOf(place: number): string {
  return `churned-${place}`;
}
