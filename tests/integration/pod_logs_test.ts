import assert from "node:assert/strict";
import { stringify } from "yaml";
import type { IngesterSpec } from "../../src/model/ingester.ts";
import { listAt } from "../../src/model/json.ts";
import { systemClock } from "../../src/run/clock.ts";
import { until } from "../support/until.ts";
import { untilReason } from "./conditions.ts";
import { assertConservation } from "./conservation.ts";
import { type FakeKubelet, NODE, nodeOf, startFakeKubelet } from "./fake_kubelet.ts";
import { GUARD_MILLISECONDS, install, type Installation, untilLeading } from "./installation.ts";

const SETTINGS = {
  LEASE_DURATION_SECONDS: "3",
  RENEW_DEADLINE_SECONDS: "2",
  RETRY_PERIOD_SECONDS: "0.5",
};
const NAMESPACE = "shop";
const MAIN = `${NAMESPACE}/web/main`;
const SIDE = `${NAMESPACE}/web/side`;
const SPEC: IngesterSpec = {
  source: "own-logs",
  ingester: "logs",
  namespaces: [NAMESPACE],
  logs: {
    podSelector: "app=web",
    patterns: [{
      regex: "denied (?P<user>\\w+) at (?P<place>.*)",
      eventType: "access_denied",
      severity: "critical",
    }],
  },
};

let counter = 0;

/** Writes lines of which every second one is a finding, each another one. */
function write(kubelet: FakeKubelet, count: number): void {
  for (let index = 0; index < count; index++) {
    const container = index % 3 === 0 ? SIDE : MAIN;
    kubelet.write(container, "all is well", `denied user${counter++} at the door`);
  }
}

function pod(name: string, restartCount: number): unknown {
  const running = (container: string, count: number): unknown => ({
    name: container,
    image: "none",
    imageID: "none",
    ready: true,
    restartCount: count,
    containerID: `containerd://${container}-${count}`,
    state: { running: { startedAt: new Date().toISOString().replace(/\.\d+/, "") } },
    lastState: count === 0 ? {} : {
      terminated: {
        exitCode: 1,
        containerID: `containerd://${container}-${count - 1}`,
        finishedAt: new Date().toISOString().replace(/\.\d+/, ""),
      },
    },
  });
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: NAMESPACE, labels: { app: "web" } },
    spec: { nodeName: NODE, containers: ["main", "side"].map((one) => ({ name: one, image: "none" })) },
    status: { phase: "Running", containerStatuses: [running("main", restartCount), running("side", 0)] },
  };
}

/** What a kubelet writes into its pod's status. */
async function report(installed: Installation, restartCount: number): Promise<void> {
  const { status } = pod("web", restartCount) as { status: unknown };
  await installed.plane.ask([
    "patch",
    "pod",
    "web",
    `--namespace=${NAMESPACE}`,
    "--subresource=status",
    "--type=merge",
    "-p",
    JSON.stringify({ status }),
  ]);
}

async function installWithPod(kubelet: FakeKubelet): Promise<Installation> {
  await using starting = new AsyncDisposableStack();
  const installed = starting.use(await install());
  await installed.createNamespaces(NAMESPACE);
  await installed.plane.applyYaml(stringify(nodeOf(kubelet)));
  await installed.plane.applyYaml(stringify(pod("web", 0)));
  await report(installed, 0);
  starting.move();
  return installed;
}

/** As the official client sees it: every finding that was written has one Observation, and nothing else has. */
async function untilOneForEach(installed: Installation): Promise<void> {
  const users = async (): Promise<readonly unknown[]> =>
    (await installed.oracle.observations(NAMESPACE)).map(({ spec }) =>
      (spec.details as { user?: unknown } | undefined)?.user
    );
  await until(
    `${counter} lines have their Observations`,
    async () => (await users()).length >= counter,
    GUARD_MILLISECONDS,
  );
  const found = await users();
  assert.deepEqual(
    [...found].sort(),
    Array.from({ length: counter }, (_, index) => `user${index}`).sort(),
  );
}

Deno.test("lines of pod logs become one Observation each, through whatever ends a stream or a leader", async (test) => {
  counter = 0;
  await using kubelet = await startFakeKubelet();
  await using installed = await installWithPod(kubelet);
  await using stack = new AsyncDisposableStack();
  await installed.applyIngester("logs", SPEC);
  const leader = stack.use(await installed.start(0, SETTINGS));
  await untilLeading(leader);
  const follower = stack.use(await installed.start(1, SETTINGS));

  await test.step("its condition says what it reads", async () => {
    await untilReason(installed.oracle, "logs", "Running", /v1\/pods\/log in shop \(2 containers of 1 pod\)/);
    await until("both logs are followed", () => kubelet.following() === 2, GUARD_MILLISECONDS);
  });

  await test.step("lines that match are Observations, with groups, time and pod", async () => {
    write(kubelet, 30);
    await untilOneForEach(installed);
    const [one] = (await installed.oracle.observations(NAMESPACE)).filter(({ spec }) =>
      (spec.details as { user?: string }).user === "user0"
    );
    assert.equal(one?.spec.source, "own-logs");
    assert.equal(one?.spec.eventType, "access_denied");
    assert.equal(one?.spec.severity, "critical");
    assert.equal(one?.spec.title, "denied user0 at the door");
    assert.match(one?.spec.detectedAt ?? "", /\.\d{9}Z$/);
    assert.deepEqual(one?.spec.resource, {
      apiVersion: "v1",
      kind: "Pod",
      name: "web",
      namespace: NAMESPACE,
    });
    assert.equal((one?.spec.details as { place?: string }).place, "the door");
  });

  await test.step("through rotations and cut connections", async () => {
    for (const how of ["closed", "cut", "cut", "closed"] as const) {
      write(kubelet, 20);
      kubelet.end(how);
      write(kubelet, 20);
      await until("the logs are followed again", () => kubelet.following() === 2, GUARD_MILLISECONDS);
    }
    await untilOneForEach(installed);
  });

  await test.step("through restarts of the container, also with lines that nobody had read", async () => {
    for (let restart = 1; restart <= 2; restart++) {
      write(kubelet, 20);
      kubelet.end("cut");
      write(kubelet, 20);
      kubelet.restart(MAIN);
      write(kubelet, 20);
      await report(installed, restart);
      await until("the logs are followed again", () => kubelet.following() === 2, GUARD_MILLISECONDS);
      await untilOneForEach(installed);
    }
  });

  await test.step("each was received once: a reconnect brings nothing again", async () => {
    const metrics = await leader.metrics();
    const received = metrics.sum("zen_watcher_signals_received_total", { source: "own-logs" });
    const created = metrics.sum("zen_watcher_observations_created_total", { source: "own-logs" });
    console.log(
      `${received} lines received for ${created} Observations, ${kubelet.asked()} requests for logs`,
    );
    assert.equal(created, counter);
    assert.equal(received, counter);
    const restarts = metrics.sum("zenwatcher_source_watch_restarts_total", { gvr: "v1/pods/log" });
    assert.ok(restarts >= 8, `${restarts} restarts`);
    await assertConservation(leader);
  });

  await test.step("through a crash of the API server", async () => {
    write(kubelet, 20);
    await installed.plane.killApiServer();
    write(kubelet, 20);
    await installed.plane.startApiServer();
    write(kubelet, 20);
    await until("the logs are followed again", () => kubelet.following() === 2, GUARD_MILLISECONDS);
    await untilOneForEach(installed);
    await assertConservation(leader);
  });

  await test.step("without the right to read logs it waits, says so, and loses nothing", async () => {
    const giveBack = await installed.account.revoke((rule) => listAt(rule, "resources").includes("pods/log"));
    kubelet.end("closed");
    write(kubelet, 20);
    await untilReason(installed.oracle, "logs", "Forbidden", /Not allowed to read v1\/pods\/log.*pods\/log/);
    await giveBack();
    await untilReason(installed.oracle, "logs", "Running", /2 containers of 1 pod/);
    await untilOneForEach(installed);
  });

  await test.step("through the death of the leader, with lines written while nobody leads", async () => {
    let isOver = false;
    const writing = (async () => {
      while (!isOver) {
        write(kubelet, 5);
        await systemClock.sleep(20, new AbortController().signal);
      }
    })();
    await systemClock.sleep(500, new AbortController().signal);
    leader.kill("SIGKILL");
    await untilLeading(follower);
    await until(
      "the logs are followed by the next leader",
      () => kubelet.following() === 2,
      GUARD_MILLISECONDS,
    );
    await systemClock.sleep(500, new AbortController().signal);
    isOver = true;
    await writing;
    await untilOneForEach(installed);
    await assertConservation(follower);
    const metrics = await follower.metrics();
    const again = metrics.sum("zen_watcher_observations_deduped_total", { source: "own-logs" });
    console.log(`${counter} lines in all; ${again} of them were read again after the takeover`);
  });

  await test.step("a wrong pattern is refused by its place, and the right one works again", async () => {
    const patterns = [...SPEC.logs?.patterns ?? [], { regex: "(open" }];
    await installed.applyIngester("logs", { ...SPEC, logs: { ...SPEC.logs, patterns } });
    await untilReason(
      installed.oracle,
      "logs",
      "Invalid",
      /patterns\[1\]\.regex must be .* missing closing \)/,
    );
    await until("no log is followed", () => kubelet.following() === 0, GUARD_MILLISECONDS);
    write(kubelet, 10);
    await installed.applyIngester("logs", SPEC);
    await untilReason(installed.oracle, "logs", "Running", /2 containers of 1 pod/);
    write(kubelet, 10);
    await untilOneForEach(installed);
  });

  await test.step("a line of two MiB is cut, and says so", async () => {
    kubelet.write(MAIN, `denied user${counter++} at ${"x".repeat(2 * 1024 * 1024)}`);
    await untilOneForEach(installed);
    const cut = (await installed.oracle.observations(NAMESPACE)).filter(({ spec }) =>
      (spec.details as { log?: { isCut?: boolean } }).log?.isCut === true
    );
    assert.deepEqual(cut.map(({ spec }) => (spec.details as { user?: string }).user), [`user${counter - 1}`]);
  });

  assert.deepEqual(await follower.stop(), { code: 0, signal: null });
});
