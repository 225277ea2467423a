import { readFile } from "node:fs/promises";
import { findCluster } from "../../src/kube/find_cluster.ts";
import { API_VERSION } from "../../src/model/observation.ts";

/** As many requests at once as the program's default for writes. */
const PARALLEL = 32;

/**
 * The yardstick: a bare loop that creates `count` Observations with `fetch` and nothing else, and says how many it made a
 * second. The objects are as large as those that the program makes of Events.
 */
export async function rawCreateRate(kubeconfig: string, namespace: string, count: number): Promise<number> {
  const text = await readFile(kubeconfig, "utf8");
  const cluster = findCluster({ kubeconfig }, {
    environment: {},
    readTextFile: () => text,
    mayConnect: () => true,
  });
  const { certificateAuthority, client: pair } = cluster.tls();
  using client = Deno.createHttpClient({
    http2: false,
    ...(certificateAuthority === undefined ? {} : { caCerts: [certificateAuthority] }),
    ...(pair === undefined ? {} : { cert: pair.certificate, key: pair.key }),
  });
  const url = `${cluster.server}/apis/${API_VERSION}/namespaces/${namespace}/observations`;
  const run = crypto.randomUUID().slice(0, 8);
  let next = 0;
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: PARALLEL }, async () => {
    for (let index = next++; index < count; index = next++) {
      const response = await fetch(url, {
        client,
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(observation(`raw-${run}-${index}`, namespace, index)),
      });
      await response.text();
      if (!response.ok) throw new Error(`Cannot create an Observation: status ${response.status}`);
    }
  }));
  return count / (performance.now() - startedAt) * 1000;
}

function observation(name: string, namespace: string, index: number): unknown {
  const resource = { apiVersion: "v1", kind: "Pod", namespace, name: `pod-${index}` };
  return {
    apiVersion: API_VERSION,
    kind: "Observation",
    metadata: {
      name,
      namespace,
      labels: {
        "app.kubernetes.io/managed-by": "bench",
        "zen.kube-zen.io/source": "kubernetes-events",
        "zen.kube-zen.io/severity": "medium",
        "zen.kube-zen.io/category": "operations",
        "zen.kube-zen.io/event-type": "back_off",
        "zen.kube-zen.io/ingester": "zen-system.events",
        "zen.kube-zen.io/origin": "abcdefghijklmnop",
      },
    },
    spec: {
      source: "kubernetes-events",
      category: "operations",
      severity: "medium",
      eventType: "back_off",
      title: "BackOff",
      description: `BackOff of pod-${index}`,
      detectedAt: new Date().toISOString(),
      resource,
      details: { type: "Warning", reason: "BackOff", count: 1, reportingComponent: "kubelet" },
      fingerprint: "0".repeat(64),
      ttlSecondsAfterCreation: 604800,
      ingester: { namespace: "zen-system", name: "events" },
      origin: { ...resource, kind: "Event", uid: crypto.randomUUID(), resourceVersion: String(index) },
    },
  };
}
