import { type ApiRequest, type KubeList, type KubeObject, resourcePath } from "../../src/kube/api.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { isApiError } from "../../src/kube/errors.ts";
import { kubeconfigCredentials } from "../../src/kube/kubeconfig.ts";
import type { IngesterSpec } from "../../src/model/ingester.ts";
import type { Json } from "../../src/model/json.ts";
import { systemClock } from "../../src/run/clock.ts";

/** Where one object, or a list of them, lies. */
export interface Place {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** Somebody who may do everything, and whose requests take milliseconds where a run of kubectl takes longer. */
export interface AdminClient extends Disposable {
  /** All objects of a namespace. */
  list<T extends KubeObject>(place: Place, namespace: string): Promise<readonly T[]>;
  /** One object. */
  get<T extends KubeObject>(place: Place, namespace: string, name: string): Promise<T>;
  create(place: Place, namespace: string, body: unknown): Promise<KubeObject>;
  /** Merges `body` into an object (RFC 7396); null removes a field. */
  patch(place: Place, namespace: string, name: string, body: unknown): Promise<KubeObject>;
  delete(place: Place, namespace: string, name: string): Promise<void>;
}

const RETRY_MILLISECONDS = 200;
const MAX_TRIES = 100;

/** Ingesters. */
export const INGESTERS: Place = { group: "zen.kube-zen.io", version: "v1alpha1", resource: "ingesters" };
/** Observations. */
export const OBSERVATIONS: Place = {
  group: "zen.kube-zen.io",
  version: "v1alpha1",
  resource: "observations",
};
/** Secrets. */
export const SECRETS: Place = { group: "", version: "v1", resource: "secrets" };
/** Events of the core group. */
export const EVENTS: Place = { group: "", version: "v1", resource: "events" };
/** VulnerabilityReports of Trivy. */
export const VULNERABILITY_REPORTS: Place = {
  group: "aquasecurity.github.io",
  version: "v1alpha1",
  resource: "vulnerabilityreports",
};

/** Opens the cluster of a kubeconfig. */
export function adminClient(kubeconfig: string): AdminClient {
  const credentials = kubeconfigCredentials({ paths: [kubeconfig] }, {
    environment: {},
    readTextFile: (path) => Deno.readTextFileSync(path),
    mayConnect: () => true,
  });
  const client = new KubeClient(credentials, systemClock, "admin-of-tests");
  const never = new AbortController().signal;
  /** A server that has just started says 429 for a moment: its storage is not ready. */
  const send = async <T>(
    method: ApiRequest["method"],
    path: string,
    body?: unknown,
  ): Promise<T> => {
    for (let tries = 1;; tries++) {
      try {
        return await client.request<T>(
          { role: method === "GET" ? "read" : "write", method, path, body },
          never,
        );
      } catch (error) {
        if (!isApiError(error, "throttled") || tries === MAX_TRIES) throw error;
        await systemClock.sleep(RETRY_MILLISECONDS, never);
      }
    }
  };
  return {
    list: async <T extends KubeObject>(place: Place, namespace: string) =>
      (await send<KubeList<T>>("GET", resourcePath(place, namespace))).items,
    get: (place, namespace, name) => send("GET", resourcePath(place, namespace, name)),
    create: (place, namespace, body) => send("POST", resourcePath(place, namespace), body),
    patch: (place, namespace, name, body) => send("PATCH", resourcePath(place, namespace, name), body),
    delete: (place, namespace, name) => send("DELETE", resourcePath(place, namespace, name)),
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

/** An Ingester as one writes it. */
export function ingesterObject(
  name: string,
  spec: IngesterSpec,
): KubeObject & { readonly spec: IngesterSpec } {
  return { apiVersion: "zen.kube-zen.io/v1alpha1", kind: "Ingester", metadata: { name }, spec };
}

/** A Warning about a pod, as somebody in the cluster writes it. */
export function podEvent(namespace: string, name: string): Json & KubeObject {
  const now = new Date().toISOString();
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name },
    involvedObject: { apiVersion: "v1", kind: "Pod", namespace, name },
    reason: "BackOff",
    message: `BackOff of ${name}`,
    type: "Warning",
    firstTimestamp: now.replace(/\.\d+/, ""),
    lastTimestamp: now.replace(/\.\d+/, ""),
    count: 1,
    source: { component: "tests" },
  };
}

/** A VulnerabilityReport about one Deployment's container with one critical vulnerability. */
export function vulnerabilityReport(name: string, vulnerabilityID: string): Json & KubeObject {
  return {
    apiVersion: "aquasecurity.github.io/v1alpha1",
    kind: "VulnerabilityReport",
    metadata: {
      name,
      labels: {
        "trivy-operator.resource.kind": "ReplicaSet",
        "trivy-operator.resource.name": name,
        "trivy-operator.container.name": "main",
      },
    },
    report: {
      artifact: { repository: "library/shop", tag: "1.0" },
      os: { family: "debian", name: "12" },
      scanner: { name: "Trivy", vendor: "Aqua Security", version: "0.60.0" },
      summary: { criticalCount: 1, highCount: 0, mediumCount: 0, lowCount: 0, unknownCount: 0 },
      updateTimestamp: "2026-01-02T03:04:05Z",
      vulnerabilities: [{
        vulnerabilityID,
        resource: "openssl",
        installedVersion: "3.0.1",
        fixedVersion: "3.0.2",
        severity: "CRITICAL",
        title: "A flaw",
        publishedDate: "2026-01-01T00:00:00Z",
        lastModifiedDate: "2026-01-01T00:00:00Z",
      }],
    },
  };
}
