import { stringify } from "yaml";
import type { IngesterSpec } from "../../src/model/ingester.ts";
import { systemClock } from "../../src/run/clock.ts";
import {
  type ControlPlane,
  type ControlPlaneOptions,
  startControlPlane,
} from "../control_plane/control_plane.ts";
import { type Oracle, oracle } from "../support/oracle.ts";
import { type Replica, startReplica } from "../support/process.ts";
import { until } from "../support/until.ts";
import { type ChartAccount, installAccount } from "./chart_account.ts";

/** The namespace that the program is installed in. */
export const HOME = "zen-system";
/**
 * For so long after a definition was established kube-apiserver lets every create of its resource sleep for two seconds
 * (apiextensions-apiserver, customresource_handler.go), which is all that a webhook waits for a write: it would answer 202.
 */
const JUST_CREATED_MILLISECONDS = 2000;
/** Limits of time are not judged here: a guard only ends what hangs. */
export const GUARD_MILLISECONDS = 60_000;

/** A control plane with the program's definitions and rights, and who looks at it from outside. */
export interface Installation extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly oracle: Oracle;
  /** Who the replicas are. */
  readonly account: ChartAccount;
  /** Starts replica 0 or 1, as a pod of the chart's ServiceAccount, and waits until it is ready. */
  start(index: 0 | 1, settings?: Readonly<Record<string, string>>): Promise<Replica>;
  /** Creates an Ingester in the program's namespace, or changes it. */
  applyIngester(name: string, spec: IngesterSpec): Promise<void>;
  /** Creates namespaces. */
  createNamespaces(...names: readonly string[]): Promise<void>;
}

const pathOf = (relative: string): string => decodeURIComponent(new URL(relative, import.meta.url).pathname);

/** Path of the definitions of other projects' reports. */
export const REPORT_CRDS: string = pathOf("../testdata/crds");

/** The name of replica 0 or 1: of its pod, so in the Lease. */
export function nameOf(index: 0 | 1): string {
  return `zen-watcher-${index}`;
}

/** How the program is installed. */
export interface InstallOptions extends ControlPlaneOptions {
  /** Paths of further definitions. */
  readonly crds?: readonly string[];
  /** The chart's pattern that gives the replicas their rights; default is that with every source switched on. */
  readonly pattern?: string;
}

/** Installs the program on a control plane of its own. */
export async function install(options: InstallOptions = {}): Promise<Installation> {
  await using starting = new AsyncDisposableStack();
  const plane = starting.use(await startControlPlane(options));
  await plane.installCrds(pathOf("../../chart/crds"), ...options.crds ?? []);
  const account = await installAccount(plane, options.pattern ?? "suite");
  await untilCreatesAreQuick(plane);
  const outside = starting.use(oracle(plane.kubeconfig));
  const running = starting.move();
  return {
    plane,
    oracle: outside,
    account,
    async start(index, settings = {}) {
      const name = nameOf(index);
      const kubeconfig = await account.kubeconfigFor(name);
      const env = { POD_NAMESPACE: HOME, BIND_ADDRESS: "127.0.0.1", ...settings };
      await using beginning = new AsyncDisposableStack();
      const replica = beginning.use(await startReplica({ kubeconfig, name, env }));
      await replica.waitUntilReady(GUARD_MILLISECONDS);
      beginning.move();
      return replica;
    },
    async applyIngester(name, spec) {
      await plane.applyYaml(stringify({
        apiVersion: "zen.kube-zen.io/v1alpha1",
        kind: "Ingester",
        metadata: { name, namespace: HOME },
        spec,
      }));
    },
    async createNamespaces(...names) {
      const namespaces = names.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
      await plane.applyYaml(namespaces.map((one) => stringify(one)).join("---\n"));
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function untilCreatesAreQuick(plane: ControlPlane): Promise<void> {
  const established = '{.status.conditions[?(@.type=="Established")].lastTransitionTime}';
  const stamp = await plane.ask([
    "get",
    "crd",
    "observations.zen.kube-zen.io",
    "-o",
    `jsonpath=${established}`,
  ]);
  const quickAt = Date.parse(stamp) + JUST_CREATED_MILLISECONDS;
  await until("creates of Observations are quick", () => systemClock.now() > quickAt);
}

/** Waits until findings of a source were received and all of them have their verdicts. */
export async function untilSettled(replica: Replica, source: string, received: number): Promise<void> {
  await until(`${replica.name} settled ${received} findings of ${source}`, async () => {
    const metrics = await replica.metrics();
    return metrics.sum("zen_watcher_signals_received_total", { source }) >= received &&
      metrics.sum("zen_watcher_signals_in_flight", { source }) === 0;
  }, GUARD_MILLISECONDS);
}

/** Waits until a replica leads. */
export async function untilLeading(replica: Replica): Promise<void> {
  await until(`${replica.name} leads`, () => isLeading(replica), GUARD_MILLISECONDS);
}

/** What it says of itself in zenwatcher_is_leader. */
export async function isLeading(replica: Replica): Promise<boolean> {
  return (await replica.metrics()).value("zenwatcher_is_leader") === 1;
}
