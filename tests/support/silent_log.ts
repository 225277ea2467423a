import type { Log } from "../../src/observe/log.ts";

/** A log that says nothing, for tests that do not look at it. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  component: () => silentLog,
};
