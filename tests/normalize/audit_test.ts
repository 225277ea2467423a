import assert from "node:assert/strict";
import type { Finding } from "../../src/model/finding.ts";
import type { Json, JsonObject } from "../../src/model/json.ts";
import { findingsIn, normalized, normalizedSample, onlyFinding, OPTIONS, samplesIn } from "./samples.ts";

const event = (more: JsonObject = {}, objectRef: JsonObject = {}): JsonObject => ({
  kind: "Event",
  apiVersion: "audit.k8s.io/v1",
  level: "Metadata",
  auditID: "a-1",
  stage: "ResponseComplete",
  requestURI: "/api/v1/namespaces/team/configmaps/c",
  verb: "get",
  user: { username: "alice", groups: ["system:authenticated"] },
  objectRef: { resource: "configmaps", namespace: "team", name: "c", apiVersion: "v1", ...objectRef },
  responseStatus: { metadata: {}, code: 200 },
  requestReceivedTimestamp: "2024-01-02T03:04:05.000001Z",
  stageTimestamp: "2024-01-02T03:04:06.000002Z",
  ...more,
});

Deno.test("Every audit sample yields one finding for each event in it", () => {
  let counted = 0;
  for (const sample of samplesIn("audit")) {
    const expected = sample.text.match(/"?auditID"?:/g)?.length ?? 0;
    const given = normalizedSample("audit", sample);
    assert.equal(given.filter(({ kind }) => kind === "finding").length, expected, sample.file);
    // One sample is wrong on purpose, and says {"kind": 0}.
    assert.equal(given.length, Math.max(1, expected), sample.file);
    counted += expected;
  }
  assert.ok(counted > 50, `only ${counted} findings`);
});

Deno.test("A sample's finding reads as a person would write it", () => {
  const cases: readonly [file: string, expected: Partial<Finding>][] = [
    ["crowdsec/k8s-audit-pod-exec-file.log", {
      category: "security",
      severity: "high",
      eventType: "audit_exec",
      title: "create pods/test-pod-1 by minikube-user",
      detectedAt: "2023-05-17T15:08:30.619910Z",
      resource: { apiVersion: "v1", kind: "Pod", name: "test-pod-1", namespace: "foo" },
      isWindowed: false,
      isState: false,
      identity: [
        "57a794de-44d3-40ee-a0ad-c0eb096eef6c",
        "create",
        "/api/v1/namespaces/foo/pods/test-pod-1/exec?command=%2Fbin%2Fbash&container=centos&stdin=true&stdout=true&tty=true",
        "minikube-user",
        "2023-05-17T15:08:22.763960Z",
      ],
    }],
    // Only its start was logged.
    ["falco/exec_pod.json", { severity: "high", eventType: "audit_exec" }],
    ["crowdsec/k8s-audit-priv-pod-file.log", { severity: "critical", eventType: "audit_create" }],
    ["falco/create_nginx_pod_privileged_2nd_container.json", {
      severity: "critical",
      title: "create pods by system:serviceaccount:kube-system:replicaset-controller",
      resource: {
        apiVersion: "v1",
        kind: "Pod",
        name: "nginx-deployment-544b59f8b8-ffkxm",
        namespace: "default",
      },
    }],
    ["falco/create_nginx_pod_unprivileged.json", { severity: "low" }],
    ["falco/create_cluster_role_wildcard_resources.json", {
      severity: "critical",
      resource: { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", name: "some-reader" },
    }],
    ["falco/create_cluster_role_pod_exec.json", { severity: "high" }],
    ["falco/create_clusterrolebinding.json", { severity: "high" }],
    ["falco/modify_cluster_role_node_problem_detector.json", { severity: "high", eventType: "audit_patch" }],
    ["falco/delete_clusterrole.json", { severity: "high", eventType: "audit_delete" }],
    ["falco/delete_deployment.json", {
      severity: "medium",
      title: "delete deployments/nginx-deployment by minikube-user",
      resource: {
        apiVersion: "extensions/v1beta1",
        kind: "Deployment",
        name: "nginx-deployment",
        namespace: "default",
      },
    }],
    ["falco/create_secret.json", {
      severity: "low",
      title: "create secrets/example-secret by minikube-user",
    }],
    ["docs/watch-test-go-L32.json", {
      severity: "info",
      eventType: "audit_get",
      title: "get pods/test by test",
    }],
    // Two dates of another kind in v1beta1.
    ["docs/kubernetes-audit-md-L122.json", { severity: "low", detectedAt: "2018-10-20T00:18:28.428398Z" }],
    ["mutationlab-normalised/configmap__record-and-reject__audit.create.yaml", {
      severity: "medium",
      detectedAt: undefined,
    }],
    ["mutationlab-normalised/widget__crd-conversion__audit.create.yaml", {
      resource: {
        apiVersion: "mutationlab.configbutler.ai/v1",
        kind: "Widget",
        name: "w1",
        namespace: "<ns-1>",
      },
    }],
    // Nobody says its kind: then its plural stands there.
    ["gitops-reverser/audit-deletecollection-official-raw-hollow.json", {
      severity: "medium",
      eventType: "audit_deletecollection",
      title: "deletecollection flunders by system:admin",
      resource: { apiVersion: "wardle.example.com/v1alpha1", kind: "flunders", namespace: "example-raw" },
    }],
  ];
  for (const [file, expected] of cases) {
    const finding = findingsIn("audit", `audit/${file}`)[0] as Finding;
    const given = Object.fromEntries(
      Object.keys(expected).map((key) => [key, finding[key as keyof Finding]]),
    );
    assert.deepEqual(given, expected, file);
  }
});

Deno.test("Details never hold an object, nor the value of a secret in the URI", () => {
  const secrets = ["MY-KEY", "never-commit-this", "requestObject", "responseObject", "stringData"];
  for (const sample of samplesIn("audit")) {
    const text = JSON.stringify(
      normalizedSample("audit", sample).map((item) =>
        item.kind === "finding" ? { ...item.finding, identity: [] } : item
      ),
    );
    for (const secret of secrets) assert.ok(!text.includes(secret), `${secret} in ${sample.file}`);
  }
  const uri = "/api/v1/namespaces/n/pods/p/exec?command=sh&token=t0p&api_key=t0p&stdin=true";
  assert.equal(
    onlyFinding("audit", event({ requestURI: uri })).details.requestURI,
    "/api/v1/namespaces/n/pods/p/exec?command=sh&token=[redacted]&api_key=[redacted]&stdin=true",
  );
});

Deno.test("Only complete requests are taken, of streams their start too, and what else is asked for", () => {
  const cases: readonly [stage: string, subresource: string, asked: readonly string[], isTaken: boolean][] = [
    ["ResponseComplete", "", [], true],
    ["Panic", "", [], true],
    ["RequestReceived", "", [], false],
    ["ResponseStarted", "", [], false],
    ["ResponseStarted", "log", [], false],
    ["ResponseStarted", "exec", [], true],
    ["ResponseStarted", "attach", [], true],
    ["ResponseStarted", "portforward", [], true],
    ["ResponseStarted", "proxy", [], true],
    ["RequestReceived", "exec", [], false],
    ["RequestReceived", "", ["RequestReceived"], true],
    ["ResponseStarted", "", ["RequestReceived"], false],
  ];
  for (const [stage, subresource, stages, isTaken] of cases) {
    const [given] = normalized("audit", event({ stage }, { subresource }), { stages });
    const expected = isTaken ? "finding" : "filtered stage";
    assert.equal(
      given?.kind === "filtered" ? `filtered ${given.reason}` : given?.kind,
      expected,
      `${stage} ${subresource}`,
    );
  }
});

Deno.test("The start and the end of an exec have one identity", () => {
  const start = event({ stage: "ResponseStarted", stageTimestamp: "2024-01-01T00:00:01Z" }, {
    subresource: "exec",
  });
  const end = event({ stageTimestamp: "2024-01-01T09:00:00Z" }, { subresource: "exec" });
  assert.deepEqual(onlyFinding("audit", start).identity, onlyFinding("audit", end).identity);
});

Deno.test("What this installation caused itself is filtered", () => {
  const self = { ...OPTIONS.self, username: "system:serviceaccount:zen-system:zen-watcher" };
  const own = event({ user: { username: self.username } });
  const cases: readonly [JsonObject, typeof self | typeof OPTIONS.self, string][] = [
    [own, self, "filtered"],
    [own, OPTIONS.self, "finding"],
    [event({ user: {} }), OPTIONS.self, "finding"],
    [event(), self, "finding"],
    [event({}, { apiGroup: "zen.kube-zen.io", resource: "observations" }), OPTIONS.self, "filtered"],
    [
      event({}, { apiVersion: "zen.kube-zen.io/v1alpha1", resource: "observations" }),
      OPTIONS.self,
      "filtered",
    ],
    [event({}, { apiGroup: "zen.kube-zen.io.example", resource: "observations" }), OPTIONS.self, "finding"],
  ];
  for (const [payload, who, expected] of cases) {
    const [given] = normalized("audit", payload, { self: who });
    assert.equal(given?.kind, expected, JSON.stringify(payload));
    if (given?.kind === "filtered") assert.equal(given.reason, "self");
  }
});

Deno.test("Batches are split, and their items need not say what they are", () => {
  const { kind: _kind, apiVersion: _apiVersion, ...bare } = event();
  const list = {
    kind: "EventList",
    apiVersion: "audit.k8s.io/v1",
    metadata: {},
    items: [bare, event(), { a: 1 }, null],
  };
  const kinds = (payload: Json): readonly string[] => normalized("audit", payload).map(({ kind }) => kind);
  assert.deepEqual(kinds(list), ["finding", "finding", "rejected", "rejected"]);
  assert.deepEqual(kinds(bare), ["finding"]);
  assert.deepEqual(kinds([bare, bare]), ["finding", "finding"]);
  assert.deepEqual(kinds({ ...list, items: [] }), []);
  assert.deepEqual(kinds({ ...list, items: null }), []);
  assert.deepEqual(kinds({ ...list, items: 7 }), ["rejected"]);
  assert.deepEqual(kinds({ kind: "Event", apiVersion: "v1", metadata: { uid: "u" } }), ["rejected"]);
});

Deno.test("Versions v1alpha1 and v1beta1 are read too", () => {
  const finding = onlyFinding("audit", {
    ...event({ apiVersion: "audit.k8s.io/v1alpha1", timestamp: "2018-01-02T03:04:05Z" }),
    stageTimestamp: null,
    requestReceivedTimestamp: null,
    objectRef: { resource: "deployments", namespace: "team", name: "d", apiVersion: "apps/v1" },
  });
  assert.equal(finding.detectedAt, "2018-01-02T03:04:05Z");
  assert.deepEqual(finding.resource, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    name: "d",
    namespace: "team",
  });
});

Deno.test("Titles say what was done to what, and by whom, as far as that is known", () => {
  const cases: readonly [JsonObject, string, string][] = [
    [event(), "get configmaps/c by alice", "audit_get"],
    [event({ verb: "create" }, { name: "" }), "create configmaps by alice", "audit_create"],
    [event({ user: null }), "get configmaps/c by unknown user", "audit_get"],
    [
      event({ objectRef: null, requestURI: "/healthz?verbose" }),
      "get /healthz by alice",
      "audit_get",
    ],
    [event({ verb: "GET" }), "get configmaps/c by alice", "audit_get"],
    [event({}, { subresource: "status" }), "get configmaps/c by alice", "audit_get"],
    [
      event({ verb: "get" }, { subresource: "portforward" }),
      "get configmaps/c by alice",
      "audit_portforward",
    ],
  ];
  for (const [payload, title, eventType] of cases) {
    const finding = onlyFinding("audit", payload);
    assert.deepEqual([finding.title, finding.eventType], [title, eventType]);
  }
});

Deno.test("The kind of a sent or answered object is its own only when it is that object", () => {
  const cases: readonly [JsonObject, JsonObject, string][] = [
    [{ requestObject: { kind: "DeleteOptions" } }, { resource: "widgets" }, "widgets"],
    [{ requestObject: { kind: "Widget" } }, { resource: "widgets" }, "Widget"],
    [{ responseObject: { kind: "GatewayPolicy" } }, { resource: "gatewaypolicies" }, "GatewayPolicy"],
    [{ responseObject: { kind: "WidgetList" } }, { resource: "widgets" }, "widgets"],
    [{ responseObject: { kind: "Status" } }, { resource: "pods" }, "Pod"],
    [{ requestObject: { kind: "Eviction" } }, { resource: "pods", subresource: "eviction" }, "Pod"],
  ];
  for (const [objects, reference, kind] of cases) {
    assert.equal(
      onlyFinding("audit", event(objects, reference)).resource?.kind,
      kind,
      JSON.stringify(objects),
    );
  }
});
