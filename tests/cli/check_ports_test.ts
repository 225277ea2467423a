import assert from "node:assert/strict";
import type { Checked } from "../../src/cli/check.ts";
import { checkPorts } from "../../src/cli/check_ports.ts";
import type { Machine } from "../../src/cli/machine.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { scrape } from "../../src/observe/scrape.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { machineOf } from "../support/machine_of.ts";

const never = new AbortController().signal;
const listen = { address: "0.0.0.0", webhookPort: 8080, metricsPort: 9090 };

function check(machine: Machine, settings = listen): Promise<readonly Checked[]> {
  return checkPorts(settings, { machine, clock: new FakeClock() }, never);
}

Deno.test("ports that are free, or any, are well", async () => {
  const free = await check(machineOf());
  assert.deepEqual(free.map(({ verdict, message }) => [verdict, message]), [
    ["ok", "Port 9090 of METRICS_PORT is free"],
    ["ok", "Port 8080 of WEBHOOK_PORT is free"],
  ]);
  const [any] = await check(machineOf(), { ...listen, metricsPort: 0 });
  assert.equal(any?.message, "METRICS_PORT is 0: any free port");
});

Deno.test("ports in use by a replica are well, and it is told what runs there", async () => {
  const metrics = createMetrics("0.1.0");
  const asked: string[] = [];
  const machine = machineOf({
    tryPort: () => ({ kind: "in-use" }),
    async ask(url) {
      asked.push(url);
      return await scrape(metrics.registry);
    },
  });
  const follower = await check(machine);
  assert.deepEqual(follower.map(({ verdict }) => verdict), ["ok", "ok"]);
  assert.match(
    follower[1]?.message ?? "",
    /in use, with a replica here that runs version 0\.1\.0 and does not lead/,
  );
  metrics.isLeader.set(1);
  assert.match((await check(machine))[0]?.message ?? "", /version 0\.1\.0 and leads/);
  await check(machine, { ...listen, address: "::" });
  assert.deepEqual([asked[0], asked[2]], ["http://0.0.0.0:9090/metrics", "http://[::]:9090/metrics"]);
});

Deno.test("ports in use by something else, or that may not be opened, are a problem", async () => {
  const used = await check(
    machineOf({ tryPort: () => ({ kind: "in-use" }), ask: () => Promise.resolve("up 1") }),
  );
  assert.deepEqual(used.map(({ verdict }) => verdict), ["problem", "problem"]);
  const refused = await check(
    machineOf({ tryPort: () => ({ kind: "refused", message: "Permission denied" }) }),
  );
  assert.deepEqual(refused.map(({ verdict }) => verdict), ["problem", "problem"]);
  assert.match(refused[0]?.message ?? "", /cannot be opened: Permission denied/);
});

Deno.test("something that never answers is no replica", async () => {
  const clock = new FakeClock();
  const machine = machineOf({
    tryPort: () => ({ kind: "in-use" }),
    ask: (_, signal) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true })
      ),
  });
  const checking = checkPorts(listen, { machine, clock }, never);
  await clock.advance(3_000);
  assert.equal((await checking)[0]?.verdict, "problem");
});
