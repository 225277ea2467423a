import assert from "node:assert/strict";
import type { KubeObject } from "../../src/kube/api.ts";
import { readLoggedPod } from "../../src/source/pod_logs_pods.ts";

const pod = {
  metadata: { name: "web", namespace: "shop", uid: "u1" },
  spec: {
    nodeName: "n1",
    initContainers: [{ name: "setup" }],
    containers: [{ name: "main" }, { name: "side" }],
    ephemeralContainers: [{ name: "debug" }],
  },
  status: {
    initContainerStatuses: [{
      name: "setup",
      state: { terminated: { finishedAt: "2026-01-01T00:00:05Z", exitCode: 0 } },
    }],
    containerStatuses: [{
      name: "main",
      state: { running: { startedAt: "2026-01-01T00:00:10Z" } },
      lastState: { terminated: { containerID: "containerd://1", finishedAt: "2026-01-01T00:00:09Z" } },
    }],
  },
} as unknown as KubeObject;

Deno.test("All containers of a pod are read, init and ephemeral ones too", () => {
  const read = readLoggedPod(pod, undefined, "zen");
  assert.deepEqual(read?.containers.map(({ name, isTerminated }) => [name, isTerminated]), [
    ["setup", true],
    ["main", false],
    ["side", false],
    ["debug", false],
  ]);
  assert.equal(read?.containers[0]?.finishedAt, Date.parse("2026-01-01T00:00:05Z"));
  assert.deepEqual(read?.containers[1]?.previous, {
    id: "containerd://1",
    finishedAt: Date.parse("2026-01-01T00:00:09Z"),
  });
  assert.deepEqual([read?.namespace, read?.name, read?.uid], ["shop", "web", "u1"]);
});

Deno.test("Only the container with the name is read, when one is given", () => {
  assert.deepEqual(readLoggedPod(pod, "side", "zen")?.containers.map(({ name }) => name), ["side"]);
  assert.deepEqual(readLoggedPod(pod, "none", "zen")?.containers, []);
});

Deno.test("A pod that is on no node has no log", () => {
  const waiting = { ...pod, spec: { containers: [{ name: "main" }] } } as unknown as KubeObject;
  assert.equal(readLoggedPod(waiting, undefined, "zen"), undefined);
});

Deno.test("A replica of this installation is known by its namespace and name", () => {
  const labelled = (namespace: string, name: string): boolean | undefined =>
    readLoggedPod(
      { ...pod, metadata: { ...pod.metadata, namespace, labels: { "app.kubernetes.io/name": name } } },
      undefined,
      "zen",
    )?.isOwn;
  assert.deepEqual(
    [labelled("zen", "zen-watcher"), labelled("zen", "web"), labelled("shop", "zen-watcher")],
    [
      true,
      false,
      false,
    ],
  );
});
