import assert from "node:assert/strict";
import { falco, type FedSignal } from "./signals.ts";
import { WebhookSender } from "./webhook_sender.ts";

/** Sends one webhook to a receiver that gives these answers one after the other. */
async function sendTo(
  statuses: readonly number[],
  isResent: boolean,
): Promise<
  { readonly isTaken: boolean; readonly bodies: readonly string[]; readonly problems: readonly string[] }
> {
  const bodies: string[] = [];
  const receiver = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    bodies.push(await request.text());
    return new Response("answer", { status: statuses[bodies.length - 1] ?? 500 });
  });
  const { port } = receiver.addr;
  using sender = new WebhookSender(2, () => port);
  const isTaken = await sender.send(webhook(isResent), new AbortController().signal);
  await receiver.shutdown();
  return { isTaken, bodies, problems: sender.problems };
}

function webhook(isResent: boolean): Extract<FedSignal, { kind: "webhook" }> {
  const signal = falco("n00000001-1", "2026-01-02T03:04:05Z", isResent);
  assert.ok(signal.kind === "webhook");
  return signal;
}

for (const status of [200, 201, 202]) {
  Deno.test(`what is answered ${status} is taken`, async () => {
    const { isTaken, problems } = await sendTo([status], false);
    assert.deepEqual([isTaken, problems], [true, []]);
  });
}

Deno.test("a sender that sends again sends the same again, until it is taken", async () => {
  const { isTaken, bodies, problems } = await sendTo([503, 429, 201], true);
  assert.equal(isTaken, true);
  assert.equal(bodies.length, 3);
  assert.equal(new Set(bodies).size, 1);
  assert.deepEqual(problems, []);
});

Deno.test("one that does not sends once, and what was refused for a while is not taken", async () => {
  const { isTaken, bodies, problems } = await sendTo([503, 201], false);
  assert.deepEqual([isTaken, bodies.length, problems], [false, 1, []]);
});

for (const status of [400, 401, 404, 500]) {
  Deno.test(`an answer ${status} is a problem, and not tried again`, async () => {
    const { isTaken, bodies, problems } = await sendTo([status, 201], true);
    assert.deepEqual([isTaken, bodies.length], [false, 1]);
    assert.deepEqual(problems, [`A webhook at /ingest/falco was answered ${status}: answer`]);
  });
}

Deno.test("where nobody is, nothing is taken, and the next place is tried", async () => {
  const asked: number[] = [];
  using sender = new WebhookSender(2, (place) => {
    asked.push(place);
    return undefined;
  });
  const signal = new AbortController().signal;
  assert.equal(await sender.send(webhook(false), signal), false);
  assert.equal(await sender.send(webhook(false), signal), false);
  assert.deepEqual(asked, [0, 1]);
  assert.deepEqual([...sender.answers], [[0, 2]]);
});
