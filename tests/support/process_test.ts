import assert from "node:assert/strict";
import { type Replica, startReplica } from "./process.ts";

/** Stands in for the program: says how it was started, and serves what a replica is asked. */
const FAKE = `
const env = Object.fromEntries(["POD_NAME", "EXTRA", "KUBECONFIG"].map((name) => [name, Deno.env.get(name)]));
console.log("plain text, not for machines");
console.error(JSON.stringify({ level: "info", msg: "Starting", args: Deno.args, env, cwd: Deno.cwd() }));
let asked = 0;
const quiet = { hostname: "127.0.0.1", onListen() {} };
Deno.serve({ ...quiet, port: Number(Deno.env.get("METRICS_PORT")) }, (request) =>
  new URL(request.url).pathname === "/metrics"
    ? new Response('a_total{source="falco"} 2\\n')
    : new Response("", { status: ++asked < 3 ? 503 : 200 }));
Deno.serve({ ...quiet, port: Number(Deno.env.get("WEBHOOK_PORT")) }, async (request) =>
  Response.json({ path: new URL(request.url).pathname, body: await request.text(),
    type: request.headers.get("content-type"), by: request.headers.get("authorization") }, { status: 201 }));
Deno.addSignalListener("SIGTERM", () => { console.error('{"msg":"Stopped"}'); Deno.exit(0); });
`;

function startFake(code: string = FAKE): Promise<Replica> {
  return startReplica({
    kubeconfig: "/a/kubeconfig",
    name: "replica-0",
    env: { EXTRA: "yes" },
    args: ["--leader-election-mode", "disabled"],
    program: [Deno.execPath(), "eval", "--no-config", code],
  });
}

Deno.test("a replica is started, asked and stopped as a real process", async (test) => {
  await using replica = await startFake();
  const { fields } = await replica.waitForMessage("Starting");
  const folder = String(fields["cwd"]);

  await test.step("it gets the kubeconfig and its own place, and nothing of the test's environment", () => {
    const args = ["run", "--kubeconfig", "/a/kubeconfig", "--leader-election-mode", "disabled"];
    assert.deepEqual(fields["args"], args);
    assert.deepEqual(fields["env"], { POD_NAME: "replica-0", EXTRA: "yes" });
    assert.notEqual(folder, Deno.cwd());
  });
  await test.step("it is waited for until it is ready", async () => {
    await replica.waitUntilReady();
  });
  await test.step("its metrics are numbers", async () => {
    assert.equal((await replica.metrics()).value("a_total", { source: "falco" }), 2);
  });
  await test.step("its webhooks take JSON, text and bytes", async () => {
    const headers = { authorization: "Bearer x" };
    assert.deepEqual((await replica.webhook("/ingest/falco", { a: 1 }, headers)).json, {
      path: "/ingest/falco",
      body: '{"a":1}',
      type: "application/json",
      by: "Bearer x",
    });
    const { status, json } = await replica.webhook("/x", Uint8Array.of(0x68, 0x69), {
      "content-type": "text/plain",
    });
    assert.equal(status, 201);
    assert.deepEqual(json, { path: "/x", body: "hi", type: "text/plain", by: null });
  });
  await test.step("its lines are there, of both streams", async () => {
    const { stream } = await replica.waitFor(({ text }) => text === "plain text, not for machines");
    assert.equal(stream, "stdout");
  });
  await test.step("a line that does not come is an error with the lines that did", async () => {
    await assert.rejects(replica.waitForMessage("Never", 1), {
      message: /^Replica replica-0 did not write the line: No end within 1 ms\n(.*\n)*.*"msg":"Starting"/,
    });
  });
  await test.step("it stops when it is asked, and its folder goes with it", async () => {
    assert.deepEqual(await replica.stop(), { code: 0, signal: null });
    assert.equal(replica.lines.at(-1)?.fields["msg"], "Stopped");
    await replica[Symbol.asyncDispose]();
    await assert.rejects(Deno.stat(folder), Deno.errors.NotFound);
  });
});

Deno.test("a replica that ends by itself fails who waits for it, with what it said", async () => {
  await using replica = await startFake('console.error("no such thing"); Deno.exit(2)');
  const ended = { message: /^Replica replica-0 did not .*: it has ended\nno such thing$/ };
  await assert.rejects(replica.waitForMessage("Starting"), ended);
  await assert.rejects(replica.waitUntilReady(), ended);
  assert.deepEqual(await replica.exit, { code: 2, signal: null });
});

Deno.test("a replica is killed when the test is over", async () => {
  let replica: Replica;
  {
    await using started = await startFake();
    await started.waitForMessage("Starting");
    replica = started;
  }
  assert.deepEqual((await replica.exit).signal, "SIGKILL");
});
