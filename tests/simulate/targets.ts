import type { Ingester } from "../../src/model/ingester.ts";
import type { Json } from "../../src/model/json.ts";
import { ingesterOf } from "../support/ingester_of.ts";
import type { Resource, StoredObject } from "./store.ts";

/** What one watch of one Ingester reads. */
export interface Target {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  /** uid of its Ingester, which has no other watch. */
  readonly uid: string;
  readonly ingester: Ingester;
}

/** The Ingesters of a schedule: Events and reports, in all namespaces, or one Ingester for each. */
export function targetsOf(namespaces: readonly string[] | undefined): readonly Target[] {
  return (namespaces ?? [undefined]).flatMap((namespace): Target[] => {
    const suffix = namespace === undefined ? "" : `-${namespace}`;
    const within = namespace === undefined ? {} : { namespaces: [namespace] };
    const events = ingesterOf(`events${suffix}`, { source: "kubernetes-events", ...within });
    const reports = ingesterOf(`reports${suffix}`, {
      source: "kyverno",
      informer: { gvr: { group: "wgpolicyk8s.io", version: "v1alpha2", resource: "policyreports" } },
      ...within,
    });
    return [
      { resource: "events", namespace, uid: events.metadata.uid, ingester: events },
      { resource: "policyreports", namespace, uid: reports.metadata.uid, ingester: reports },
    ];
  });
}

/** The Ingester of the webhooks. */
export function webhookIngester(): Ingester {
  return ingesterOf("falco", { source: "falco" });
}

/** A webhook about a numbered signal; it says its own time, so that it is the same however often it is sent. */
export function webhookOf(number: number, time: string): Json {
  return {
    rule: "Numbered",
    priority: "Critical",
    output: `Signal ${number}`,
    time,
    output_fields: { "k8s.ns.name": "red", "k8s.pod.name": nameOfSignal(number) },
  };
}

/** What a numbered signal is about. */
export function nameOfSignal(number: number): string {
  return `signal-${number}`;
}

/** An Event about a numbered signal. */
export function eventOf(
  number: number,
  count: number,
  namespace: string,
  time: string,
): Readonly<Record<string, unknown>> {
  return {
    type: "Warning",
    reason: "Numbered",
    message: `Signal ${number}`,
    count,
    firstTimestamp: time,
    lastTimestamp: time,
    involvedObject: { apiVersion: "v1", kind: "Pod", name: nameOfSignal(number), namespace },
  };
}

/** A report with one finding for each number. */
export function reportOf(numbers: readonly number[]): Readonly<Record<string, unknown>> {
  return {
    results: numbers.map((number) => ({
      policy: "numbered",
      rule: "signal",
      result: "fail",
      resources: [{ apiVersion: "v1", kind: "Pod", name: nameOfSignal(number) }],
    })),
  };
}

/** The numbers of the signals in an object, or of the signal that an Observation is of. */
export function numbersIn(resource: Resource, object: StoredObject): readonly number[] {
  switch (resource) {
    case "events": {
      const about = object["involvedObject"] as { readonly kind?: string; readonly name: string };
      // What the program tells of its own Ingesters is no signal (contract, section 3).
      return about.kind === "Ingester" ? [] : [numberOf(about)];
    }
    case "policyreports":
      return (object["results"] as readonly { readonly resources: readonly unknown[] }[])
        .map((result) => numberOf(result.resources[0]));
    case "observations":
      return [numberOf((object["spec"] as { readonly resource: unknown }).resource)];
    default:
      return [];
  }
}

function numberOf(reference: unknown): number {
  return Number((reference as { readonly name: string }).name.slice("signal-".length));
}
