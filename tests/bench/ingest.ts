import type { Cluster } from "../control_plane/cluster.ts";
import { oracle } from "../support/oracle.ts";
import { type Replica, startReplica } from "../support/process.ts";
import { until } from "../support/until.ts";
import { rawCreateRate } from "./raw_create.ts";

/** What one round of reading Events gave. */
export interface IngestRound {
  /** Observations a second that a bare loop creates. */
  readonly raw: number;
  /** Observations a second that the program makes of Events that are there already. */
  readonly ingest: number;
  /** Resident memory in MB: ready, right after the Events, and after half a minute of quiet. */
  readonly idle: number;
  readonly loaded: number;
  readonly settled: number;
}

const HOME = "zen-system";
const GUARD_MILLISECONDS = 300_000;
const QUIET_MILLISECONDS = 30_000;

/**
 * One round on a fresh namespace: the bare loop, then the program on `count` Events that exist before its start and as many
 * that come while it runs.
 *
 * @param v8Flags flags of the engine that the program runs with
 */
export async function ingestRound(
  cluster: Cluster,
  round: number,
  count: number,
  v8Flags: string,
): Promise<IngestRound> {
  const namespace = `bench-${round}-${crypto.randomUUID().slice(0, 4)}`;
  await cluster.applyYaml(
    JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }),
  );
  await cluster.applyYaml(JSON.stringify({
    apiVersion: "zen.kube-zen.io/v1alpha1",
    kind: "Ingester",
    metadata: { name: "events", namespace: HOME },
    spec: { source: "kubernetes-events", namespaces: [namespace] },
  }));
  await using outside = oracle(cluster.kubeconfig);
  const raw = await rawCreateRate(cluster.kubeconfig, namespace, count);
  await outside.createEvents(events(namespace, "before", count));
  await using replica = await startReplica({
    kubeconfig: cluster.kubeconfig,
    name: `bench-${round}`,
    env: {
      POD_NAMESPACE: HOME,
      BIND_ADDRESS: "127.0.0.1",
      ...(v8Flags === "" ? {} : { DENO_V8_FLAGS: v8Flags }),
      LEADER_ELECTION_ID: namespace,
    },
  });
  await replica.waitForMessage("Source started");
  const startedAt = performance.now();
  const idle = await megabytes(replica);
  await until(
    `${count} Observations were created`,
    async () => await created(replica) >= count,
    GUARD_MILLISECONDS,
  );
  const ingest = count / (performance.now() - startedAt) * 1000;
  await outside.createEvents(events(namespace, "while", count));
  await until(
    `${2 * count} were created`,
    async () => await created(replica) >= 2 * count,
    GUARD_MILLISECONDS,
  );
  const loaded = await megabytes(replica);
  await new Promise((resolve) => setTimeout(resolve, QUIET_MILLISECONDS));
  const settled = await megabytes(replica);
  await replica.stop();
  return { raw, ingest, idle, loaded, settled };
}

async function created(replica: Replica): Promise<number> {
  return (await replica.metrics()).sum("zen_watcher_observations_created_total");
}

async function megabytes(replica: Replica): Promise<number> {
  return (await replica.metrics()).sum("process_resident_memory_bytes") / 1e6;
}

function* events(namespace: string, prefix: string, count: number): Generator<{
  namespace: string;
  name: string;
  reason: string;
  about: { apiVersion: string; kind: string; name: string };
}> {
  for (let index = 0; index < count; index++) {
    yield {
      namespace,
      name: `${prefix}-${index}`,
      reason: "BackOff",
      about: { apiVersion: "v1", kind: "Pod", name: `pod-${prefix}-${index}` },
    };
  }
}
