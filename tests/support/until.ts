import { systemClock } from "../../src/run/clock.ts";

const POLL_MILLISECONDS = 20;

/**
 * Asks again and again until the answer is yes; for what only another process can bring about.
 *
 * @param what completes the sentence "Waited in vain until ..."
 * @throws when the answer was no for `guardMilliseconds`
 */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  guardMilliseconds = 30_000,
): Promise<void> {
  const start = systemClock.monotonic();
  while (!await isSo()) {
    if (systemClock.monotonic() - start > guardMilliseconds) {
      throw new Error(`Waited ${guardMilliseconds} ms in vain until ${what}`);
    }
    await systemClock.sleep(POLL_MILLISECONDS, new AbortController().signal);
  }
}
