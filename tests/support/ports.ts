/** Below what systems give to outgoing connections, so that a port stays free while its server is away. */
const FIRST = 20_000;
const COUNT = 12_000;
const MAX_TRIES = 200;

/**
 * A TCP port that nobody listens on at this moment. Another process may still be faster: who listens tries again.
 *
 * Ports that the system hands out (port 0) are not used: they are those of outgoing connections, and a client that dials a
 * server which is away could be given that very port.
 *
 * @param taken it is none of these: they are meant for somebody who does not listen yet
 */
export function freePort(...taken: readonly number[]): number {
  for (let tries = 1;; tries++) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (taken.includes(port)) continue;
    try {
      Deno.listen({ hostname: "0.0.0.0", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || tries === MAX_TRIES) throw error;
    }
  }
}
