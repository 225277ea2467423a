import assert from "node:assert/strict";
import { ENVIRONMENT_NAMES, SETTINGS } from "../../src/cli/settings.ts";

const settings = Object.values(SETTINGS);

Deno.test("every default is one that its own reader takes", () => {
  for (const { flag, reader, default: text } of settings) {
    if (text !== undefined) assert.notEqual(reader.read(text), undefined, flag);
  }
});

Deno.test("every variable has a flag of the same name", () => {
  for (const { env, flag } of settings) {
    if (env !== undefined) assert.equal(flag, `--${env.toLowerCase().replaceAll("_", "-")}`);
  }
});

Deno.test("no two settings share a flag or a variable", () => {
  const flags = settings.map((setting) => setting.flag);
  assert.equal(new Set(flags).size, flags.length);
  assert.equal(new Set(ENVIRONMENT_NAMES).size, ENVIRONMENT_NAMES.length);
});

Deno.test("the environment's names are those of the documents, and what finding a cluster needs", () => {
  assert.deepEqual([...ENVIRONMENT_NAMES].sort(), [
    "BIND_ADDRESS",
    "BOARD_TOKEN_FILE",
    "DEDUP_MAX_SIZE",
    "DEDUP_WINDOW_SECONDS",
    "DESTINATION_ALLOWLIST",
    "FILTER_CONFIGMAP_NAME",
    "GC_INTERVAL",
    "HOME",
    "HOSTNAME",
    "INGESTER_NAMESPACES",
    "INGESTER_NAMESPACES_EXCLUDE",
    "KUBECONFIG",
    "KUBERNETES_SERVICE_HOST",
    "KUBERNETES_SERVICE_PORT",
    "LEADER_ELECTION_ID",
    "LEADER_ELECTION_MODE",
    "LEASE_DURATION_SECONDS",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "MAX_REQUEST_BYTES",
    "MAX_WATCHES",
    "METRICS_PORT",
    "NO_COLOR",
    "OBSERVATION_NAMESPACE",
    "OBSERVATION_TTL_DAYS",
    "OBSERVATION_TTL_SECONDS",
    "POD_NAME",
    "POD_NAMESPACE",
    "RELEASE_NAME",
    "RENEW_DEADLINE_SECONDS",
    "REPLICA_COUNT",
    "RETRY_PERIOD_SECONDS",
    "SPOOL_DIR",
    "SPOOL_MAX_AGE",
    "SPOOL_MAX_BYTES",
    "TLS_CERT_FILE",
    "TLS_CLIENT_CA_FILE",
    "TLS_KEY_FILE",
    "TRUSTED_PROXY_CIDRS",
    "WATCH_NAMESPACE",
    "WEBHOOK_PORT",
    "WRITE_CONCURRENCY",
  ]);
});
