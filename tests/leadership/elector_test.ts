import assert from "node:assert/strict";
import { ForeignReleaseError, LeadError, lossText, TermStuckError } from "../../src/leadership/elector.ts";
import type { LossReason } from "../../src/leadership/term.ts";
import { DEFAULT_TIMINGS, Election, type Participant } from "../support/election.ts";
import type { Fate, Network } from "../support/memory_lease.ts";
import { seededRandom } from "../support/seeded_random.ts";

const SEEDS = 250;
const SCHEDULE_MILLISECONDS = 90_000;
/** Longest way of a request that is given up. */
const LATEST_MILLISECONDS = 12_000;
const NAMES = ["a", "b", "c"];
const { leaseDurationMilliseconds, retryPeriodMilliseconds } = DEFAULT_TIMINGS;

/** One world with everything that can go wrong, in an order that the seed decides. */
class Schedule {
  readonly election: Election;
  readonly #random: () => number;
  readonly #alive = new Map<string, Participant>();
  readonly faults: string[] = [];
  terms = 0;

  constructor(seed: number) {
    this.election = new Election(seed);
    this.#random = seededRandom(seed);
    for (const name of NAMES) this.#join(name);
  }

  async run(): Promise<void> {
    const { clock } = this.election;
    while (clock.monotonic() < SCHEDULE_MILLISECONDS) {
      await this.election.advance(this.#upTo(4000));
      this.#checkLeaders();
      this.#disturb();
      this.#checkLeaders();
    }
  }

  /** Mends everything; then one of them leads before the Lease and a few tries have passed, and goes on. */
  async mend(): Promise<void> {
    const { election } = this;
    for (const name of NAMES) {
      if (this.#alive.get(name)?.ended !== undefined || !this.#alive.has(name)) this.#join(name);
      const participant = this.#alive.get(name);
      if (participant === undefined) continue;
      participant.network = this.#good;
      participant.process.continue();
    }
    // What is still on its way gets there.
    await election.advance(LATEST_MILLISECONDS);
    await election.advance(leaseDurationMilliseconds + 4 * retryPeriodMilliseconds);
    for (let round = 0; round < 5; round++) {
      if (election.leaders.length !== 1) this.#fault(`everything was mended and lead: ${election.leaders}`);
      await election.advance(3000);
    }
    for (const participant of this.#alive.values()) participant.stop();
    await election.advance(10_000);
  }

  #disturb(): void {
    const name = NAMES[Math.floor(this.#random() * NAMES.length)] ?? "a";
    const participant = this.#alive.get(name);
    if (participant === undefined || participant.ended !== undefined) return this.#join(name);
    const choice = Math.floor(this.#random() * 12);
    if (participant.process.isStopped && choice < 8) return participant.process.continue();
    switch (choice) {
      case 0:
      case 1:
        return participant.process.stop();
      case 2:
        participant.process.stop();
        return void this.#alive.delete(name);
      case 3:
        return participant.stop();
      case 4:
        return this.election.lease.cutWatches();
      case 5:
        return this.election.clock.stepWall(this.#upTo(60_000) - 30_000);
      case 6:
        if (this.election.lease.record !== undefined) this.election.lease.edit({});
        return;
      case 7:
        participant.network = this.#down;
        return;
      case 8:
      case 9:
        participant.network = this.#bad;
        return;
      default:
        participant.network = this.#good;
    }
  }

  #join(name: string): void {
    let isWorking = false;
    const participant = this.election.join(name, {
      rate: 0.99 + 0.02 * this.#random(),
      wallOffsetMilliseconds: this.#upTo(120_000) - 60_000,
      work: async (term) => {
        this.terms++;
        this.#checkLeaders();
        if (isWorking) this.#fault(`${name} leads again before the work of its last term has ended`);
        isWorking = true;
        // Work takes its time to end.
        const { clock } = participant.process;
        const { signal } = new AbortController();
        while (!term.signal.aborted) await clock.sleep(500, signal);
        await clock.sleep(this.#upTo(3000), signal);
        isWorking = false;
      },
    });
    participant.network = this.#random() < 0.5 ? this.#good : this.#bad;
    this.#alive.set(name, participant);
  }

  #checkLeaders(): void {
    const { leaders } = this.election;
    if (leaders.length > 1) this.#fault(`more than one leads: ${leaders}`);
  }

  /** Kept, not thrown: within the work of a leader it would be that leader's failure. */
  #fault(message: string): void {
    this.faults.push(`${Math.round(this.election.clock.monotonic())} ms: ${message}`);
  }

  readonly #good: Network = () => this.#delivered(40);

  readonly #down: Network = () => this.#random() < 0.5 ? { kind: "refused" } : { kind: "lost" };

  readonly #bad: Network = () => {
    const fates: readonly Fate[] = [
      { kind: "refused" },
      { kind: "failed" },
      { kind: "lost" },
      { kind: "answer-lost", thereMilliseconds: this.#upTo(LATEST_MILLISECONDS) },
      this.#delivered(6000),
      this.#delivered(100),
      this.#delivered(100),
    ];
    return fates[Math.floor(this.#random() * fates.length)] ?? { kind: "refused" };
  };

  #delivered(most: number): Fate {
    return { kind: "delivered", thereMilliseconds: this.#upTo(most), backMilliseconds: this.#upTo(most) };
  }

  #upTo(most: number): number {
    return Math.floor(this.#random() * most);
  }
}

Deno.test(`At most one leads, and one does as soon as it can, in ${SEEDS} random worlds`, async () => {
  let terms = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const schedule = new Schedule(seed);
    await schedule.run();
    await schedule.mend();
    assert.deepEqual(schedule.faults, [], `seed ${seed}`);
    terms += schedule.terms;
  }
  assert.ok(terms > 4 * SEEDS, `the worlds must be eventful, given ${terms} terms`);
});

Deno.test("Every loss has words of its own", () => {
  const reasons: readonly LossReason[] = [
    "renew-deadline",
    "taken",
    "twin",
    "foreign-release",
    "work-ended",
    "work-stuck",
    "failed",
  ];
  assert.equal(new Set(reasons.map(lossText)).size, reasons.length);
});

Deno.test("The errors of an election say what must hold and what to do", () => {
  assert.match(
    new ForeignReleaseError("the-lease", "theirs", "ours").message,
    /Lease the-lease: it must belong to this release \(ours\), given theirs; .* or delete the Lease/,
  );
  assert.match(new ForeignReleaseError("the-lease", "theirs", undefined).message, /RELEASE_NAME is not set/);
  assert.match(new TermStuckError("the-lease").message, /must end within 10 s/);
  assert.equal(new LeadError("the-lease", "why").cause, "why");
});
