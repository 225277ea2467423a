import { parseAllDocuments } from "yaml";
import { at, type Json, type JsonObject, listAt } from "../../src/model/json.ts";

/** How Kubernetes replaces the pods of a Deployment, as far as it matters to those who send to them. */
export interface Deployment {
  readonly replicas: number;
  /** How many pods there may be above `replicas`; those that are stopping are not counted. */
  readonly maxSurge: number;
  /** How often a pod is asked whether it is ready; one answer decides. */
  readonly probeMilliseconds: number;
  readonly probeTimeoutMilliseconds: number;
  /** From the end of a pod being known to its SIGTERM. */
  readonly preStopMilliseconds: number;
  /** From there on to SIGKILL, preStop included. */
  readonly graceMilliseconds: number;
}

const RENDERED = new URL("../chart/golden/default.yaml", import.meta.url);

/** Reads the chart's Deployment from what it renders with its own values. */
export async function readDeployment(): Promise<Deployment> {
  const objects = parseAllDocuments(await Deno.readTextFile(RENDERED)).map((one): JsonObject => one.toJS());
  const { spec } = objects.find(({ kind }) => kind === "Deployment") ?? {};
  if (spec === undefined) throw new Error(`Cannot read ${RENDERED.pathname}: it must have a Deployment`);
  const pod = at(spec, "template", "spec");
  const [container] = listAt(pod, "containers");
  const probe = at(container, "readinessProbe");
  if (at(spec, "strategy", "rollingUpdate", "maxUnavailable") !== 0 || at(probe, "failureThreshold") !== 1) {
    throw new Error(
      "Cannot play the Deployment: maxUnavailable must be 0 and the probe's failureThreshold 1",
    );
  }
  return {
    replicas: numberAt(spec, "replicas"),
    maxSurge: numberAt(spec, "strategy", "rollingUpdate", "maxSurge"),
    probeMilliseconds: 1000 * numberAt(probe, "periodSeconds"),
    probeTimeoutMilliseconds: 1000 * numberAt(probe, "timeoutSeconds"),
    preStopMilliseconds: 1000 * numberAt(container, "lifecycle", "preStop", "sleep", "seconds"),
    graceMilliseconds: 1000 * numberAt(pod, "terminationGracePeriodSeconds"),
  };
}

function numberAt(value: Json | undefined, ...path: readonly string[]): number {
  const found = at(value, ...path);
  if (typeof found === "number") return found;
  throw new Error(`Cannot read the Deployment: ${path.join(".")} must be a number, given ${found}`);
}
