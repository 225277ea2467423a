import assert from "node:assert/strict";
import { systemClock } from "../../src/run/clock.ts";
import { type Replica, startReplica } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";
import { assertConservation } from "./conservation.ts";
import {
  GUARD_MILLISECONDS,
  HOME,
  install,
  type Installation,
  nameOf,
  untilSettled,
} from "./installation.ts";
import { assertNoAccident, assertStopsSound } from "./soundness.ts";

const PARALLEL = 8;
const MAIN = decodeURIComponent(new URL("../../main.ts", import.meta.url).pathname);
const SPOOLED = "zen_watcher_spool_records";

/** A generic signal with a number of its own, and a number that no double holds. */
function numbered(prefix: string, number: number): unknown {
  return { title: `${prefix} ${number}`, sequence: number };
}

/** Sends signals, some at once; the statuses that they were answered with, in their order. */
async function send(
  replica: Replica,
  prefix: string,
  count: number,
  path = "/ingest/own",
): Promise<number[]> {
  const statuses: number[] = [];
  const queue = Array.from({ length: count }, (_, index) => index).values();
  await Promise.all(Array.from({ length: PARALLEL }, async () => {
    for (const index of queue) {
      statuses[index] = (await replica.webhook(path, numbered(prefix, index))).status;
    }
  }));
  return statuses;
}

function counts(statuses: readonly number[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const status of statuses) found[status] = (found[status] ?? 0) + 1;
  return found;
}

/** The titles of all Observations, sorted. */
async function titles({ oracle }: Installation): Promise<readonly string[]> {
  return (await oracle.observations()).map(({ spec }) => spec.title ?? "").sort();
}

function titlesOf(...made: readonly (readonly [prefix: string, count: number])[]): readonly string[] {
  return made.flatMap(([prefix, count]) => Array.from({ length: count }, (_, index) => `${prefix} ${index}`))
    .sort();
}

async function metric(replica: Replica, name: string): Promise<number> {
  return (await replica.metrics()).sum(name);
}

async function isReady(replica: Replica): Promise<boolean> {
  const answer = await replica.observe("/readyz");
  await answer.body?.cancel();
  return answer.ok;
}

async function withOwnWebhook(installed: Installation): Promise<void> {
  await installed.applyIngester("own", { source: "own", webhook: { auth: { type: "none" } } });
}

async function untilServing(replica: Replica, path = "/ingest/own"): Promise<void> {
  await until(`${replica.name} serves ${path}`, async () => {
    const response = await replica.webhook(path, "[]", { "content-type": "text/plain" });
    return response.status === 415;
  });
}

Deno.test("What comes while the API server is away is answered 202 and there when it is back", async () => {
  await using installed = await install();
  await withOwnWebhook(installed);
  await using replica = await installed.start(0);
  await untilServing(replica);
  assert.deepEqual(counts(await send(replica, "before", 5)), { 201: 5 });
  await installed.plane.stopApiServer();
  const startedAt = systemClock.monotonic();
  const statuses = await send(replica, "during", 300);
  assert.deepEqual(counts(statuses), { 202: 300 });
  // Only those that found out had to wait.
  assert.ok(systemClock.monotonic() - startedAt < 20_000);
  assert.equal(await isReady(replica), true);
  const metrics = await replica.metrics();
  assert.equal(metrics.sum(SPOOLED), 300);
  assert.ok(metrics.sum("zen_watcher_spool_bytes") > 0);
  await until(
    "the age is told",
    async () => await metric(replica, "zen_watcher_spool_oldest_age_seconds") > 0,
  );
  await assertConservation(replica);
  await installed.plane.startApiServer();
  await untilSettled(replica, "own", 305);
  assert.deepEqual(await titles(installed), titlesOf(["before", 5], ["during", 300]));
  assert.equal(await metric(replica, SPOOLED), 0);
  await assertStopsSound(replica);
});

Deno.test("What a replica had in its spool when it was killed another one writes", async () => {
  await using installed = await install();
  await using folder = await temporaryFolder();
  const settings = { SPOOL_DIR: folder.path };
  await withOwnWebhook(installed);
  await using first = await installed.start(0, settings);
  await using second = await installed.start(1, settings);
  await untilServing(first);
  await untilServing(second);
  await installed.plane.stopApiServer();
  assert.deepEqual(counts(await send(first, "first", 60)), { 202: 60 });
  assert.deepEqual(counts(await send(second, "second", 40)), { 202: 40 });
  first.kill("SIGKILL");
  await first.exit;
  await installed.plane.startApiServer();
  // Folders without a living process are looked for every 30 s.
  await untilSettled(second, "own", 100);
  assert.deepEqual(await titles(installed), titlesOf(["first", 60], ["second", 40]));
  await until(
    "its folder is gone",
    async () => await Deno.stat(`${folder.path}/${nameOf(0)}`).then(() => false, () => true),
  );
  await assertConservation(second);
  await assertStopsSound(second);
});

Deno.test("A replica that starts while the API server is away takes webhooks of Ingesters it knew", async () => {
  await using installed = await install();
  await using folder = await temporaryFolder();
  const settings = { SPOOL_DIR: folder.path };
  await withOwnWebhook(installed);
  await installed.applyIngester("locked", {
    source: "locked",
    webhook: { auth: { type: "bearer", secretName: "nothing" } },
  });
  await installed.applyIngester("leaves", { source: "leaves", webhook: { auth: { type: "none" } } });
  await using first = await installed.start(0, settings);
  await untilServing(first);
  await untilServing(first, "/ingest/leaves");
  await until("the Ingesters are kept", async () => {
    const text = await Deno.readTextFile(`${folder.path}/${nameOf(0)}/ingesters.json`).catch(() => "");
    return text.includes('"leaves"') && text.includes('"own"') && text.includes('"locked"');
  });
  const begin = await prepare(installed, 1, settings);
  // Killed first, or it would notice.
  first.kill("SIGKILL");
  await first.exit;
  await installed.plane.ask(["delete", "ingester", "leaves", "-n", HOME]);
  await installed.plane.stopApiServer();

  await using second = await begin();
  await second.waitUntilReady(GUARD_MILLISECONDS);
  assert.deepEqual(counts(await send(second, "away", 20)), { 202: 20 });
  assert.equal((await second.webhook("/ingest/locked", {}, { authorization: "Bearer x" })).status, 503);
  assert.equal((await second.webhook("/ingest/unknown", {})).status, 503);
  assert.equal((await second.webhook("/ingest/leaves", numbered("gone", 0))).status, 202);
  await installed.plane.startApiServer();
  await untilSettled(second, "own", 20);
  assert.deepEqual(await titles(installed), titlesOf(["away", 20]));
  await until(
    "the deleted one is gone",
    async () => (await second.webhook("/ingest/leaves", numbered("gone", 0))).status === 404,
  );
  await assertConservation(second);
  assertNoAccident(second);
  // What it took for the Ingester that was gone waits, and stays where it is.
  assert.equal(await metric(second, SPOOLED), 1);
  assert.deepEqual(await second.stop(), { code: 0, signal: null });
});

Deno.test("A spool that is full, read-only or damaged is said, and ends nothing", async (test) => {
  await using installed = await install();
  await withOwnWebhook(installed);

  await test.step("full: 503 with Retry-After, unready, and ready when there is room again", async () => {
    await using replica = await installed.start(0, { SPOOL_MAX_BYTES: String(1 << 20) });
    await untilServing(replica);
    await installed.plane.stopApiServer();
    const large = { title: "large", text: "x".repeat(200_000) };
    const statuses: number[] = [];
    await until("it is full", async () => {
      const answer = await replica.webhook("/ingest/own", { ...large, number: statuses.length });
      statuses.push(answer.status);
      if (answer.status === 503) assert.match(answer.headers.get("retry-after") ?? "", /^[0-9]+$/);
      return answer.status === 503;
    }, GUARD_MILLISECONDS);
    assert.deepEqual(counts(statuses.slice(0, -1)), { 202: statuses.length - 1 });
    assert.equal(await isReady(replica), false);
    assert.equal(await metric(replica, "zen_watcher_spool_writable"), 0);
    await replica.waitForMessage("Spool is full");
    await assertConservation(replica);
    await installed.plane.startApiServer();
    await replica.waitUntilReady(GUARD_MILLISECONDS);
    await until("it is empty", async () => await metric(replica, SPOOLED) === 0, GUARD_MILLISECONDS);
    assert.equal((await titles(installed)).filter((title) => title === "large").length, statuses.length - 1);
    await assertStopsSound(replica);
  });

  await test.step("read-only: it runs on without one, and says so", async () => {
    const begin = await prepare(installed, 0, { SPOOL_DIR: "/proc/zen-watcher" }, ["--allow-write=/proc"]);
    await using replica = await begin();
    await replica.waitForMessage(/^Spool cannot be used/);
    await replica.waitForMessage("Listening");
    await untilServing(replica);
    const ready = await replica.observe("/readyz");
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /Spool is not writable/);
    assert.equal(await metric(replica, "zen_watcher_spool_writable"), 0);
    assert.deepEqual(counts(await send(replica, "unspooled", 3)), { 201: 3 });
    await assertStopsSound(replica);
  });

  await test.step("damaged: the rest is written", async () => {
    await using folder = await temporaryFolder();
    const settings = { SPOOL_DIR: folder.path };
    await using first = await installed.start(0, settings);
    await untilServing(first);
    await installed.plane.stopApiServer();
    assert.deepEqual(counts(await send(first, "damaged", 20)), { 202: 20 });
    first.kill("SIGKILL");
    await first.exit;
    const path = `${folder.path}/${nameOf(0)}/00000001.log`;
    const bytes = await Deno.readFile(path);
    const place = bytes.byteLength >> 1;
    bytes[place] = (bytes[place] ?? 0) ^ 0x10;
    await Deno.writeFile(path, bytes);
    await installed.plane.startApiServer();
    await using second = await installed.start(0, settings);
    await until(
      "the rest is there",
      async () => (await titles(installed)).filter((title) => title.startsWith("damaged ")).length >= 19,
    );
    await until("all is done", async () => await metric(second, SPOOLED) === 0);
    assert.equal((await titles(installed)).filter((title) => title.startsWith("damaged ")).length, 19);
    assert.equal(await metric(second, "zen_watcher_spool_corrupt_records_total"), 1);
    await second.waitForMessage(/^Record on disk is damaged/);
    await assertConservation(second);
    await assertStopsSound(second);
  });
});

Deno.test("A stop finishes requests under way and drains the spool when the API server is there", async () => {
  await using installed = await install();
  await using folder = await temporaryFolder();
  await withOwnWebhook(installed);
  await installed.applyIngester("first-to-disk", {
    source: "disk",
    webhook: { auth: { type: "none" }, ack: "spooled" },
  });
  await using replica = await installed.start(0, { SPOOL_DIR: folder.path });
  await untilServing(replica);
  await untilServing(replica, "/ingest/disk");
  const large = Array.from({ length: 300 }, (_, index) => numbered("batch", index));
  const sent = Array.from(
    { length: 100 },
    (_, index) => replica.webhook("/ingest/disk", numbered("disk", index)),
  );
  const [toDisk, batch] = await Promise.all([
    Promise.allSettled(sent),
    replica.webhook("/ingest/own", large).then((answer) => {
      replica.kill("SIGTERM");
      return answer;
    }),
  ]);
  assert.deepEqual(await replica.exit, { code: 0, signal: null });
  assert.equal(batch.status, 201);
  const statuses = toDisk.map((one) => one.status === "fulfilled" ? one.value.status : 0);
  assert.ok(statuses.every((status) => status === 202), `${statuses}`);
  const found = await titles(installed);
  assert.equal(found.filter((title) => title.startsWith("disk ")).length, statuses.length);
  assert.equal(found.filter((title) => title.startsWith("batch ")).length, 300);
  assertNoAccident(replica);
});

Deno.test("What the API server refuses is a dead letter that can be listed, replayed and dropped", async (test) => {
  await using installed = await install();
  await using folder = await temporaryFolder();
  await withOwnWebhook(installed);
  await installed.plane.applyYaml(POLICY);
  await using replica = await installed.start(0, { SPOOL_DIR: folder.path });
  await untilServing(replica);
  await until(
    "the policy holds",
    async () =>
      (await replica.webhook("/ingest/own", { title: "refused probe", at: systemClock.now() })).status ===
        400,
  );
  const probes = (await lettersIn(folder.path)).length;
  assert.deepEqual(counts(await send(replica, "refused", 3)), { 400: 3 });
  assert.deepEqual(counts(await send(replica, "fine", 2)), { 201: 2 });
  const held = await lettersIn(folder.path);
  assert.equal(held.length, probes + 3);
  assert.equal(await metric(replica, "zen_watcher_dead_letters"), probes + 3);
  const found = held.filter(({ observation }) => /^refused [0-9]$/.test(observation.spec.title));
  for (const { reason, message } of found) {
    assert.equal(reason, "invalid");
    assert.match(message, /nothing that is refused/);
  }
  await assertConservation(replica);

  await test.step("replayed as it is, it is one again", async () => {
    const [{ id = "" } = {}] = found;
    const { code, stdout } = await deadletters(folder.path, "replay", id);
    assert.deepEqual([code, stdout], [0, `${id} replayed\n`]);
    await until("it is back", async () => {
      const again = await lettersIn(folder.path);
      return again.length === probes + 3 && !again.some((letter) => letter.id === id);
    });
    await assertConservation(replica);
  });

  await test.step("replayed when the cause is gone, it is written", async () => {
    await installed.plane.ask(["delete", "validatingadmissionpolicybinding", "refused"]);
    await until(
      "it holds no more",
      async () =>
        (await replica.webhook("/ingest/own", { title: "refused probe", at: systemClock.now() })).status ===
          201,
    );
    const letters = await lettersIn(folder.path);
    const ids = letters.filter(({ observation }) => /^refused [0-9]$/.test(observation.spec.title)).map((
      letter,
    ) => letter.id);
    assert.equal((await deadletters(folder.path, "replay", ...ids)).code, 0);
    await until(
      "all are there",
      async () => (await titles(installed)).filter((title) => /^refused [0-9]$/.test(title)).length === 3,
    );
    assert.equal((await lettersIn(folder.path)).length, letters.length - ids.length);
    await assertConservation(replica);
  });

  await test.step("dropped, it is gone, and an unknown one is said with exit code 1", async () => {
    const unknown = await deadletters(folder.path, "drop", "nothing");
    assert.deepEqual([unknown.code, unknown.stderr], [
      1,
      "Cannot drop nothing: there is no such dead letter\n",
    ]);
    assert.equal((await deadletters(folder.path, "drop", "--all")).code, 0);
    assert.equal((await deadletters(folder.path, "list")).stdout, "No dead letters\n");
    assert.equal(await metric(replica, "zen_watcher_dead_letters"), 0);
    assert.equal((await deadletters(folder.path, "bury")).code, 2);
  });
  await assertStopsSound(replica);
});

/** Refuses every Observation whose title says so, with 422. */
const POLICY = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: refused}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
      - {apiGroups: [zen.kube-zen.io], apiVersions: [v1alpha1], operations: [CREATE], resources: [observations]}
  validations:
    - expression: '!object.spec.title.startsWith("refused")'
      message: nothing that is refused
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: refused}
spec: {policyName: refused, validationActions: [Deny]}
`;

/** A dead letter as the program shows it. */
interface ShownLetter {
  readonly id: string;
  readonly reason: string;
  readonly message: string;
  readonly observation: { readonly spec: { readonly title: string } };
}

async function lettersIn(root: string): Promise<readonly ShownLetter[]> {
  const { code, stdout, stderr } = await deadletters(root, "list", "-o", "json");
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

/** Runs the program beside the replica, with the permissions that a person gives it. */
async function deadletters(
  root: string,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", "-P", MAIN, "deadletters", ...args, "--spool-dir", root],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Makes all that is needed to start a replica, which then needs no API server. */
async function prepare(
  { account }: Installation,
  index: 0 | 1,
  settings: Readonly<Record<string, string>>,
  permissions: readonly string[] = [],
): Promise<() => Promise<Replica>> {
  const name = nameOf(index);
  const kubeconfig = await account.kubeconfigFor(name);
  return () =>
    startReplica({
      kubeconfig,
      name,
      env: { POD_NAMESPACE: HOME, BIND_ADDRESS: "127.0.0.1", ...settings },
      program: [Deno.execPath(), "run", "--no-prompt", "-P", ...permissions, MAIN],
    });
}
