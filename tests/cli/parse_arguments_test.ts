import assert from "node:assert/strict";
import { type Command, parseArguments } from "../../src/cli/parse_arguments.ts";

function letters(
  verb: "list" | "replay" | "drop",
  ids: readonly string[] | "all",
  output: "table" | "json" | "yaml" = "table",
): Extract<Command, { kind: "deadletters" }> {
  return { kind: "deadletters", verb, ids, output, spoolFolder: undefined };
}

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
  ["deadletters list", letters("list", [])],
  ["deadletters list abc -o json", letters("list", ["abc"], "json")],
  ["deadletters replay abc def --output=yaml", letters("replay", ["abc", "def"], "yaml")],
  ["deadletters drop --all --spool-dir /data", { ...letters("drop", "all"), spoolFolder: "/data" }],
  ["deadletters --help", { kind: "help", topic: "deadletters" }],
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
  ["crds --webhook-port 1", {}, [
    "Cannot take --webhook-port: it must go with run or doctor, given with crds",
  ]],
  ["deadletters", {}, [
    "Cannot take deadletters: it must be followed by list, replay or drop, given none",
  ]],
  ["deadletters bury abc -o xml --once", {}, [
    "Cannot take --once: it must go with demo, given with deadletters",
    "Cannot take deadletters: it must be followed by list, replay or drop, given bury",
    'Cannot take --output: it must be table, json or yaml, given "xml"',
  ]],
  ["deadletters drop", {}, [
    "Cannot take deadletters drop: it must be followed by ids or --all, given neither",
  ]],
  ["deadletters drop abc --all", {}, ['Cannot take --all together with "abc": only one may be given']],
  ["run -o json", {}, ["Cannot take --output: it must go with doctor or deadletters, given with run"]],
  ["doctor now --once -o xml --log-level loud", {}, [
    'Cannot take "now": doctor must be called without further words',
    "Cannot take --once: it must go with demo, given with doctor",
    'Cannot take --output: it must be table, json or yaml, given "xml"',
    'Cannot take --log-level: it must be debug, info, warn or error, given "loud"',
  ]],
  ["doctor --env --once", { LOG_LEVEL: "loud" }, [
    "Cannot take --once: it must go with demo, given with doctor",
    'Cannot take LOG_LEVEL: it must be debug, info, warn or error, given "loud"',
  ]],
  ["run --all", {}, ["Cannot take --all: it must go with deadletters, given with run"]],
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
  assert.equal(parseArguments([], { MAX_WATCHES: "7" }).kind, "run");
  assert.equal(parseArguments([], { MAX_WATCHES: "many" }).kind, "mistake");
});

Deno.test("deadletters looks where SPOOL_DIR says, unless a flag says otherwise", () => {
  const environment = { SPOOL_DIR: "/from/environment" };
  const folderOf = (line: string): unknown => {
    const command = parseArguments(line.split(" "), environment);
    return command.kind === "deadletters" ? command.spoolFolder : command;
  };
  assert.equal(folderOf("deadletters list"), "/from/environment");
  assert.equal(folderOf("deadletters list --spool-dir /given"), "/given");
});

Deno.test("doctor looks with the settings of run, from flags and environment", () => {
  const command = parseArguments(["doctor", "--webhook-port", "8081", "-o", "yaml"], {
    METRICS_PORT: "9091",
  });
  assert.equal(command.kind, "doctor");
  assert.deepEqual(
    [command.config.listen.webhookPort, command.config.listen.metricsPort, command.output],
    [8081, 9091, "yaml"],
  );
});

Deno.test("doctor --env shows settings also when they are wrong", () => {
  const command = parseArguments(["doctor", "--env"], { LOG_LEVEL: "loud", METRICS_PORT: "9091" });
  assert.equal(command.kind, "doctor-env");
  assert.deepEqual(command.problems, [
    'Cannot take LOG_LEVEL: it must be debug, info, warn or error, given "loud"',
  ]);
  assert.deepEqual([...command.given.keys()], ["metricsPort", "logLevel"]);
  assert.equal(command.output, "table");
});
