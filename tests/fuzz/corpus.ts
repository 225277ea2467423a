import type { Json, JsonObject } from "../../src/model/json.ts";
import { samplesIn } from "../normalize/samples.ts";

/** Real payloads of one tool, and what in them may change while the finding stays the same. */
export interface Corpus {
  /** Name of the source whose normalizer is meant. */
  readonly source: string;
  readonly payloads: readonly Json[];
  /** Fields, at any depth, whose values are no part of an identity. */
  readonly volatile: readonly string[];
}

/** Longer lists of a seed are cut to so many items from a place of their own, so that a round stays short. */
const MAX_ITEMS = 6;

/** Real payloads of every tool, the large ones in pieces. */
export function corpora(): readonly Corpus[] {
  return [
    {
      source: "trivy",
      payloads: payloadsIn("trivy"),
      volatile: ["updateTimestamp", "creationTimestamp", "publishedDate", "lastModifiedDate", "score"],
    },
    {
      source: "kyverno",
      payloads: [...payloadsIn("kyverno"), ...payloadsIn("openreports")],
      volatile: ["creationTimestamp", "seconds", "nanos"],
    },
    {
      source: "kubernetes-events",
      payloads: payloadsIn("events"),
      volatile: ["creationTimestamp", "firstTimestamp", "lastTimestamp", "eventTime", "count", "series"],
    },
    {
      source: "audit",
      payloads: payloadsIn("audit"),
      volatile: ["stageTimestamp", "userAgent", "sourceIPs"],
    },
    { source: "falco", payloads: payloadsIn("falco"), volatile: ["uuid", "tags"] },
    {
      source: "alertmanager",
      payloads: payloadsIn("generic/alertmanager"),
      volatile: ["startsAt", "endsAt"],
    },
    ...["kube-bench", "checkov"].map((source): Corpus => ({
      source,
      payloads: payloadsIn(source).flatMap((payload) => [payload, configMap(source, payload)]),
      volatile: ["creationTimestamp"],
    })),
    {
      source: "cert-manager",
      payloads: certificates(),
      volatile: ["creationTimestamp", "lastTransitionTime"],
    },
    { source: "sealed-secrets", payloads: logLines(), volatile: [] },
    {
      source: "my-tool",
      payloads: [
        ...payloadsIn("generic/github"),
        ...payloadsIn("generic/alertmanager-api"),
        ...certificates(),
      ],
      volatile: [],
    },
  ];
}

function payloadsIn(folder: string): readonly Json[] {
  return samplesIn(folder).flatMap(({ payloads }) => payloads ?? []).flatMap(pieces);
}

/** A payload with short lists, and a second one with what comes later in them. */
function pieces(payload: Json): readonly Json[] {
  const first = shorten(payload, 0);
  const second = shorten(payload, MAX_ITEMS);
  return JSON.stringify(first) === JSON.stringify(second) ? [first] : [first, second];
}

function shorten(value: Json, from: number): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const start = Math.min(from, Math.max(0, value.length - MAX_ITEMS));
    return value.slice(start, start + MAX_ITEMS).map((item: Json) => shorten(item, from));
  }
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([key, member]) => [key, shorten(member ?? null, from)]),
  );
}

function configMap(tool: string, document: Json): Json {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: "results",
      namespace: "team",
      uid: "u-1",
      resourceVersion: "1",
      labels: { app: tool },
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    data: { "results.json": JSON.stringify(document), "b.json": "[]" },
    binaryData: { "more.json": btoa(JSON.stringify([])) },
  };
}

function certificates(): readonly Json[] {
  const conditions = (status: string): Json => [{
    type: "Ready",
    status,
    reason: "DoesNotExist",
    message: "Issuing certificate as Secret does not exist",
    lastTransitionTime: "2026-01-01T00:00:00Z",
    observedGeneration: 1,
  }];
  const times = [
    {},
    {
      notBefore: "2025-10-01T00:00:00Z",
      notAfter: "2026-01-05T00:00:00Z",
      renewalTime: "2026-03-01T00:00:00Z",
    },
    { notBefore: "2025-10-01T00:00:00Z", notAfter: "2026-01-01T00:00:00Z" },
    {
      notBefore: "2025-10-01T00:00:00Z",
      notAfter: "2026-04-01T00:00:00Z",
      renewalTime: "2025-12-01T00:00:00Z",
    },
  ];
  return times.flatMap((status) =>
    ["True", "False"].map((ready): Json => ({
      apiVersion: "cert-manager.io/v1",
      kind: "Certificate",
      metadata: {
        name: "web",
        namespace: "team",
        resourceVersion: "7",
        creationTimestamp: "2025-10-01T00:00:00Z",
      },
      spec: {
        secretName: "web-tls",
        dnsNames: ["example.com"],
        issuerRef: { name: "ca", kind: "Issuer", group: "cert-manager.io" },
      },
      status: { ...status, conditions: conditions(ready), revision: 1 },
    }))
  );
}

function logLines(): readonly Json[] {
  return samplesIn("generic/logs").flatMap(({ text }) => text.split("\n")).filter((line) => line !== "")
    .map((line, index): Json => ({
      namespace: "kube-system",
      podName: "sealed-secrets-0",
      podUid: "0b6e0c3a",
      container: "controller",
      timestamp: `2026-01-01T00:00:00.${String(index).padStart(9, "0")}Z`,
      line,
      pattern: { eventType: "unseal_failed", severity: "high", groups: { word: line.split(" ")[0] ?? "" } },
    }));
}
