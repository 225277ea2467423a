import assert from "node:assert/strict";
import { readSettings } from "../../src/cli/read_settings.ts";
import type { SettingValues } from "../../src/cli/settings.ts";

function values(flags: Record<string, string>, environment: Record<string, string>): SettingValues {
  const read = readSettings(new Map(Object.entries(flags)), environment);
  assert.equal(read.kind, "values", read.kind === "mistake" ? read.problems.join("; ") : "");
  return read.values;
}

function problems(flags: Record<string, string>, environment: Record<string, string>): readonly string[] {
  const read = readSettings(new Map(Object.entries(flags)), environment);
  assert.equal(read.kind, "mistake");
  return read.problems;
}

Deno.test("without flags and environment every setting has its default", () => {
  const { webhookPort, metricsPort, dedupWindowSeconds, dedupMaxSize, gcIntervalMilliseconds, ...rest } =
    values({}, {});
  assert.deepEqual({ webhookPort, metricsPort, dedupWindowSeconds, dedupMaxSize, gcIntervalMilliseconds }, {
    webhookPort: 8080,
    metricsPort: 9090,
    dedupWindowSeconds: 60,
    dedupMaxSize: 10000,
    gcIntervalMilliseconds: 600_000,
  });
  assert.equal(rest.leaderElectionId, "zen-watcher-leader-election");
  assert.deepEqual(rest.watchNamespaces, []);
  assert.equal(rest.podNamespace, undefined);
});

Deno.test("a flag wins over the environment", () => {
  assert.equal(values({ "--webhook-port": "1" }, { WEBHOOK_PORT: "2" }).webhookPort, 1);
});

Deno.test("a wrong variable is no mistake when a flag wins over it", () => {
  assert.equal(values({ "--webhook-port": "1" }, { WEBHOOK_PORT: "x" }).webhookPort, 1);
});

Deno.test("an empty variable is one that is not set", () => {
  assert.equal(values({}, { WEBHOOK_PORT: "", POD_NAMESPACE: "" }).webhookPort, 8080);
});

Deno.test("everything that is wrong is said at once, with what must hold and what was given", () => {
  assert.deepEqual(
    problems({ "--webhook-port": "http" }, {
      LOG_LEVEL: "loud",
      WATCH_NAMESPACE: "a,B",
      GC_INTERVAL: "10",
      RENEW_DEADLINE_SECONDS: "15",
    }),
    [
      'Cannot take WATCH_NAMESPACE: it must be namespaces separated by commas, each lower-case letters, digits and hyphens, at most 63, given "a,B"',
      'Cannot take --webhook-port: it must be a port from 1 to 65535, or 0 for any free one, given "http"',
      'Cannot take GC_INTERVAL: it must be a duration from 1s to 24h, such as 90s or 1h30m, given "10"',
      'Cannot take LOG_LEVEL: it must be debug, info, warn or error, given "loud"',
      "Cannot take RENEW_DEADLINE_SECONDS: it must be less than LEASE_DURATION_SECONDS, given 15 and 15",
    ],
  );
});

const lifetimes: readonly {
  readonly name: string;
  readonly flags: Record<string, string>;
  readonly environment: Record<string, string>;
  readonly expected: readonly [seconds: number | undefined, days: number];
}[] = [
  {
    name: "in seconds by flag wins over days of the environment",
    flags: { "--observation-ttl-seconds": "60" },
    environment: { OBSERVATION_TTL_DAYS: "2" },
    expected: [60, 7],
  },
  {
    name: "in days by flag wins over seconds of the environment",
    flags: { "--observation-ttl-days": "2" },
    environment: { OBSERVATION_TTL_SECONDS: "60" },
    expected: [undefined, 2],
  },
];
for (const { name, flags, environment, expected } of lifetimes) {
  Deno.test(`a lifetime ${name}`, () => {
    const { observationTtlSeconds, observationTtlDays } = values(flags, environment);
    assert.deepEqual([observationTtlSeconds, observationTtlDays], expected);
  });
}

Deno.test("a lifetime given twice by the same way is a mistake", () => {
  assert.deepEqual(problems({}, { OBSERVATION_TTL_SECONDS: "60", OBSERVATION_TTL_DAYS: "1" }), [
    'Cannot take OBSERVATION_TTL_SECONDS together with OBSERVATION_TTL_DAYS: only one may be given, given "60" and "1"',
  ]);
});

Deno.test("a value that is wrong by itself is not compared with others", () => {
  assert.deepEqual(problems({}, { LEASE_DURATION_SECONDS: "no", RENEW_DEADLINE_SECONDS: "600" }), [
    'Cannot take LEASE_DURATION_SECONDS: it must be a whole number from 1 to 3600, given "no"',
  ]);
});
