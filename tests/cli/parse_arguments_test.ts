import assert from "node:assert/strict";
import { type Command, parseArguments } from "../../src/cli/parse_arguments.ts";

const commands: readonly (readonly [string, Command])[] = [
  ["demo", { kind: "demo", isOnce: false }],
  ["demo --once", { kind: "demo", isOnce: true }],
  ["--once demo", { kind: "demo", isOnce: true }],
  ["crds", { kind: "crds" }],
  ["version", { kind: "version" }],
  ["--version", { kind: "version" }],
  ["run --version", { kind: "version" }],
  ["-h", { kind: "help", topic: undefined }],
  ["--help", { kind: "help", topic: undefined }],
  ["help", { kind: "help", topic: undefined }],
  ["help run", { kind: "help", topic: "run" }],
  ["demo --help", { kind: "help", topic: "demo" }],
  ["run --webhook-port abc --help", { kind: "help", topic: "run" }],
  ["-- crds", { kind: "crds" }],
];
for (const [line, expected] of commands) {
  Deno.test(`zen-watcher ${line}`, () => assert.deepEqual(parseArguments(line.split(" "), {}), expected));
}

const runs: readonly string[] = [
  "--webhook-port 8081 --server http://127.0.0.1:8001",
  "run --webhook-port 8081 --server http://127.0.0.1:8001",
  "run --webhook-port=8081 --server=http://127.0.0.1:8001",
  "--webhook-port 8081 --server http://127.0.0.1:8001 run",
  "run --webhook-port 1 --webhook-port 8081 --server http://127.0.0.1:8001",
];
for (const line of runs) {
  Deno.test(`zen-watcher ${line} runs with those settings`, () => {
    const command = parseArguments(line.split(" "), {});
    assert.equal(command.kind, "run");
    assert.equal(command.config.listen.webhookPort, 8081);
    assert.equal(command.config.cluster.server, "http://127.0.0.1:8001");
  });
}

Deno.test("without arguments it runs, as the environment says", () => {
  const command = parseArguments([], { POD_NAME: "zen-0", POD_NAMESPACE: "zen" });
  assert.equal(command.kind, "run");
  assert.equal(command.config.podName, "zen-0");
  assert.equal(command.config.podNamespace, "zen");
});

const mistakes: readonly (readonly [string, Record<string, string>, readonly string[]])[] = [
  ["--webook-port 8081", {}, ["Unknown flag --webook-port: did you mean --webhook-port"]],
  ["--nothing-like-it", {}, ["Unknown flag --nothing-like-it: see zen-watcher --help"]],
  ["--onec demo", {}, ["Unknown flag --onec: did you mean --once"]],
  ["-x", {}, ["Unknown flag -x: see zen-watcher --help"]],
  ["dmeo", {}, ["Unknown command dmeo: did you mean demo"]],
  ["help dmeo", {}, ["Unknown command dmeo: did you mean demo"]],
  ["run fast now", {}, ['Cannot take "fast", "now": run must be called without further words']],
  ["--webhook-port", {}, ["Cannot take --webhook-port: it must be followed by its value, given none"]],
  ["--once=yes demo", {}, ["Cannot take --once=yes: --once must be given without a value"]],
  ["run --once", {}, ["Cannot take --once: it must go with demo, given with run"]],
  ["crds --webhook-port 1", {}, ["Cannot take --webhook-port: it must go with run, given with crds"]],
  ["--pod-namespace= --webhok-port 1 --metrics-port x", { LOG_FORMAT: "xml" }, [
    "Unknown flag --webhok-port: did you mean --webhook-port",
    'Cannot take --pod-namespace: it must be a namespace: lower-case letters, digits and hyphens, at most 63, given ""',
    'Cannot take --metrics-port: it must be a port from 1 to 65535, or 0 for any free one, given "x"',
    'Cannot take LOG_FORMAT: it must be json or text, given "xml"',
  ]],
];
for (const [line, environment, problems] of mistakes) {
  Deno.test(`zen-watcher ${line} is a mistake, and everything that is wrong is said`, () => {
    assert.deepEqual(parseArguments(line.split(" "), environment), { kind: "mistake", problems });
  });
}

Deno.test("a wrong variable is no mistake of a command that reads no settings", () => {
  assert.deepEqual(parseArguments(["crds"], { WEBHOOK_PORT: "x" }), { kind: "crds" });
});

Deno.test("a variable without effect yet is taken, and checked", () => {
  assert.equal(parseArguments([], { SPOOL_MAX_BYTES: "1048576" }).kind, "run");
  assert.equal(parseArguments([], { SPOOL_MAX_BYTES: "much" }).kind, "mistake");
});
