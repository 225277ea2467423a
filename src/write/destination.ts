import type { GroupVersionResource } from "../model/ingester.ts";
import { GROUP } from "../model/observation.ts";

/** Where the findings of an Ingester go, when not to Observations alone. */
export interface Destinations {
  readonly areObservationsWritten: boolean;
  /** Other custom resources; each gets an object for each finding. */
  readonly others: readonly GroupVersionResource[];
}

const OBSERVATIONS = "observations";
const GVR =
  /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)\/([a-z0-9]([a-z0-9-]*[a-z0-9])?)\/([a-z0-9]([a-z0-9.-]*[a-z0-9])?)$/;

/** `group/version/resource` in one word. */
export function gvrText({ group, version, resource }: GroupVersionResource): string {
  return `${group}/${version}/${resource}`;
}

/** Reads `group/version/resource`; undefined when it is none. */
export function parseGvr(text: string): GroupVersionResource | undefined {
  const [, group, , version, , resource] = GVR.exec(text) ?? [];
  if (group === undefined || version === undefined || resource === undefined) return undefined;
  return { group, version, resource };
}

/** Whether it is where findings go by default. */
export function isObservations({ group, resource }: GroupVersionResource): boolean {
  return group === GROUP && resource === OBSERVATIONS;
}

/**
 * Whether nothing is ever written there, whatever the operator allows: what is Kubernetes' own (Secrets, RBAC, admission,
 * definitions, Nodes, pods and what lies below them; all of it in groups without a dot or of k8s.io), and our own Ingesters.
 */
export function isForbidden({ group, resource }: GroupVersionResource): boolean {
  if (!group.includes(".")) return true;
  if (group === "k8s.io" || group.endsWith(".k8s.io")) return true;
  return group === GROUP && resource !== OBSERVATIONS;
}

/** What an Ingester says of its destinations, as far as the operator allows it; undefined: Observations alone. */
export function compileDestinations(
  spec:
    | readonly { readonly value?: string | undefined; readonly gvr?: GroupVersionResource | undefined }[]
    | undefined,
  allowed: readonly GroupVersionResource[],
): { readonly destinations: Destinations | undefined; readonly problems: readonly string[] } {
  const isAllowed = new Set(allowed.map(gvrText));
  const others = new Map<string, GroupVersionResource>();
  const problems: string[] = [];
  let areObservationsWritten = spec === undefined || spec.length === 0;
  for (const [index, { value = OBSERVATIONS, gvr }] of (spec ?? []).entries()) {
    const where = `spec.destinations[${index}]`;
    if (gvr === undefined && value !== OBSERVATIONS) {
      problems.push(`${where}.value must be observations, or gvr must say which resource, not only ${value}`);
    } else if (gvr === undefined || isObservations(gvr)) areObservationsWritten = true;
    else if (isForbidden(gvr)) {
      problems.push(
        `${where}.gvr must be a custom resource, neither Kubernetes' own nor ours, and not ${gvrText(gvr)}`,
      );
    } else if (!isAllowed.has(gvrText(gvr))) {
      problems.push(
        `${where}.gvr must be one that the operator allows (DESTINATION_ALLOWLIST), not ${gvrText(gvr)}`,
      );
    } else others.set(gvrText(gvr), gvr);
  }
  const destinations = others.size === 0
    ? undefined
    : { areObservationsWritten, others: [...others.values()] };
  return { destinations, problems };
}
