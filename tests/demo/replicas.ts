import { type Replica, startReplica } from "../support/process.ts";
import type { Screen } from "./screen.ts";
import type { Stage } from "./stage.ts";

/** Two real processes of the program, ready. */
export type Replicas = readonly [Replica, Replica];

/** For how long a leader holds the Lease without renewing it. */
export const LEASE_SECONDS = 3;

/** Shorter than the defaults (15, 10 and 2 s), so that nobody waits long for the new leader. */
const LEASE_SETTINGS: Readonly<Record<string, string>> = {
  LEASE_DURATION_SECONDS: String(LEASE_SECONDS),
  RENEW_DEADLINE_SECONDS: "2",
  RETRY_PERIOD_SECONDS: "0.5",
};

const NAMES = ["replica-1", "replica-2"] as const;
const GUARD_MILLISECONDS = 120_000;

/**
 * Starts both replicas and waits until they are ready.
 *
 * @param stack ends them
 * @param onEnd called when one ends, asked or not
 */
export async function startReplicas(
  stage: Stage,
  screen: Screen,
  stack: AsyncDisposableStack,
  onEnd: (replica: Replica, how: string) => void,
): Promise<Replicas> {
  const start = async (name: string): Promise<Replica> => {
    const env = { ...LEASE_SETTINGS, ...stage.settings, BIND_ADDRESS: "127.0.0.1" };
    const replica = stack.use(await startReplica({ kubeconfig: stage.replicaKubeconfig, name, env }));
    replica.exit.then(({ code, signal }) => onEnd(replica, signal ?? `exit code ${code}`));
    return replica;
  };
  const replicas = await Promise.all([start(NAMES[0]), start(NAMES[1])]);
  await Promise.all(replicas.map((replica) => replica.waitUntilReady(GUARD_MILLISECONDS)));
  for (const { name, pid, webhookPort, metricsPort } of replicas) {
    screen.line(`${name} is ready: pid ${pid}, webhooks at :${webhookPort}, metrics at :${metricsPort}`);
  }
  return replicas;
}
