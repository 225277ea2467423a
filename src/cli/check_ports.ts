import type { Clock } from "../run/clock.ts";
import { withDeadline } from "../run/deadline.ts";
import { type Checked, ok, problem } from "./check.ts";
import type { Config } from "./config.ts";
import type { Machine } from "./machine.ts";

const ANSWER_MILLISECONDS = 3_000;
const BUILD = /^zen_watcher_build_info\{[^}]*version="([^"]*)"/m;
const LEADS = /^zenwatcher_is_leader 1$/m;

/** Whether both ports can be opened, or are open already for a replica that runs here. */
export async function checkPorts(
  { address, webhookPort, metricsPort }: Config["listen"],
  { machine, clock }: { readonly machine: Machine; readonly clock: Clock },
  signal: AbortSignal,
): Promise<readonly Checked[]> {
  const metrics = machine.tryPort(address, metricsPort);
  // The permissions of the image reach this machine only by the address that the program listens on.
  const host = address.includes(":") ? `[${address}]` : address;
  const replica = metrics.kind === "in-use"
    ? replicaOf(await ask(`http://${host}:${metricsPort}/metrics`, machine, clock, signal))
    : undefined;
  return [
    judge("METRICS_PORT", metricsPort, metrics, replica),
    judge("WEBHOOK_PORT", webhookPort, machine.tryPort(address, webhookPort), replica),
  ];
}

function judge(
  setting: string,
  port: number,
  state: ReturnType<Machine["tryPort"]>,
  replica: string | undefined,
): Checked {
  const called = `Port ${port} of ${setting}`;
  switch (state.kind) {
    case "free":
      return ok("ports", port === 0 ? `${setting} is 0: any free port` : `${called} is free`);
    case "in-use":
      return replica === undefined
        ? problem("ports", `${called} is in use, and not by a replica`, `give another ${setting}`)
        : ok("ports", `${called} is in use, with a replica here that runs ${replica}`);
    case "refused":
      return problem("ports", `${called} cannot be opened: ${state.message}`, `give another ${setting}`);
    default:
      return state satisfies never;
  }
}

/** What a replica says of itself in its metrics; undefined when they are no replica's. */
function replicaOf(metrics: string | undefined): string | undefined {
  const version = BUILD.exec(metrics ?? "")?.[1];
  if (version === undefined) return undefined;
  return `version ${version} and ${LEADS.test(metrics ?? "") ? "leads" : "does not lead"}`;
}

async function ask(
  url: string,
  machine: Machine,
  clock: Clock,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return await withDeadline(ANSWER_MILLISECONDS, clock, (inner) => machine.ask(url, inner), signal);
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}
