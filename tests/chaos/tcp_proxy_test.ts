import assert from "node:assert/strict";
import { startTcpProxy, type TcpProxy } from "../support/tcp_proxy.ts";
import { until } from "../support/until.ts";

/** A server that says everything back, and the proxy in front of it. */
interface Way extends AsyncDisposable {
  readonly proxy: TcpProxy;
  connect(): Promise<Deno.TcpConn>;
}

function echoThroughProxy(): Way {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    const all: Promise<void>[] = [];
    for await (const connection of listener) all.push(echo(connection));
    await Promise.all(all);
  })();
  const proxy = startTcpProxy(listener.addr.port);
  const opened: Deno.TcpConn[] = [];
  return {
    proxy,
    async connect() {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
      opened.push(connection);
      return connection;
    },
    async [Symbol.asyncDispose]() {
      for (const one of opened) one.close();
      await proxy[Symbol.asyncDispose]();
      listener.close();
      await serving;
    },
  };
}

async function echo(connection: Deno.TcpConn): Promise<void> {
  const chunk = new Uint8Array(1024);
  try {
    for (let length = await connection.read(chunk); length !== null; length = await connection.read(chunk)) {
      await connection.write(chunk.subarray(0, length));
    }
  } catch {
    // Broken off by the proxy.
  }
  connection.close();
}

async function say(connection: Deno.TcpConn, text: string): Promise<void> {
  await connection.write(new TextEncoder().encode(text));
}

/** What comes next; "closed" for the end in whatever way. */
async function hear(connection: Deno.TcpConn): Promise<string> {
  const chunk = new Uint8Array(1024);
  const length = await connection.read(chunk).catch(() => null);
  return length === null ? "closed" : new TextDecoder().decode(chunk.subarray(0, length));
}

Deno.test("a whole network passes bytes on, both ways", async () => {
  await using way = echoThroughProxy();
  const connection = await way.connect();
  await say(connection, "one");
  assert.equal(await hear(connection), "one");
  assert.equal(way.proxy.connections, 1);
});

Deno.test("a silent network holds what is sent, also on a new connection, until it is whole", async () => {
  await using way = echoThroughProxy();
  const old = await way.connect();
  await say(old, "before");
  assert.equal(await hear(old), "before");
  way.proxy.become({ kind: "silent" });
  const fresh = await way.connect();
  const heard: string[] = [];
  await say(old, "old");
  await say(fresh, "fresh");
  const hearing = Promise.all([old, fresh].map(async (one) => heard.push(await hear(one))));
  await until("both connections are there", () => way.proxy.connections === 2);
  assert.deepEqual(heard, []);
  way.proxy.become({ kind: "whole" });
  await hearing;
  assert.deepEqual(heard.sort(), ["fresh", "old"]);
});

Deno.test("a slow network passes bytes on late", async () => {
  await using way = echoThroughProxy();
  const connection = await way.connect();
  way.proxy.become({ kind: "slow", milliseconds: 30 });
  const start = performance.now();
  await say(connection, "one");
  assert.equal(await hear(connection), "one");
  // Once to connect, once to the server and once back; timers may be a little early.
  assert.ok(performance.now() - start >= 55);
});

Deno.test("a broken network breaks off open connections and new ones, until it is whole", async () => {
  await using way = echoThroughProxy();
  const old = await way.connect();
  await say(old, "before");
  assert.equal(await hear(old), "before");
  way.proxy.become({ kind: "broken" });
  assert.equal(await hear(old), "closed");
  assert.equal(await hear(await way.connect()), "closed");
  way.proxy.become({ kind: "whole" });
  const fresh = await way.connect();
  await say(fresh, "after");
  assert.equal(await hear(fresh), "after");
});

Deno.test("a connection is closed when the server is away", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using proxy = startTcpProxy(listener.addr.port);
  listener.close();
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  assert.equal(await hear(connection), "closed");
  connection.close();
});

Deno.test("a proxy that is closed while the network is silent ends its connections", async () => {
  await using way = echoThroughProxy();
  const connection = await way.connect();
  await say(connection, "one");
  assert.equal(await hear(connection), "one");
  way.proxy.become({ kind: "silent" });
  await say(connection, "two");
  await way.proxy[Symbol.asyncDispose]();
  assert.equal(await hear(connection), "closed");
  assert.equal(way.proxy.connections, 0);
});

Deno.test("each connection is carried to where its target is at that moment, and closed where there is none", async () => {
  const listeners = [1, 2].map(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports: (number | undefined)[] = listeners.map(({ addr }) => addr.port);
  await using proxy = startTcpProxy(() => ports.shift());
  for (const [index, listener] of listeners.entries()) {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
    using accepted = await listener.accept();
    await accepted.write(new TextEncoder().encode(`server ${index}`));
    assert.equal(await hear(connection), `server ${index}`);
    listener.close();
  }
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  assert.equal(await hear(connection), "closed");
});
