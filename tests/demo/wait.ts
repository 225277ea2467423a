import { systemClock } from "../../src/run/clock.ts";

const POLL_MILLISECONDS = 100;

/**
 * Asks again and again until the answer is yes.
 *
 * @param what completes the sentence "Waited in vain until ..."
 * @throws after `guardMilliseconds`, and the signal's reason
 */
export async function waitUntil(
  what: string,
  isSo: () => Promise<boolean>,
  guardMilliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  const start = systemClock.monotonic();
  while (!await isSo()) {
    if (systemClock.monotonic() - start > guardMilliseconds) {
      throw new Error(`Waited ${guardMilliseconds / 1000} s in vain until ${what}`);
    }
    await systemClock.sleep(POLL_MILLISECONDS, signal);
  }
}
