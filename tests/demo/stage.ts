import type { JsonObject } from "../../src/model/json.ts";
import { crdsOf, resourcesOf } from "../control_plane/crd_documents.ts";
import { acquireCluster, type ForeignCluster } from "../support/cluster.ts";
import { Objects } from "./objects.ts";
import type { Place } from "./payloads.ts";
import type { Screen } from "./screen.ts";
import { waitUntil } from "./wait.ts";

/** The cluster that the demo plays in, ready to be used. */
export interface Stage extends AsyncDisposable {
  readonly isOwn: boolean;
  /** Path of a kubeconfig of somebody who may do everything. */
  readonly kubeconfig: string;
  /** What a person sets KUBECONFIG to, to look into it. */
  readonly userKubeconfig: string;
  /** Path of the kubeconfig that the replicas are given. */
  readonly replicaKubeconfig: string;
  /** Settings of the replicas that the cluster asks for. */
  readonly settings: Readonly<Record<string, string>>;
  /** The namespace of the replicas, their Lease and the Ingesters. */
  readonly home: string;
  readonly place: Place;
  readonly objects: Objects;
  /** Resolves with the reason when the control plane has ended unasked. */
  readonly broken: Promise<Error>;
}

const OWN_HOME = "zen-system";
/** Those that the payloads speak of. */
const NAMESPACES = ["default", "kube-system", "staging-ns", "my-namespace", "hello-app", "fission-function"];
const CRD_FOLDERS = ["../../chart/crds", "../testdata/crds"]
  .map((path) => decodeURIComponent(new URL(path, import.meta.url).pathname));
/** Marks the definitions that were added to somebody's cluster. */
const ADDED_KEY = "app.kubernetes.io/created-by";
const ADDED_VALUE = "zen-watcher-demo";
const ACCOUNT = "zen-watcher";
const GUARD_MILLISECONDS = 60_000;

/**
 * Starts a control plane, or uses the cluster that KUBECONFIG names: then all lies in a namespace of its own there, and the
 * replicas may do nothing outside of it.
 *
 * @param onAcquired called when there is a cluster, and what was started ends with the stage
 */
export async function setStage(
  screen: Screen,
  onAcquired: () => void,
  signal: AbortSignal,
): Promise<Stage> {
  await using setting = new AsyncDisposableStack();
  const start = performance.now();
  const isForeign = (Deno.env.get("KUBECONFIG") ?? "") !== "";
  const report = (line: string): void => isForeign ? screen.line(line) : screen.progress(line);
  const cluster = setting.use(await acquireCluster(report));
  onAcquired();
  const isOwn = cluster.kind === "control plane";
  if (cluster.kind === "control plane") {
    screen.line(`etcd and kube-apiserver run at ${cluster.url}, started in ${secondsSince(start)} s`);
  }
  const home = isOwn ? OWN_HOME : `zen-watcher-demo-${crypto.randomUUID().slice(0, 6)}`;
  const objects = setting.use(new Objects(cluster.kubeconfig));
  for (const name of isOwn ? [home, ...NAMESPACES] : [home]) {
    await objects.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } }, signal);
  }
  if (!isOwn) {
    screen.line(`All of the demo lies in a namespace of its own there, ${home}`);
    setting.defer(async () => {
      await objects.deleteNamespace(home, AbortSignal.timeout(GUARD_MILLISECONDS));
      screen.line(`Namespace ${home} is being deleted`);
    });
  }
  await addDefinitions(objects, isOwn, screen, signal);
  const replicaKubeconfig = cluster.kind === "control plane"
    ? cluster.kubeconfig
    : await confined(cluster, home, objects, signal);
  const set = setting.move();
  return {
    isOwn,
    kubeconfig: cluster.kubeconfig,
    userKubeconfig: isOwn ? cluster.kubeconfig : Deno.env.get("KUBECONFIG") ?? "",
    replicaKubeconfig,
    settings: {
      POD_NAMESPACE: home,
      ...(isOwn ? {} : { WATCH_NAMESPACE: home, OBSERVATION_NAMESPACE: home }),
    },
    home,
    place: (namespace) => isOwn ? namespace : home,
    objects,
    broken: cluster.kind === "control plane" ? cluster.broken : new Promise(() => {}),
    [Symbol.asyncDispose]: () => set.disposeAsync(),
  };
}

/** Seconds since a moment of performance.now(), with one decimal. */
export function secondsSince(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(1);
}

/** Adds the definitions that are not there; those of somebody's cluster are left as they are. */
async function addDefinitions(
  objects: Objects,
  isOwn: boolean,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  const definitions = await crdsOf(CRD_FOLDERS);
  const added = await Promise.all(definitions.map(async ({ value, name }) => {
    const { metadata, ...rest } = value as JsonObject;
    const labels = isOwn ? {} : { labels: { [ADDED_KEY]: ADDED_VALUE } };
    const object = { ...rest, metadata: { ...metadata as JsonObject, ...labels } };
    return await objects.create(object, signal) ? [name] : [];
  }));
  await waitUntil(
    "the API server serves all of them",
    async () => {
      const served = definitions.flatMap(resourcesOf).map((path) => objects.isServed(path, signal));
      return (await Promise.all(served)).every((is) => is);
    },
    GUARD_MILLISECONDS,
    signal,
  );
  const count = added.flat().length;
  const own = definitions.filter(({ name }) => name.endsWith(".zen.kube-zen.io")).length;
  const others = `${own} of zen-watcher, ${definitions.length - own} of Trivy and of policy reports`;
  screen.line(
    isOwn
      ? `CustomResourceDefinitions: ${others}`
      : `CustomResourceDefinitions: ${count} added, ${definitions.length - count} were there`,
  );
  if (isOwn || count === 0) return;
  screen.line(`They stay; to remove them: kubectl delete crd -l ${ADDED_KEY}=${ADDED_VALUE}`);
}

/** A kubeconfig of an account that may do everything in one namespace and nothing elsewhere. */
async function confined(
  cluster: ForeignCluster,
  namespace: string,
  objects: Objects,
  signal: AbortSignal,
): Promise<string> {
  const metadata = { name: ACCOUNT, namespace };
  const group = "rbac.authorization.k8s.io";
  const all = ["*"];
  const created: readonly JsonObject[] = [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: `${group}/v1`,
      kind: "Role",
      metadata,
      rules: [{ apiGroups: all, resources: all, verbs: all }],
    },
    {
      apiVersion: `${group}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: group, kind: "Role", name: ACCOUNT },
      subjects: [{ kind: "ServiceAccount", ...metadata }],
    },
  ];
  for (const object of created) await objects.create(object, signal);
  return await cluster.kubeconfigFor({ serviceAccount: metadata });
}
