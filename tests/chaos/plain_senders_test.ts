import assert from "node:assert/strict";
import { systemClock } from "../../src/run/clock.ts";
import { until } from "../support/until.ts";
import { PlainSenders } from "./plain_senders.ts";
import { falco, type FedSignal } from "./signals.ts";

const NEVER = new AbortController().signal;

/** What a receiver does with one request; "closed" is the end of the connection without an answer. */
type Reply = "kept" | "last" | "refused" | "half" | "closed" | "kept and closed";

const TEXTS: Readonly<Record<Exclude<Reply, "closed">, string>> = {
  "kept": "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
  "last": "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
  "refused": "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\ngone",
  "half": "HTTP/1.1 201 Created\r\nContent-Length: 20\r\n\r\nok",
  "kept and closed": "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
};

interface Heard extends AsyncDisposable {
  readonly port: number;
  /** The connection that each request came over, by its number. */
  readonly by: readonly number[];
  readonly requests: readonly string[];
  /** How many connections the receiver has closed. */
  readonly closed: () => number;
}

/** A receiver that gives these replies one after the other, whatever connection a request comes over. */
function receiver(replies: readonly Reply[]): Heard {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const by: number[] = [];
  const requests: string[] = [];
  let closed = 0;
  const serve = async (connection: Deno.Conn, number: number): Promise<void> => {
    const chunk = new Uint8Array(4096);
    try {
      while (true) {
        const length = await connection.read(chunk);
        if (length === null) break;
        requests.push(new TextDecoder().decode(chunk.subarray(0, length)));
        const reply = replies[by.length] ?? "closed";
        by.push(number);
        if (reply !== "closed") await connection.write(new TextEncoder().encode(TEXTS[reply]));
        if (reply !== "kept" && reply !== "refused") break;
      }
    } finally {
      connection.close();
      closed++;
    }
  };
  const serving = (async () => {
    const all: Promise<void>[] = [];
    for await (const connection of listener) all.push(serve(connection, all.length));
    await Promise.all(all);
  })();
  return {
    port: listener.addr.port,
    by,
    requests,
    closed: () => closed,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

function webhook(): Extract<FedSignal, { kind: "webhook" }> {
  const signal = falco("n00000001-é", "2026-01-02T03:04:05Z", false);
  assert.ok(signal.kind === "webhook");
  return signal;
}

function sendersTo({ port }: Heard, keeping: number, fresh: number): PlainSenders {
  return new PlainSenders({ port, keeping, fresh, headers: { Authorization: "Bearer x" } }, systemClock);
}

Deno.test("a sender keeps its connection for as long as it may", async () => {
  await using heard = receiver(["kept", "last", "kept"]);
  using senders = sendersTo(heard, 1, 0);
  const taken = [await senders.send(webhook(), NEVER), await senders.send(webhook(), NEVER)];
  taken.push(await senders.send(webhook(), NEVER));
  assert.deepEqual([taken, heard.by], [[true, true, true], [0, 0, 1]]);
  assert.deepEqual([...senders.answers], [[201, 2], [202, 1]]);
  assert.match(
    heard.requests[0] ?? "",
    /^POST \/ingest\/falco HTTP\/1\.1\r\n[^]*Authorization: Bearer x\r\n/,
  );
  assert.deepEqual(senders.failures, []);
});

Deno.test("senders take turns, and some open a connection for each request", async () => {
  await using heard = receiver(["kept", "last", "kept", "last"]);
  using senders = sendersTo(heard, 1, 1);
  for (let index = 0; index < 4; index++) assert.equal(await senders.send(webhook(), NEVER), true);
  assert.deepEqual(heard.by, [0, 1, 0, 2]);
  assert.deepEqual(heard.requests.map((text) => /Connection: (\S+)/.exec(text)?.[1]), [
    "keep-alive",
    "close",
    "keep-alive",
    "close",
  ]);
});

Deno.test("a sender sends one request after the other", async () => {
  await using heard = receiver(["kept", "kept", "kept"]);
  using senders = sendersTo(heard, 1, 0);
  const taken = await Promise.all([1, 2, 3].map(() => senders.send(webhook(), NEVER)));
  assert.deepEqual([taken, heard.by], [[true, true, true], [0, 0, 0]]);
  assert.ok(senders.slowest > 0);
});

const failing: readonly (readonly [reply: Reply, status: number, what: string])[] = [
  ["closed", 0, "no answer, on a kept connection"],
  ["half", 0, "no answer, on a kept connection"],
  ["refused", 503, "503: gone, on a kept connection"],
];
for (const [reply, status, what] of failing) {
  Deno.test(`a request that is answered by ${reply} has failed, and is not sent again`, async () => {
    await using heard = receiver([reply, "kept"]);
    using senders = sendersTo(heard, 1, 0);
    assert.equal(await senders.send(webhook(), NEVER), false);
    assert.equal(heard.requests.length, 1);
    assert.deepEqual([...senders.answers], [[status, 1]]);
    assert.deepEqual(senders.failures.map((failure) => failure.what), [what]);
    assert.equal(await senders.send(webhook(), NEVER), true);
  });
}

Deno.test("a connection that is known to be closed is not used any more", async () => {
  await using heard = receiver(["kept and closed", "kept", "kept"]);
  using senders = sendersTo(heard, 2, 0);
  assert.equal(await senders.send(webhook(), NEVER), true);
  await until("the receiver has closed it", () => heard.closed() === 1);
  // While another one is answered, the end is heard.
  assert.equal(await senders.send(webhook(), NEVER), true);
  assert.equal(await senders.send(webhook(), NEVER), true);
  assert.deepEqual([heard.by, senders.failures], [[0, 1, 2], []]);
});

Deno.test("where nobody listens a request fails", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  using senders = new PlainSenders({ port, keeping: 0, fresh: 1, headers: {} }, systemClock);
  assert.equal(await senders.send(webhook(), NEVER), false);
  assert.deepEqual(senders.failures.map(({ what }) => what), ["no answer, on a fresh connection"]);
});
