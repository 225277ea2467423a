import assert from "node:assert/strict";
import type { Finding } from "../../src/model/finding.ts";
import type { Json, JsonObject } from "../../src/model/json.ts";
import { findingsIn, normalized, normalizedSample, onlyFinding, samplesIn } from "./samples.ts";

const alert = (more: JsonObject = {}, fields: JsonObject = {}): JsonObject => ({
  rule: "Some rule",
  priority: "Warning",
  output: "It happened",
  time: "2024-01-02T03:04:05.123456789Z",
  hostname: "node-1",
  output_fields: fields,
  ...more,
});

Deno.test("Every Falco sample is one finding, with the severity of its file's name", () => {
  const severities: Readonly<Record<string, string>> = {
    critical: "critical",
    error: "high",
    warning: "medium",
    notice: "low",
    informational: "info",
    debug: "info",
  };
  const samples = samplesIn("falco");
  assert.ok(samples.length >= 20);
  for (const sample of samples) {
    const given = normalizedSample("falco", sample);
    const priority = sample.file.split("/").at(-1)?.split("__")[0] ?? "";
    assert.deepEqual(
      given.map((item) => item.kind === "finding" ? [item.finding.severity, item.finding.category] : item),
      [[severities[priority], "security"]],
      sample.file,
    );
  }
});

Deno.test("A sample's finding reads as a person would write it", () => {
  const cases: readonly [file: string, expected: Partial<Finding>][] = [
    [
      "falco-website/notice__terminal-shell-in-container__falcosidekick-response-engine-part-8-fluxv2-L318.json",
      {
        severity: "low",
        eventType: "terminal_shell_in_container",
        title: "Terminal shell in container",
        rule: "Terminal shell in container",
        detectedAt: "2021-06-13T19:35:58.532086161Z",
        resource: {
          apiVersion: "v1",
          kind: "Pod",
          name: "alpine-deployment-77789455d6-m7flp",
          namespace: "default",
        },
        isWindowed: true,
        isState: false,
        identity: [
          "Terminal shell in container",
          null,
          "default",
          "alpine-deployment-77789455d6-m7flp",
          "788861c3cf83",
        ],
      },
    ],
    // "host" is no container, so process and file tell it apart.
    ["plugins/warning__read-sensitive-file-untrusted__readme-md-L51.json", {
      severity: "medium",
      eventType: "read_sensitive_file_untrusted",
      resource: { apiVersion: "v1", kind: "Node", name: "x86" },
      identity: ["Read sensitive file untrusted", "x86", null, null, null, "cat", "/etc/shadow"],
    }],
    // Talon's spelling: Rule.
    ["falco-talon/critical__test-networkpolicy__examples-txt-L7.json", {
      severity: "critical",
      eventType: "test_networkpolicy",
      title: "Test NetworkPolicy",
      resource: { apiVersion: "v1", kind: "Pod", name: "static-web", namespace: "default" },
    }],
    // An offset that is none.
    ["falco-website/error__fake-rule__extend-falco-outputs-with-falcosidekick-md-L162.json", {
      severity: "high",
      eventType: "fake_rule",
      detectedAt: undefined,
      resource: undefined,
      identity: ["Fake rule", null, null, null, null, null, "/bin/hack"],
    }],
    // The audit log as Falco sees it.
    ["falco-website/notice__attach-exec-pod__detect-threats-falco-ovh-mks-audit-logs-plugin-L212.json", {
      eventType: "attach_exec_pod",
      resource: { apiVersion: "v1", kind: "Pod", name: "nginx-676b6c5bbc-4xc6t", namespace: "hello-app" },
      identity: ["Attach/Exec Pod", "my-pool-1-node-921b61", null, null, null, null, null],
    }],
    // A plugin's host is not what it is about.
    ["plugins/notice__gcp-waf-rule-modified-or-deleted__readme-md-L189.json", {
      eventType: "gcp_waf_rule_modified_or_deleted",
      resource: undefined,
    }],
  ];
  for (const [file, expected] of cases) {
    const finding = findingsIn("falco", `falco/${file}`)[0] as Finding;
    const given = Object.fromEntries(
      Object.keys(expected).map((key) => [key, finding[key as keyof Finding]]),
    );
    assert.deepEqual(given, expected, file);
  }
});

Deno.test("Priorities are taken in any case, and as the numbers of syslog; others are info", () => {
  const cases: readonly [Json, string][] = [
    ["Emergency", "critical"],
    ["ALERT", "critical"],
    ["critical", "critical"],
    ["Error", "high"],
    ["warning", "medium"],
    ["Notice", "low"],
    ["Informational", "info"],
    ["INFO", "info"],
    ["Debug", "info"],
    [0, "critical"],
    [3, "high"],
    [7, "info"],
    [8, "info"],
    [-1, "info"],
    ["Unheard of", "info"],
    [null, "info"],
  ];
  for (const [priority, expected] of cases) {
    assert.equal(onlyFinding("falco", alert({ priority })).severity, expected, String(priority));
  }
});

Deno.test("Other spellings of the fields mean the same", () => {
  const { rule, priority, output, time, hostname, output_fields } = alert({}, { "k8s.pod.name": "p" });
  const go = onlyFinding("falco", { rule, priority, output, time, hostname, output_fields } as JsonObject);
  for (
    const spelled of [
      {
        Rule: rule,
        Priority: priority,
        Output: output,
        Time: time,
        Hostname: hostname,
        OutputFields: output_fields,
      },
      { RULE: rule, priority, output, time, hostname, outputFields: output_fields },
    ] as JsonObject[]
  ) {
    assert.deepEqual(onlyFinding("falco", spelled), go);
  }
});

Deno.test("Events on a host differ by process and file, those in a container do not", () => {
  const identity = (fields: JsonObject): string =>
    JSON.stringify(onlyFinding("falco", alert({}, fields)).identity);
  const process = (name: string, file: string): JsonObject => ({ "proc.name": name, "fd.name": file });
  assert.notEqual(identity(process("cat", "/a")), identity(process("cat", "/b")));
  assert.notEqual(identity(process("cat", "/a")), identity(process("vi", "/a")));
  for (const where of [{ "container.id": "c1" }, { "container.name": "web" }, { "k8s.pod.name": "p" }]) {
    assert.equal(
      identity({ ...where, ...process("cat", "/a") }),
      identity({ ...where, ...process("vi", "/b") }),
    );
  }
  // The id goes before the name.
  assert.equal(
    identity({ "container.id": "c1", "container.name": "a" }),
    identity({ "container.id": "c1", "container.name": "b" }),
  );
  assert.equal(identity({ "container.id": "<NA>", "k8s.pod.name": null }), identity({}));
});

Deno.test("Values under keys that name a secret do not come through, the others do", () => {
  const { details } = onlyFinding(
    "falco",
    alert({ tags: ["a"] }, { "proc.env[API_TOKEN]": "t0p", "proc.name": "x" }),
  );
  assert.deepEqual(details, {
    priority: "Warning",
    hostname: "node-1",
    tags: ["a"],
    output_fields: { "proc.env[API_TOKEN]": "[redacted]", "proc.name": "x" },
  });
});

Deno.test("Each item of a list is an alert of its own", () => {
  const given = normalized("falco", [alert(), 7, alert({ rule: "Another" })]);
  assert.deepEqual(given.map((item) => item.kind === "finding" ? item.finding.title : item.kind), [
    "Some rule",
    "rejected",
    "Another",
  ]);
});

Deno.test("What is no alert is rejected in a sentence without its values", () => {
  const cases: readonly [Json, string][] = [
    [{}, "an object without fields"],
    [{ rule: "hunter2" }, "an object with rule (a text)"],
    [{ rule: 7, output: "hunter2" }, "an object with rule (a number), output (a text)"],
    [{ rule: "", output: "hunter2" }, "an object with rule (an empty text), output (a text)"],
    ["hunter2", "a text"],
    [null, "null"],
    [[], "an empty list"],
  ];
  for (const [payload, given] of cases) {
    assert.deepEqual(normalized("falco", payload), [{
      kind: "rejected",
      reason: "wrong_shape",
      message: "Cannot take a signal of source falco: it must be an object with a text rule, " +
        `and with priority, output or output_fields, given ${given}`,
    }]);
  }
});

Deno.test("Of two spellings of a field the order of keys does not decide", () => {
  const { rule: _rule, ...rest } = alert();
  const one = onlyFinding("falco", { Rule: "a", RULE: "b", ...rest });
  const other = onlyFinding("falco", { ...rest, RULE: "b", Rule: "a" });
  assert.deepEqual(one, other);
});

Deno.test("Output fields that are none are rejected, an absent block says nothing", () => {
  for (const output_fields of ["x", [], 7]) {
    assert.equal(normalized("falco", alert({ output_fields }))[0]?.kind, "rejected");
  }
  assert.equal(normalized("falco", alert({ output_fields: null }))[0]?.kind, "finding");
});

Deno.test("A priority by its number may be a text", () => {
  assert.equal(onlyFinding("falco", alert({ priority: "4" })).severity, "medium");
  assert.equal(onlyFinding("falco", alert({ priority: 4 })).severity, "medium");
});
