import { stringify } from "yaml";
import type { Cluster } from "../control_plane/cluster.ts";
import { NODE } from "./fake_kubelet.ts";

/** A pod of one container. */
export interface RunningPod {
  readonly namespace: string;
  readonly pod: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly container: string;
}

/** Creates a pod on the fake kubelet's node, with the status of one that runs. */
export async function createRunningPod(
  cluster: Cluster,
  { namespace, pod, labels, container }: RunningPod,
): Promise<void> {
  await cluster.applyYaml(stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: pod, namespace, labels },
    spec: { nodeName: NODE, containers: [{ name: container, image: "none" }] },
  }));
  const status = {
    phase: "Running",
    containerStatuses: [{
      name: container,
      image: "none",
      imageID: "none",
      ready: true,
      restartCount: 0,
      containerID: `containerd://${container}`,
      state: { running: { startedAt: new Date().toISOString().replace(/\.\d+/, "") } },
    }],
  };
  const what = ["patch", "pod", pod, `--namespace=${namespace}`, "--subresource=status", "--type=merge"];
  await cluster.ask([...what, "-p", JSON.stringify({ status })]);
}
