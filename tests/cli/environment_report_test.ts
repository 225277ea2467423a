import assert from "node:assert/strict";
import { parse } from "yaml";
import {
  type EnvironmentParts,
  environmentReport,
  environmentText,
  type SettingRow,
} from "../../src/cli/environment_report.ts";
import { readSettings } from "../../src/cli/read_settings.ts";
import { ENVIRONMENT_NAMES, SETTINGS } from "../../src/cli/settings.ts";

const KUBECONFIG = `{current-context: c, contexts: [{name: c, context: {cluster: c, namespace: team}}],
  clusters: [{name: c, cluster: {server: "https://name:word@api.example:6443"}}]}`;

interface Scene {
  readonly flags?: Record<string, string>;
  readonly environment?: Record<string, string>;
  readonly setNames?: readonly string[];
}

function reportOf({ flags = {}, environment = {}, setNames }: Scene): ReturnType<typeof environmentReport> {
  const read = readSettings(new Map(Object.entries(flags)), environment);
  const parts: EnvironmentParts = {
    sources: {
      environment,
      readTextFile(path) {
        if (path === "/kubeconfig") return KUBECONFIG;
        throw new Deno.errors.NotFound(path);
      },
      mayConnect: () => true,
    },
    machine: { unreadable: (path) => path === "/kubeconfig" ? undefined : "there is no such file" },
    setNames,
  };
  return environmentReport(read.given, read.kind === "mistake" ? read.problems : [], parts);
}

function row(scene: Scene, name: keyof typeof SETTINGS): SettingRow | undefined {
  return reportOf(scene).settings.find(({ flag }) => flag === SETTINGS[name].flag);
}

Deno.test("every setting and every other variable that is read has its row", () => {
  const { settings } = reportOf({});
  assert.equal(settings.filter(({ flag }) => flag !== undefined).length, Object.keys(SETTINGS).length);
  for (const name of ENVIRONMENT_NAMES) {
    assert.ok(settings.some(({ environment }) => environment === name), name);
  }
});

Deno.test("a value is from the flag, the environment, a file or the default", () => {
  const scene = {
    flags: { "--webhook-port": "1" },
    environment: { WEBHOOK_PORT: "2", LOG_LEVEL: "debug", KUBECONFIG: "/kubeconfig" },
  };
  const short = (name: keyof typeof SETTINGS): readonly unknown[] => {
    const found = row(scene, name);
    return [found?.value, found?.from, found?.default];
  };
  assert.deepEqual(short("webhookPort"), ["1", "flag", "8080"]);
  assert.deepEqual(short("logLevel"), ["debug", "environment", "info"]);
  assert.deepEqual(short("metricsPort"), ["9090", "default", "9090"]);
  assert.deepEqual(short("podNamespace"), ["team", "file", undefined]);
  assert.deepEqual(short("releaseName"), ["", "default", undefined]);
  assert.deepEqual(short("spoolFolder"), [".zen-watcher/spool", "default", undefined]);
  assert.equal(row({}, "podNamespace")?.value, "default");
  const inPod = { environment: { KUBERNETES_SERVICE_HOST: "10.0.0.1" } };
  assert.equal(row(inPod, "spoolFolder")?.value, "/var/lib/zen-watcher/spool");
  assert.equal(row({ environment: { OBSERVATION_TTL_SECONDS: "60" } }, "observationTtlDays")?.value, "");
});

Deno.test("mistakes are shown beside the values as they were given", () => {
  const report = reportOf({ environment: { LOG_LEVEL: "loud", METRICS_PORT: "x" } });
  assert.equal(report.problems.length, 2);
  assert.equal(report.settings.find(({ environment }) => environment === "LOG_LEVEL")?.value, "loud");
});

Deno.test("files are named and not shown, and a password in an address is left out", () => {
  const scene = {
    flags: { "--server": "https://somebody:hidden-word@proxy.example" },
    environment: { KUBECONFIG: "/kubeconfig", BOARD_TOKEN_FILE: "/board/token" },
  };
  for (const format of ["table", "json", "yaml"] as const) {
    const text = environmentText(reportOf(scene), format);
    assert.match(text, /\/board\/token/);
    assert.match(text, /\[redacted\]@proxy\.example/);
    assert.doesNotMatch(text, /hidden-word/);
  }
  assert.match(
    environmentText(reportOf(scene), "table"),
    /BOARD_TOKEN_FILE +\/board\/token +cannot be read: there is no/,
  );
  const found = reportOf({ environment: { KUBECONFIG: "/kubeconfig" } });
  assert.equal(found.apiServer, "https://[redacted]@api.example:6443");
});

Deno.test("an API server that cannot be found is said, and is no obstacle", () => {
  assert.match(environmentText(reportOf({}), "table"), /API server: Cannot find an API server/);
  assert.match(reportOf({ environment: { KUBECONFIG: "/none" } }).apiServer, /Cannot read \/none/);
});

Deno.test("misspelt variables are named where they can be seen; where not, that is said", () => {
  const seen = reportOf({ setNames: ["PATH", "WEBHOK_PORT", "ZEN_WATCHER_COLOUR"] });
  assert.equal(seen.unseen, undefined);
  const text = environmentText(seen, "table");
  assert.match(text, /Nobody reads WEBHOK_PORT: did you mean WEBHOOK_PORT/);
  assert.match(text, /Nobody reads ZEN_WATCHER_COLOUR\n/);
  const blind = environmentText(reportOf({}), "table");
  assert.match(blind, new RegExp(`cannot be seen.*name the ${ENVIRONMENT_NAMES.length} that it reads`));
});

Deno.test("machines read the same as JSON or YAML", () => {
  const report = reportOf({ environment: { KUBECONFIG: "/kubeconfig", TLS_KEY_FILE: "/key" } });
  const json = JSON.parse(environmentText(report, "json"));
  assert.deepEqual(
    json.files.map(({ setting, readable }: { setting: string; readable: boolean }) => [setting, readable]),
    [
      ["KUBECONFIG", true],
      ["TLS_KEY_FILE", false],
    ],
  );
  const yaml = parse(environmentText(report, "yaml"));
  assert.equal(yaml.settings.length, json.settings.length);
  assert.deepEqual(yaml.problems, json.problems);
});
