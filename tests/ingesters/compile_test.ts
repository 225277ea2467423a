import assert from "node:assert/strict";
import { type Compiled, compileIngester, type CompileSettings } from "../../src/ingesters/compile.ts";
import type { Ingester, IngesterSpec } from "../../src/model/ingester.ts";

const settings: CompileSettings = {
  podNamespace: "zen",
  watchNamespaces: [],
  dedupWindowSeconds: 60,
  observationTtlSeconds: 3600,
  maxRequestBytes: 12 * 1024 * 1024,
  hasClientCa: false,
  destinationAllowlist: [],
};

function ingester(spec: unknown, namespace = "zen"): Ingester {
  return {
    apiVersion: "zen.kube-zen.io/v1alpha1",
    kind: "Ingester",
    metadata: { name: "one", namespace, uid: "u", resourceVersion: "1", generation: 1 },
    spec: spec as IngesterSpec,
  };
}
const compile = (spec: unknown, namespace = "zen", own: Partial<CompileSettings> = {}): Compiled =>
  compileIngester(ingester(spec, namespace), { ...settings, ...own });

/** What is watched, in short words. */
function targets(compiled: Compiled): string[] {
  assert.equal(compiled.kind, "informer", JSON.stringify(compiled));
  if (compiled.kind !== "informer") return [];
  return compiled.targets.map(({ gvr, namespace, keepNamespaces }) =>
    `${gvr.resource} ${namespace ?? "*"}${
      keepNamespaces === undefined ? "" : ` keeping ${keepNamespaces.size}`
    }`
  );
}
function messageOf(compiled: Compiled): string {
  return compiled.kind === "invalid" ? compiled.message : `not invalid but ${compiled.kind}`;
}

Deno.test("The least Ingester watches its preset's namespaced reports in its namespaces", () => {
  assert.deepEqual(targets(compile({ source: "trivy", namespaces: ["production"] })), [
    "vulnerabilityreports production",
    "configauditreports production",
    "exposedsecretreports production",
    "rbacassessmentreports production",
    "infraassessmentreports production",
  ]);
});

Deno.test("Without namespaces everything is watched, cluster reports too", () => {
  assert.deepEqual(targets(compile({ source: "kyverno" })), [
    "policyreports *",
    "clusterpolicyreports *",
    "reports *",
    "clusterreports *",
  ]);
});

Deno.test("What may be read is what the Ingester, its place and WATCH_NAMESPACE all allow", () => {
  const source = "kubernetes-events";
  assert.deepEqual(targets(compile({ source }, "team-a")), ["events team-a"]);
  assert.deepEqual(targets(compile({ source }, "zen", { watchNamespaces: ["a", "b"] })), [
    "events a",
    "events b",
  ]);
  assert.deepEqual(
    targets(compile({ source, namespaces: ["b", "c"] }, "zen", { watchNamespaces: ["a", "b"] })),
    ["events b"],
  );
  assert.match(messageOf(compile({ source, namespaces: ["other"] }, "team-a")), /may read/);
});

Deno.test("What shows a state is followed whatever its source is called", () => {
  const policyReports = { group: "wgpolicyk8s.io", version: "v1alpha2", resource: "policyreports" };
  const specOf = (source: string, gvr: unknown): string | undefined => {
    const compiled = compile({ source, ingester: "informer", informer: { gvr } });
    return compiled.kind === "informer" ? compiled.stateSpec : assert.fail(messageOf(compiled));
  };
  const renamed = specOf("renamed", policyReports);
  assert.ok(renamed !== undefined);
  assert.notEqual(renamed, specOf("kyverno", policyReports), "so another name is listed anew");
  assert.equal(specOf("renamed", { ...policyReports, group: "example.com" }), undefined);
  assert.equal(specOf("renamed", { group: "", version: "v1", resource: "events" }), undefined);
});

Deno.test("Above 20 namespaces one watch over all of them is filtered here", () => {
  const namespaces = Array.from({ length: 21 }, (_, index) => `n${index}`);
  assert.deepEqual(targets(compile({ source: "kubernetes-events", namespaces })), ["events * keeping 21"]);
  assert.equal(targets(compile({ source: "kubernetes-events", namespaces: namespaces.slice(1) })).length, 20);
});

Deno.test("A webhook's path, methods, limits and authentication have defaults from its preset", () => {
  const audit = compile({ source: "audit", webhook: { auth: { type: "none" } } });
  assert.ok(audit.kind === "webhook");
  assert.deepEqual(audit.door, {
    path: "/ingest/audit",
    methods: ["POST"],
    auth: { type: "none" },
    allowedRanges: [],
    rateLimit: undefined,
    maxBodyBytes: 12 * 1024 * 1024,
    ack: "created",
  });
  const tenant = compile(
    { source: "own", webhook: { path: "/hook", maxBodyBytes: 5, ack: "spooled" } },
    "team-a",
  );
  assert.ok(tenant.kind === "webhook");
  assert.deepEqual(tenant.door, {
    path: "/ns/team-a/hook",
    methods: ["POST"],
    auth: undefined,
    allowedRanges: [],
    rateLimit: undefined,
    maxBodyBytes: 5,
    ack: "spooled",
  });
});

Deno.test("An Ingester of logs has targets as an informer has, and the preset's logs where it does not say its own", () => {
  const compiled = compile({ source: "sealed-secrets" }, "team-a");
  assert.ok(compiled.kind === "logs", JSON.stringify(compiled));
  assert.deepEqual(compiled.logs.targets.map(({ namespace, podSelector }) => [namespace, podSelector]), [
    ["team-a", "app.kubernetes.io/name=sealed-secrets"],
  ]);
  const own = compile({
    source: "sealed-secrets",
    namespaces: ["a", "b"],
    logs: { podSelector: "name=mine", container: "main", sinceSeconds: 60 },
  });
  assert.ok(own.kind === "logs", JSON.stringify(own));
  assert.deepEqual(
    own.logs.targets.map(({ namespace, podSelector, container }) => [namespace, podSelector, container]),
    [
      ["a", "name=mine", "main"],
      ["b", "name=mine", "main"],
    ],
  );
  assert.equal(own.logs.sinceSeconds, 60);
  assert.ok(own.logs.patterns.patterns[0]?.("Error updating a/b, giving up: no key") !== undefined);
  assert.equal(compile({ source: "sealed-secrets", suspend: true }).kind, "suspended");
});

Deno.test("An Ingester of logs that cannot work says why", () => {
  const cases: readonly [unknown, RegExp][] = [
    [{ source: "own", ingester: "logs" }, /^spec\.logs\.patterns must say which lines are findings$/],
    [
      { source: "own", ingester: "logs", logs: { patterns: [{ regex: "fine" }, { regex: "(" }] } },
      /^spec\.logs\.patterns\[1\]\.regex must be a regular expression of RE2, given "\(": /,
    ],
    [{ source: "own", ingester: "logs", logs: { patterns: [{ regex: "(?=a)" }] } }, /patterns\[0\]/],
  ];
  for (const [spec, message] of cases) assert.match(messageOf(compile(spec)), message);
  const elsewhere = { source: "sealed-secrets", namespaces: ["b"] };
  assert.match(messageOf(compile(elsewhere, "team-a")), /spec\.namespaces must name a namespace/);
});

Deno.test("What this version does not do is said aloud and closes the path", () => {
  const cases: readonly [unknown, RegExp][] = [
    [{ source: "falco", destinations: [{ type: "crd", value: "other" }] }, /destinations/],
    [
      {
        source: "falco",
        destinations: [{ type: "crd", gvr: { group: "", version: "v1", resource: "secrets" } }],
      },
      /must be a custom resource/,
    ],
    [
      {
        source: "falco",
        destinations: [{ type: "crd", gvr: { group: "example.com", version: "v1", resource: "alerts" } }],
      },
      /DESTINATION_ALLOWLIST/,
    ],
    [{ source: "own", ingester: "informer" }, /informer\.gvr/],
    [{
      source: "own",
      informer: { gvr: { group: "", version: "v1", resource: "secrets" } },
      ingester: "informer",
    }, /must not be secrets/],
    [
      {
        source: "own",
        ingester: "informer",
        informer: { gvr: { group: "zen.kube-zen.io", version: "v1alpha1", resource: "observations" } },
      },
      /another one/,
    ],
    [{ source: "own", webhook: { path: "/../ingest/falco" } }, /no empty segment/],
    [{ source: "own", webhook: { path: "/a//b" } }, /no empty segment/],
    [{ source: "own", webhook: { path: "/ns/team-a/ingest/own" } }, /must not begin with \/ns\//],
    [{ source: "trivy", informer: { resyncPeriod: "9s" } }, /resyncPeriod must be 0 or at least 10s/],
    [{ source: "trivy", informer: { expiryWindow: "24h" } }, /expiryWindow needs certificates/],
  ];
  for (const [spec, expected] of cases) {
    assert.match(messageOf(compile(spec)), expected, JSON.stringify(spec));
  }
  const bad = compile({ source: "falco", destinations: [{ type: "crd", value: "other" }] });
  assert.equal(bad.kind === "invalid" ? bad.path : "", "/ingest/falco");
});

Deno.test("What people write in filters, normalization and deduplication is refused with field and place", () => {
  const cases: readonly [unknown, readonly string[]][] = [
    [{ filters: { expression: "signal.a ==" } }, [
      "spec.filters.expression: line 1, column 12: unexpected token",
    ]],
    [{ filters: { expression: "size(signal)" } }, [
      "spec.filters.expression: line 1, column 1: must give a bool",
    ]],
    [{ normalization: { title: "on {{ .a" } }, [
      "spec.normalization.title: column 4: {{ is not closed by }}",
    ]],
    [{ normalization: { resource: { name: "1" } } }, [
      "spec.normalization.resource.name: line 1, column 1: must give a string",
    ]],
    [{ normalization: { fieldMapping: [{ from: "a..b", to: "fingerprint" }] } }, [
      "spec.normalization.fieldMapping[0].from: column 3: a name is expected",
      "spec.normalization.fieldMapping[0].to: it must be title",
    ]],
    [{ deduplication: { strategy: "key", fields: ["a", "b["] } }, [
      "spec.deduplication.fields[1]: column 2: brackets hold",
    ]],
    [{ deduplication: { strategy: "key" } }, ["spec.deduplication.fields must name"]],
  ];
  for (const [more, expected] of cases) {
    const said = messageOf(compile({ source: "falco", ...more as object }));
    for (const part of expected) assert.ok(said.includes(part), `${JSON.stringify(more)}\n${said}`);
  }
});

Deno.test("What people write in filters, normalization and deduplication is in the lane", () => {
  const compiled = compile({
    source: "own",
    filters: { expression: "true", minPriority: 0.5 },
    normalization: { category: "cost" },
    deduplication: { strategy: "key", fields: ["a"] },
  });
  assert.ok(compiled.kind === "webhook");
  assert.ok(compiled.lane.conform !== undefined && compiled.lane.identify !== undefined);
  const plain = compile({ source: "own", deduplication: { strategy: "fingerprint", enabled: true } });
  assert.ok(plain.kind === "webhook");
  assert.deepEqual([plain.lane.conform, plain.lane.identify], [undefined, undefined]);
});

Deno.test("A spec that the schema refuses says every place that is wrong, and never throws", () => {
  const message = messageOf(compile({ source: "falco", filters: { minSeverity: "worst" }, extra: 1 }));
  assert.match(message, /spec\.filters\.minSeverity/);
  assert.match(message, /extra/);
  for (
    const spec of [{}, { source: 5 }, { source: "UPPER" }, { source: "a", webhook: 5 }, {
      source: "a",
      namespaces: "x",
    }]
  ) {
    assert.equal(compile(spec).kind, "invalid", JSON.stringify(spec));
  }
});

Deno.test("Suspend keeps the path, so that senders are told to come back", () => {
  assert.deepEqual(compile({ source: "falco", suspend: true }), { kind: "suspended", path: "/ingest/falco" });
});

Deno.test("Of the ConfigMaps of a preset only those of the tool are read, unless a selector says otherwise", () => {
  const selectorOf = (spec: unknown): string | undefined => {
    const compiled = compile(spec);
    assert.ok(compiled.kind === "informer");
    return compiled.targets[0]?.labelSelector;
  };
  assert.equal(selectorOf({ source: "kube-bench" }), "app=kube-bench");
  assert.equal(selectorOf({ source: "checkov", informer: { labelSelector: "a=b" } }), "a=b");
  assert.equal(selectorOf({ source: "cert-manager" }), undefined);
});

Deno.test("The lane carries window, ttl and dryRun in seconds", () => {
  const compiled = compile({
    source: "falco",
    dryRun: true,
    deduplication: { window: "5m" },
    ttl: { default: "1h", bySeverity: { critical: "48h" } },
  });
  assert.ok(compiled.kind === "webhook");
  assert.equal(compiled.lane.windowSeconds, 300);
  assert.equal(compiled.lane.isDryRun, true);
  assert.deepEqual([compiled.lane.ttlSeconds("low"), compiled.lane.ttlSeconds("critical")], [3600, 172800]);
});

Deno.test("How often all is listed again, and what is near its end, are read from the spec", () => {
  const cases: readonly [unknown, number | undefined, number | undefined][] = [
    [{}, undefined, undefined],
    [{ resyncPeriod: "0" }, undefined, undefined],
    [{ resyncPeriod: "0s" }, undefined, undefined],
    [{ resyncPeriod: "1h30m" }, 5_400_000, undefined],
    [{ expiryWindow: "36h" }, undefined, 129_600],
  ];
  for (const [informer, resync, window] of cases) {
    const compiled = compile({ source: "cert-manager", informer });
    assert.ok(compiled.kind === "informer", JSON.stringify([informer, compiled]));
    assert.deepEqual([compiled.resyncMilliseconds, compiled.lane.expiryWindowSeconds], [resync, window]);
  }
});

Deno.test("What the operator allows is written, and never read again", () => {
  const alerts = { group: "example.com", version: "v1", resource: "alerts" };
  const own = { destinationAllowlist: [alerts] };
  const compiled = compile({ source: "falco", destinations: [{ type: "crd", gvr: alerts }] }, "zen", own);
  assert.equal(compiled.kind, "webhook");
  if (compiled.kind !== "webhook") return;
  assert.deepEqual(compiled.lane.destinations, { areObservationsWritten: false, others: [alerts] });
  assert.equal(compiled.lane.budget, undefined, "which bounds Observations alone");
  const reading = { source: "own", ingester: "informer", informer: { gvr: alerts } };
  assert.match(messageOf(compile(reading, "zen", own)), /would come back/);
});
