import assert from "node:assert/strict";
import { readSettings } from "../../src/cli/read_settings.ts";
import { misfits } from "../../src/cli/relations.ts";
import type { SettingValues } from "../../src/cli/settings.ts";

const read = readSettings(new Map(), {});
assert.equal(read.kind, "values");
const defaults = read.values;

const fitting: readonly (readonly [string, Partial<SettingValues>])[] = [
  ["the defaults", {}],
  ["two replicas that elect", { replicaCount: 2 }],
  ["one replica that leads always", { leaderElectionMode: "disabled", replicaCount: 1 }],
  ["timings that are just far enough apart", {
    leaseDurationSeconds: 11,
    renewDeadlineSeconds: 10,
    retryPeriodSeconds: 8.333,
  }],
  ["impossible timings where nobody elects", { leaderElectionMode: "disabled", renewDeadlineSeconds: 100 }],
  ["two ports that are any", { webhookPort: 0, metricsPort: 0 }],
  ["a certificate with its key and who signs senders", {
    tlsCertificateFile: "a",
    tlsKeyFile: "b",
    tlsClientCaFile: "c",
  }],
];
for (const [name, values] of fitting) {
  Deno.test(`${name} fit together`, () => assert.deepEqual(misfits({ ...defaults, ...values }), []));
}

const unfitting: readonly (readonly [string, Partial<SettingValues>, readonly string[]])[] = [
  ["several replicas that all lead", { leaderElectionMode: "disabled", replicaCount: 2 }, [
    "Cannot take LEADER_ELECTION_MODE: disabled is for a single replica, given REPLICA_COUNT 2",
  ]],
  ["a deadline as long as the lease", { renewDeadlineSeconds: 15 }, [
    "Cannot take RENEW_DEADLINE_SECONDS: it must be less than LEASE_DURATION_SECONDS, given 15 and 15",
  ]],
  ["a retry period with no room for jitter", { retryPeriodSeconds: 8.5 }, [
    "Cannot take RETRY_PERIOD_SECONDS: 1.2 times it must be less than RENEW_DEADLINE_SECONDS, given 8.5 and 10",
  ]],
  ["the same port twice", { metricsPort: 8080 }, [
    "Cannot take METRICS_PORT: it must be another port than WEBHOOK_PORT, given 8080 for both",
  ]],
  ["a certificate without a key", { tlsCertificateFile: "a" }, [
    "Cannot take TLS_CERT_FILE: it needs TLS_KEY_FILE, given none",
  ]],
  ["a key without a certificate, with who signs senders", { tlsKeyFile: "b", tlsClientCaFile: "c" }, [
    "Cannot take TLS_KEY_FILE: it needs TLS_CERT_FILE, given none",
    "Cannot take TLS_CLIENT_CA_FILE: it needs TLS_CERT_FILE, given none",
  ]],
];
for (const [name, values, expected] of unfitting) {
  Deno.test(`${name} do not fit together`, () => {
    assert.deepEqual(misfits({ ...defaults, ...values }).map(({ problem }) => problem), expected);
  });
}
