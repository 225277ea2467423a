import type { Finding } from "../model/finding.ts";
import type { Signal } from "../model/signal.ts";

/** When a finding happened, in milliseconds since 1970: by its own time, else by that of its receipt. */
export function signalTime(finding: Finding, signal: Signal): number {
  const text = finding.windowTime ?? finding.detectedAt;
  const own = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(own) ? Date.parse(signal.receivedAt) : own;
}
