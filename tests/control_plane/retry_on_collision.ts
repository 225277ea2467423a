import { freePort } from "../support/ports.ts";
import { NotStartedError } from "./server_process.ts";

const MAX_TRIES = 5;

/** Starts a server on a free port, and on another one when somebody took that first. */
export async function retryOnCollision<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await start(freePort());
    } catch (error) {
      const isCollision = error instanceof NotStartedError && error.log.includes("address already in use");
      if (!isCollision || tries === MAX_TRIES) throw error;
    }
  }
}
