import assert from "node:assert/strict";
import type { Finding } from "../../src/model/finding.ts";
import type { Json, JsonObject } from "../../src/model/json.ts";
import { findingsIn, normalized, normalizedSample, onlyFinding, samplesIn } from "./samples.ts";

const event = (more: JsonObject = {}): JsonObject => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { name: "e.1", namespace: "team", uid: "u-1", creationTimestamp: "2024-01-01T00:00:00Z" },
  involvedObject: { apiVersion: "v1", kind: "Pod", name: "p", namespace: "team" },
  type: "Warning",
  reason: "BackOff",
  message: "Back-off restarting failed container",
  ...more,
});

Deno.test("Every sample yields one finding for each Event in it", () => {
  let counted = 0;
  for (const sample of samplesIn("events")) {
    const expected = sample.text.match(/^ *"?(involvedObject|regarding)"?:/gm)?.length ?? 0;
    const given = normalizedSample("kubernetes-events", sample);
    assert.equal(given.filter(({ kind }) => kind === "finding").length, expected, sample.file);
    counted += expected;
  }
  assert.ok(counted > 100, `only ${counted} findings`);
});

Deno.test("Warnings of a real cluster are medium, Normal ones info", () => {
  for (const sample of samplesIn("events").filter(({ file }) => file.includes("troubleshoot"))) {
    for (const { severity, category, details } of findingsIn("kubernetes-events", sample.file)) {
      assert.equal(severity, details.type === "Warning" ? "medium" : "info", JSON.stringify(details));
      assert.equal(category, "operations");
    }
  }
});

Deno.test("A sample's finding reads as a person would write it", () => {
  const cases: readonly [file: string, index: number, expected: Partial<Finding>][] = [
    ["troubleshoot-message-image-pull-fail.json", 1, {
      severity: "info",
      category: "operations",
      eventType: "pulling",
      title: "Pulling",
      description: 'Pulling image "noimage.com/no-such-image"',
      detectedAt: "2023-07-11T05:36:11Z",
      firstSeen: "2023-07-11T05:34:45Z",
      count: 4,
      resource: {
        apiVersion: "v1",
        kind: "Pod",
        name: "no-image-deployment-849c4c4958-rxqmt",
        namespace: "message-image-pull-fail",
      },
      isWindowed: false,
      isState: false,
      identity: ["e5ea1f55-0d14-4443-8f79-d5b6ef692f61"],
    }],
    // Times of old and new kind: null where the other is set.
    ["troubleshoot-message-image-pull-fail.json", 0, {
      eventType: "scheduled",
      detectedAt: "2023-07-11T05:34:44.764227Z",
      firstSeen: "2023-07-11T05:34:44.764227Z",
      count: undefined,
    }],
    // Every field set: the series goes before the rest.
    ["k8s-api-roundtrip/core.v1.Event.json", 0, {
      severity: "info",
      eventType: "reason_value",
      title: "reasonValue",
      detectedAt: "2002-01-01T01:01:01.000002Z",
      firstSeen: "2006-01-01T01:01:01Z",
      count: 1,
    }],
    ["k8s-api-roundtrip/events.k8s.io.v1beta1.Event.json", 0, {
      eventType: "reason_value",
      description: "noteValue",
      detectedAt: "2002-01-01T01:01:01.000002Z",
      firstSeen: "2013-01-01T01:01:01Z",
      resource: {
        apiVersion: "apiVersionValue",
        kind: "kindValue",
        name: "nameValue",
        namespace: "namespaceValue",
      },
      identity: ["uidValue"],
    }],
    ["kyverno-partial/events__clusterpolicy__message-exceeds-1024-characters__event-assert.yaml", 0, {
      severity: "medium",
      eventType: "policy_violation",
      title: "PolicyViolation",
      resource: { apiVersion: "v1", kind: "Pod", name: "badpod01", namespace: "default" },
    }],
  ];
  for (const [file, index, expected] of cases) {
    const finding = findingsIn("kubernetes-events", `events/${file}`)[index] as Finding;
    const given = Object.fromEntries(
      Object.keys(expected).map((key) => [key, finding[key as keyof Finding]]),
    );
    assert.deepEqual(given, expected, `${file}[${index}]`);
  }
});

Deno.test("Some reasons make a Warning high, and nothing makes a Normal Event bad", () => {
  const cases: readonly [type: Json, reason: Json, expected: string][] = [
    ["Warning", "FailedScheduling", "medium"],
    ["Warning", "Unhealthy", "medium"],
    ["Warning", "SystemOOM", "high"],
    ["Warning", "NodeNotReady", "high"],
    ["Normal", "NodeNotReady", "info"],
    ["Normal", "Pulled", "info"],
    [null, "SystemOOM", "info"],
    ["Error", "Odd", "info"],
    ["Warning", null, "medium"],
  ];
  for (const [type, reason, expected] of cases) {
    assert.equal(
      onlyFinding("kubernetes-events", event({ type, reason })).severity,
      expected,
      `${type} ${reason}`,
    );
  }
});

Deno.test("An Event is told apart by its uid, else by namespace and name, else by what it says", () => {
  const identity = (more: JsonObject): Json => onlyFinding("kubernetes-events", event(more)).identity;
  assert.deepEqual(identity({ message: "other", count: 9, lastTimestamp: "2024-02-02T00:00:00Z" }), ["u-1"]);
  assert.deepEqual(identity({ metadata: { namespace: "team", name: "e.1" } }), ["team", "e.1"]);
  assert.notDeepEqual(identity({ metadata: null }), identity({ metadata: null, reason: "Other" }));
});

Deno.test("The time is that of its last sight", () => {
  const cases: readonly [JsonObject, string | undefined][] = [
    [
      { series: { lastObservedTime: "2024-01-01T00:00:05Z" }, lastTimestamp: "2024-01-01T00:00:04Z" },
      "2024-01-01T00:00:05Z",
    ],
    [{ lastTimestamp: "2024-01-01T00:00:04Z", eventTime: "2024-01-01T00:00:03Z" }, "2024-01-01T00:00:04Z"],
    [{ lastTimestamp: null, eventTime: "2024-01-01T00:00:03.000001Z" }, "2024-01-01T00:00:03.000001Z"],
    [{ series: null, lastTimestamp: "", eventTime: null }, "2024-01-01T00:00:00Z"],
    [{ metadata: { uid: "u", creationTimestamp: null } }, undefined],
  ];
  for (const [more, expected] of cases) {
    assert.equal(onlyFinding("kubernetes-events", event(more)).detectedAt, expected, JSON.stringify(more));
  }
});

Deno.test("Its own count is taken when it is one", () => {
  const cases: readonly [JsonObject, number | undefined][] = [
    [{ count: 3 }, 3],
    [{ count: 3, series: { count: 7 } }, 7],
    [{ count: 0 }, undefined],
    [{ count: -1, series: {} }, undefined],
    [{ count: "3" }, 3],
    [{ count: "three" }, undefined],
    [{ count: 1.5 }, undefined],
    [{ deprecatedCount: 2 }, 2],
  ];
  for (const [more, expected] of cases) {
    assert.equal(onlyFinding("kubernetes-events", event(more)).count, expected, JSON.stringify(more));
  }
});

Deno.test("Events about Ingesters are our own doing", () => {
  const about = (apiVersion: string, kind: string): JsonObject =>
    event({ involvedObject: { apiVersion, kind, name: "x" } });
  const [own] = normalized("kubernetes-events", about("zen.kube-zen.io/v1alpha1", "Ingester"));
  assert.deepEqual(own, { kind: "filtered", reason: "self" });
  assert.equal(normalized("kubernetes-events", about("example.com/v1", "Ingester"))[0]?.kind, "finding");
  assert.equal(normalized("kubernetes-events", about("v1", "Pod"))[0]?.kind, "finding");
});

Deno.test("What is no Event is rejected", () => {
  for (
    const payload of [{}, { ...event(), kind: "Pod" }, { ...event(), apiVersion: "audit.k8s.io/v1" }, null]
  ) {
    const [given] = normalized("kubernetes-events", payload);
    assert.equal(given?.kind, "rejected", JSON.stringify(payload));
  }
});

Deno.test("An Event is the same in core/v1 and in events.k8s.io, and through a series", () => {
  const common = {
    metadata: { name: "e.1", namespace: "team", uid: "u-1", creationTimestamp: "2024-01-01T00:00:00Z" },
    type: "Warning",
    reason: "FailedMount",
    action: "Mount",
    eventTime: "2024-01-01T00:00:00.000001Z",
    series: { count: 5, lastObservedTime: "2024-01-01T01:00:00.000002Z" },
    reportingInstance: "node-1",
    related: { kind: "Node", name: "node-1" },
  };
  const about = {
    apiVersion: "v1",
    kind: "Pod",
    name: "p",
    namespace: "team",
    fieldPath: "spec.containers{a}",
  };
  const source = { component: "kubelet", host: "node-1" };
  // As the API server converts them.
  const core = {
    ...common,
    apiVersion: "v1",
    kind: "Event",
    involvedObject: about,
    message: "M",
    reportingComponent: "kubelet",
    source,
    firstTimestamp: null,
    lastTimestamp: null,
    count: 1,
  };
  const newer = {
    ...common,
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    regarding: about,
    note: "M",
    reportingController: "kubelet",
    deprecatedSource: source,
    deprecatedFirstTimestamp: null,
    deprecatedLastTimestamp: null,
    deprecatedCount: 1,
  };
  assert.deepEqual(onlyFinding("kubernetes-events", newer), onlyFinding("kubernetes-events", core));
  assert.equal(onlyFinding("kubernetes-events", core).count, 5);
});

Deno.test("An Event that says nothing at all is rejected", () => {
  assert.equal(normalized("kubernetes-events", { apiVersion: "v1", kind: "Event" })[0]?.kind, "rejected");
});
