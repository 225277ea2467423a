import assert from "node:assert/strict";
import type { Replica, WebhookAnswer } from "../support/process.ts";
import { systemClock } from "../../src/run/clock.ts";
import { assertConservation } from "./conservation.ts";
import { install, isLeading, untilLeading } from "./installation.ts";

const COUNT = 500;
const PARALLEL = 16;
const NAMESPACE = "shop";

/** A Falco event about a pod of its own; the time is fixed, so that the same number is the same event. */
function falcoEvent(pod: string): unknown {
  return {
    rule: "Terminal shell in container",
    priority: "Notice",
    output: `A shell was spawned in ${pod}`,
    time: "2026-01-02T03:04:05.678901234Z",
    hostname: "node-1",
    source: "syscall",
    tags: ["container", "shell"],
    output_fields: { "k8s.ns.name": NAMESPACE, "k8s.pod.name": pod, "container.id": "788861c3cf83" },
  };
}

function pods(prefix: string): readonly string[] {
  return Array.from({ length: COUNT }, (_, index) => `${prefix}-${index}`);
}

/** Sends one event after the other, some at once, and returns the answers in the order of the pods. */
async function send(replica: Replica, names: readonly string[]): Promise<readonly WebhookAnswer[]> {
  const answers: WebhookAnswer[] = [];
  const queue = names.entries();
  const work = async (): Promise<void> => {
    for (const [index, pod] of queue) {
      answers[index] = await replica.webhook("/ingest/falco", falcoEvent(pod));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return answers;
}

/** What the answer to one event must say, and which Observation it names. */
function observationIn(answer: WebhookAnswer, kind: "created" | "deduplicated"): string {
  assert.equal(answer.status, kind === "created" ? 201 : 200, answer.text);
  const body = answer.json as { observations: { namespace: string; name: string }[] };
  const { observations, ...counts } = body;
  assert.deepEqual(counts, {
    received: 1,
    created: 0,
    deduplicated: 0,
    filtered: 0,
    rejected: 0,
    spooled: 0,
    errors: [],
    [kind]: 1,
  });
  const [only] = observations;
  assert.equal(observations.length, 1);
  assert.equal(only?.namespace, NAMESPACE);
  return only?.name ?? "";
}

Deno.test("a follower serves webhooks as the leader does, and together they write nothing twice", async (test) => {
  await using installed = await install();
  await installed.createNamespaces(NAMESPACE);
  await installed.applyIngester("falco", { source: "falco", webhook: { auth: { type: "none" } } });
  await using leader = await installed.start(0);
  await untilLeading(leader);
  await using follower = await installed.start(1);
  const names = async (): Promise<readonly string[]> =>
    (await installed.oracle.observations()).map(({ metadata }) => metadata.name).sort();

  await test.step("500 events, each about another pod, to each of two replicas give 1000", async () => {
    const start = systemClock.monotonic();
    const answers = await Promise.all([send(leader, pods("first")), send(follower, pods("second"))]);
    const seconds = (systemClock.monotonic() - start) / 1000;
    console.log(`${2 * COUNT} webhooks to two replicas: ${Math.round(2 * COUNT / seconds)} a second`);
    const written = answers.flat().map((answer) => observationIn(answer, "created"));
    assert.deepEqual(await names(), [...written].sort());
    assert.equal(new Set(written).size, 2 * COUNT);
    for (const { metadata, spec } of await installed.oracle.observations(NAMESPACE)) {
      assert.match(metadata.name, /^falco-[a-z2-7]{26}$/);
      assert.deepEqual([spec.severity, spec.category, spec.eventType], [
        "low",
        "security",
        "terminal_shell_in_container",
      ]);
    }
  });

  await test.step("the same 500 to both at the same time give 500", async () => {
    const same = pods("same");
    const [toLeader, toFollower] = await Promise.all([send(leader, same), send(follower, same)]);
    const fresh: string[] = [];
    for (const [index, one] of toLeader.entries()) {
      const other = toFollower[index];
      assert.ok(other !== undefined);
      // One of both was faster.
      const [first, second] = one.status === 201 ? [one, other] : [other, one];
      const name = observationIn(first, "created");
      assert.equal(observationIn(second, "deduplicated"), name);
      fresh.push(name);
    }
    assert.equal(new Set(fresh).size, COUNT);
    assert.equal((await names()).length, 3 * COUNT);
  });

  await test.step("a replica that has not seen them either gives none, and says where they are", async () => {
    const before = await names();
    for (const [replica, pod] of [[leader, "second-7"], [follower, "first-7"]] as const) {
      const [again] = await send(replica, [pod]);
      assert.ok(again !== undefined);
      assert.ok(before.includes(observationIn(again, "deduplicated")));
    }
    assert.deepEqual(await names(), before);
  });

  await test.step("the metrics say who took what", async () => {
    let created = 0;
    for (const replica of [leader, follower]) {
      const metrics = await replica.metrics();
      assert.equal(metrics.sum("zen_watcher_signals_received_total", { source: "falco" }), 2 * COUNT + 1);
      created += metrics.sum("zen_watcher_observations_created_total", {
        category: "security",
        severity: "low",
      });
      assert.equal(
        metrics.sum("zen_watcher_webhook_requests_total", { source: "falco" }),
        2 * COUNT + 1,
      );
    }
    assert.equal(created, 3 * COUNT);
    assert.deepEqual([await isLeading(leader), await isLeading(follower)], [true, false]);
  });

  for (const replica of [follower, leader]) {
    assert.deepEqual(await assertConservation(replica), ["falco"]);
    assert.deepEqual(await replica.stop(), { code: 0, signal: null });
  }
});
