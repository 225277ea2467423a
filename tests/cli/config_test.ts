import assert from "node:assert/strict";
import { type Config, configOf, identityOf, isLookedIn, namespacesOf } from "../../src/cli/config.ts";
import { readSettings } from "../../src/cli/read_settings.ts";

function config(environment: Record<string, string>): Config {
  const read = readSettings(new Map(), environment);
  assert.equal(read.kind, "values");
  return configOf(read.values);
}

Deno.test("the configuration is in the units that the code counts in", () => {
  const { leaderElection, observationTtlSeconds, gcIntervalMilliseconds } = config({
    RETRY_PERIOD_SECONDS: "0.5",
  });
  assert.deepEqual(leaderElection, {
    isEnabled: true,
    leaseName: "zen-watcher-leader-election",
    leaseDurationMilliseconds: 15_000,
    renewDeadlineMilliseconds: 10_000,
    retryPeriodMilliseconds: 500,
  });
  assert.equal(observationTtlSeconds, 7 * 24 * 60 * 60);
  assert.equal(gcIntervalMilliseconds, 600_000);
});

Deno.test("a lifetime in seconds stands, one in days is reckoned", () => {
  assert.equal(config({ OBSERVATION_TTL_SECONDS: "90" }).observationTtlSeconds, 90);
  assert.equal(config({ OBSERVATION_TTL_DAYS: "1" }).observationTtlSeconds, 86_400);
});

Deno.test("LEADER_ELECTION_MODE disabled means that this process always leads", () => {
  assert.equal(config({ LEADER_ELECTION_MODE: "disabled" }).leaderElection.isEnabled, false);
});

const cases: readonly {
  readonly name: string;
  readonly environment: Record<string, string>;
  readonly context: string | undefined;
  readonly expected: ReturnType<typeof namespacesOf>;
}[] = [
  {
    name: "without anything, default",
    environment: {},
    context: undefined,
    expected: { podNamespace: "default", ingesters: { kind: "listed", namespaces: ["default"] } },
  },
  {
    name: "the context's namespace",
    environment: {},
    context: "team",
    expected: { podNamespace: "team", ingesters: { kind: "listed", namespaces: ["team"] } },
  },
  {
    name: "POD_NAMESPACE before the context's, with what is watched",
    environment: { POD_NAMESPACE: "zen", WATCH_NAMESPACE: "a,zen,b", INGESTER_NAMESPACES_EXCLUDE: "b" },
    context: "team",
    expected: { podNamespace: "zen", ingesters: { kind: "listed", namespaces: ["zen", "a"] } },
  },
  {
    name: "a list stands, but for what is left out",
    environment: { POD_NAMESPACE: "zen", INGESTER_NAMESPACES: "a,b", INGESTER_NAMESPACES_EXCLUDE: "b" },
    context: undefined,
    expected: { podNamespace: "zen", ingesters: { kind: "listed", namespaces: ["a"] } },
  },
  {
    name: "everywhere, but for what is left out",
    environment: {
      POD_NAMESPACE: "zen",
      INGESTER_NAMESPACES: "*",
      INGESTER_NAMESPACES_EXCLUDE: "kube-system",
    },
    context: undefined,
    expected: { podNamespace: "zen", ingesters: { kind: "all", except: ["kube-system"] } },
  },
];
for (const { name, environment, context, expected } of cases) {
  Deno.test(`where Ingesters are looked for: ${name}`, () => {
    assert.deepEqual(namespacesOf(config(environment), context), expected);
  });
}

Deno.test("what lies where no Ingesters are looked for is another installation's", () => {
  const looked = (environment: Record<string, string>): readonly boolean[] => {
    const { ingesters } = namespacesOf(config({ POD_NAMESPACE: "zen", ...environment }), undefined);
    return ["zen", "a", "b"].map((namespace) => isLookedIn(ingesters, namespace));
  };
  assert.deepEqual(looked({}), [true, false, false]);
  assert.deepEqual(looked({ WATCH_NAMESPACE: "a" }), [true, true, false]);
  assert.deepEqual(looked({ INGESTER_NAMESPACES: "*" }), [true, true, true]);
  const others = { INGESTER_NAMESPACES: "*", INGESTER_NAMESPACES_EXCLUDE: "b" };
  assert.deepEqual(looked(others), [true, true, false]);
});

Deno.test("a replica in a pod is called as its pod", () => {
  assert.equal(identityOf(config({ POD_NAME: "zen-0", HOSTNAME: "node" }), { random: () => 0 }), "zen-0");
});

Deno.test("any other replica is called as its host, with 8 random characters", () => {
  const numbers = [0, 0.5, 0.999999, 0.1, 0.2, 0.3, 0.4, 0.6];
  const identity = identityOf(config({ HOSTNAME: "node" }), { random: () => numbers.shift() ?? 0 });
  assert.equal(identity, "node_as9dhkov");
  assert.match(identityOf(config({}), { random: () => 0 }), /^zen-watcher_a{8}$/);
});
