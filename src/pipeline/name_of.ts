import { fingerprint } from "../deduplicate/fingerprint.ts";
import type { Finding } from "../model/finding.ts";
import type { Fingerprint } from "../model/fingerprint.ts";
import type { Signal } from "../model/signal.ts";
import type { Lane } from "./lane.ts";
import { signalTime } from "./signal_time.ts";

/** Fingerprint and name of a finding: a function of what was seen and of its Ingester's window alone (promise P2). */
export function nameOf(
  finding: Finding,
  signal: Signal,
  lane: Pick<Lane, "source" | "windowSeconds">,
): Fingerprint {
  return fingerprint(lane.source, finding, signalTime(finding, signal), lane.windowSeconds);
}
