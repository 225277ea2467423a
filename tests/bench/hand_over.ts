import type { Cluster } from "../control_plane/cluster.ts";
import { type Replica, startReplica } from "../support/process.ts";
import { until } from "../support/until.ts";

const HOME = "zen-system";
const LEASE = { LEASE_DURATION_SECONDS: "3", RENEW_DEADLINE_SECONDS: "2", RETRY_PERIOD_SECONDS: "0.5" };

/**
 * Ends the leader `rounds` times and says how long each hand-over took, in milliseconds: zenwatcher_failover_duration_seconds
 * of the replica that took over, from the release seen (else the last renewal seen) to the first source resumed.
 *
 * @param signal SIGTERM: the leader releases the Lease; SIGKILL: it crashes
 */
export async function handOvers(
  cluster: Cluster,
  signal: "SIGTERM" | "SIGKILL",
  rounds: number,
): Promise<number[]> {
  const election = `bench-${signal.toLowerCase()}-${crypto.randomUUID().slice(0, 4)}`;
  await using stack = new AsyncDisposableStack();
  let started = 0;
  const start = async (): Promise<Replica> => {
    const replica = stack.use(
      await startReplica({
        kubeconfig: cluster.kubeconfig,
        name: `${election}-${started++}`,
        env: { POD_NAMESPACE: HOME, BIND_ADDRESS: "127.0.0.1", LEADER_ELECTION_ID: election, ...LEASE },
      }),
    );
    await replica.waitUntilReady();
    return replica;
  };
  const durations: number[] = [];
  let leader = await start();
  await leader.waitForMessage(/leader acquired/);
  for (let round = 0; round < rounds; round++) {
    const follower = await start();
    leader.kill(signal);
    await until("the follower resumed a source", async () => await count(follower) === 1, 60_000);
    durations.push((await follower.metrics()).sum("zenwatcher_failover_duration_seconds_sum") * 1000);
    await leader.exit;
    leader = follower;
  }
  return durations;
}

async function count(replica: Replica): Promise<number> {
  return (await replica.metrics()).sum("zenwatcher_failover_duration_seconds_count");
}
