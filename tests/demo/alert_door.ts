import type { Replica } from "../support/process.ts";
import { waitUntil } from "./wait.ts";

const GUARD_MILLISECONDS = 60_000;

/** Sends alerts to two replicas in turn, as a Service does: what one does not answer goes to the other. */
export class AlertDoor {
  readonly #leader: Replica;
  readonly #survivor: Replica;
  #isClosed = false;
  #sentAgain = 0;

  constructor(leader: Replica, survivor: Replica) {
    this.#leader = leader;
    this.#survivor = survivor;
  }

  /** How many alerts had to be sent a second time. */
  get sentAgain(): number {
    return this.#sentAgain;
  }

  /** Sends nothing more to the leader. */
  close(): void {
    this.#isClosed = true;
  }

  /** Resolves when a replica has taken the alert. */
  async send(alert: unknown, index: number, signal: AbortSignal): Promise<void> {
    const first = index % 2 === 0 && !this.#isClosed ? this.#leader : this.#survivor;
    if (await isTaken(first, alert)) return;
    this.#sentAgain++;
    const survivor = this.#survivor;
    await waitUntil(
      `${survivor.name} takes an alert`,
      () => isTaken(survivor, alert),
      GUARD_MILLISECONDS,
      signal,
    );
  }
}

/** False when there was no answer, or one that asks to try again later. */
async function isTaken(replica: Replica, alert: unknown): Promise<boolean> {
  try {
    const { status, text } = await replica.webhook("/ingest/falco", alert);
    if (status < 300) return true;
    if (status === 503) return false;
    throw new Error(`${replica.name} refused an alert: status ${status}\n${text}`);
  } catch (error) {
    // The connection was refused, or ended before there was an answer.
    if (error instanceof TypeError) return false;
    throw error;
  }
}
