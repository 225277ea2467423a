import type { JsonObject } from "../../src/model/json.ts";
import { roundPrefix, type Source } from "./ledger.ts";
import type { Random } from "./random.ts";

/** Where all that is fed lies. */
export const FED_NAMESPACE = "chaos";

/** Something that is made of a signal: who says it, and its findings by number. */
export interface Numbered {
  readonly source: Source;
  /** Findings that must become Observations; others in it must be filtered. */
  readonly numbers: readonly string[];
}

/** One signal, as it is fed. */
export type FedSignal =
  & Numbered
  & (
    | {
      readonly kind: "object";
      /** Path of its collection. */
      readonly path: string;
      readonly object: JsonObject;
      /** True: it is deleted as soon as it was created. */
      readonly isFleeting: boolean;
      /** What it is changed to a moment later, and what that adds. */
      readonly change: { readonly object: JsonObject; readonly numbers: readonly string[] } | undefined;
    }
    | {
      readonly kind: "webhook";
      readonly path: string;
      readonly body: JsonObject;
      /** False: it is sent once, whatever the answer. */
      readonly isResent: boolean;
    }
  );

/** How often each kind of signal comes. */
const KINDS = ["event", "event", "event", "trivy", "kyverno", "falco", "falco", "generic"] as const;
const CHANGED_SHARE = 0.3;
const RESENT_SHARE = 0.7;
/** Signals carry their own times: the same round says the same again. */
const FIRST_TIME = Date.parse("2026-01-02T03:04:05.000Z");
const STEP_MILLISECONDS = 37;
const EVENTS = `/api/v1/namespaces/${FED_NAMESPACE}/events`;
const VULNERABILITY_REPORTS =
  `/apis/aquasecurity.github.io/v1alpha1/namespaces/${FED_NAMESPACE}/vulnerabilityreports`;
const POLICY_REPORTS = `/apis/wgpolicyk8s.io/v1alpha2/namespaces/${FED_NAMESPACE}/policyreports`;
/** Paths of the collections that signals are created in. */
export const FED_COLLECTIONS: readonly string[] = [EVENTS, VULNERABILITY_REPORTS, POLICY_REPORTS];

/** The signals of a round one after the other, without end; the same for the same choices. */
export function* signalsOf(
  seed: number,
  random: Random,
  options: { readonly fleetingShare: number },
): Generator<FedSignal, never, void> {
  for (let index = 0;; index++) {
    const number = `${roundPrefix(seed)}${index}`;
    const time = new Date(FIRST_TIME + index * STEP_MILLISECONDS).toISOString();
    const kind = random.oneOf(KINDS);
    switch (kind) {
      case "event":
        yield event(number, time, random.isIn(options.fleetingShare));
        break;
      case "trivy":
        yield vulnerabilities(number, time, random);
        break;
      case "kyverno":
        yield violations(number, time, random);
        break;
      case "falco":
        yield falco(number, time, random.isIn(RESENT_SHARE));
        break;
      case "generic":
        yield generic(number, time, random.isIn(RESENT_SHARE));
        break;
      default:
        kind satisfies never;
    }
  }
}

/** A Warning about a pod. */
export function event(number: string, time: string, isFleeting: boolean): FedSignal {
  const at = time.replace(/\.\d+/, "");
  const object = {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: number, namespace: FED_NAMESPACE },
    involvedObject: { apiVersion: "v1", kind: "Pod", namespace: FED_NAMESPACE, name: number },
    reason: "BackOff",
    message: "Back-off restarting failed container",
    type: "Warning",
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
    source: { component: "kubelet" },
  };
  const numbers = [number];
  return {
    kind: "object",
    source: "kubernetes-events",
    path: EVENTS,
    object,
    isFleeting,
    numbers,
    change: undefined,
  };
}

/** An alert about a pod, as Falco sends it. */
export function falco(number: string, time: string, isResent: boolean): FedSignal {
  const body = {
    rule: "Terminal shell in container",
    priority: "Warning",
    output: `A shell was spawned in ${number}`,
    time,
    hostname: "node-1",
    source: "syscall",
    tags: ["container", "shell"],
    output_fields: { "k8s.ns.name": FED_NAMESPACE, "k8s.pod.name": number, "container.id": "788861c3cf83" },
  };
  return { kind: "webhook", source: "falco", path: "/ingest/falco", body, isResent, numbers: [number] };
}

function generic(number: string, time: string, isResent: boolean): FedSignal {
  const body = { number, time, title: "Something happened", value: number.length };
  return { kind: "webhook", source: "chaos", path: "/ingest/chaos", body, isResent, numbers: [number] };
}

/** One to three vulnerabilities that are reported, and one below the preset's severity. */
function vulnerabilities(number: string, time: string, random: Random): FedSignal {
  const numbers = Array.from({ length: random.between(1, 3) }, (_, index) => `${number}-v${index}`);
  const added = [`${number}-added`];
  const vulnerability = (vulnerabilityID: string, severity: string): JsonObject => ({
    vulnerabilityID,
    resource: "openssl",
    installedVersion: "3.0.1",
    fixedVersion: "3.0.2",
    severity,
    title: "A flaw",
    publishedDate: "2026-01-01T00:00:00Z",
    lastModifiedDate: "2026-01-01T00:00:00Z",
  });
  const report = (reported: readonly string[]): JsonObject => ({
    apiVersion: "aquasecurity.github.io/v1alpha1",
    kind: "VulnerabilityReport",
    metadata: {
      name: number,
      namespace: FED_NAMESPACE,
      labels: {
        "trivy-operator.resource.kind": "ReplicaSet",
        "trivy-operator.resource.name": number,
        "trivy-operator.container.name": "main",
      },
    },
    report: {
      artifact: { repository: "library/shop", tag: "1.0" },
      os: { family: "debian", name: "12" },
      scanner: { name: "Trivy", vendor: "Aqua Security", version: "0.60.0" },
      summary: { criticalCount: 1, highCount: 1, mediumCount: 0, lowCount: 1, unknownCount: 0 },
      updateTimestamp: time.replace(/\.\d+/, ""),
      vulnerabilities: [
        ...reported.map((id, index) => vulnerability(id, index % 2 === 0 ? "CRITICAL" : "HIGH")),
        vulnerability(`${number}-low`, "LOW"),
      ],
    },
  });
  return {
    kind: "object",
    source: "trivy",
    path: VULNERABILITY_REPORTS,
    object: report(numbers),
    isFleeting: false,
    numbers,
    change: random.isIn(CHANGED_SHARE)
      ? { object: report([...numbers, ...added]), numbers: added }
      : undefined,
  };
}

/** One or two results that fail, and one that passes. */
function violations(number: string, time: string, random: Random): FedSignal {
  const numbers = Array.from({ length: random.between(1, 2) }, (_, index) => `${number}-r${index}`);
  const result = (rule: string, outcome: string): JsonObject => ({
    policy: "require-labels",
    rule,
    result: outcome,
    source: "kyverno",
    message: "The label team is required",
    severity: "high",
    timestamp: { seconds: Math.floor(Date.parse(time) / 1000), nanos: 0 },
    resources: [{ apiVersion: "v1", kind: "Pod", name: number, namespace: FED_NAMESPACE }],
  });
  const object = {
    apiVersion: "wgpolicyk8s.io/v1alpha2",
    kind: "PolicyReport",
    metadata: { name: number, namespace: FED_NAMESPACE },
    results: [...numbers.map((rule) => result(rule, "fail")), result(`${number}-passed`, "pass")],
    summary: { error: 0, fail: numbers.length, pass: 1, skip: 0, warn: 0 },
  };
  return {
    kind: "object",
    source: "kyverno",
    path: POLICY_REPORTS,
    object,
    isFleeting: false,
    numbers,
    change: undefined,
  };
}
