import assert from "node:assert/strict";
import { listen, type Listener, LISTENER_LIMITS, type ListenerOptions } from "../../src/intake/listener.ts";
import { connect } from "node:tls";
import { readCertificateNames } from "../../src/intake/certificate_names.ts";
import type { Peer } from "../../src/intake/serve_webhook.ts";
import { createLog } from "../../src/observe/json_log.ts";
import { type Certified, createCertificateAuthority } from "../control_plane/certificates.ts";
import { HandClock } from "../observe/hand_clock.ts";
import { RawConnection } from "./raw_connection.ts";
import { selfSigned } from "./self_signed.ts";

const head = (length: number): string => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;

/** An open listener; disposing it leaves nobody time to go, since the clock stands still. */
interface Opened extends Listener {
  readonly lines: string[];
  /** Closes it as the program does. */
  close(): Promise<void>;
}

async function open(
  change: Partial<ListenerOptions> = {},
  clock: HandClock = new HandClock(),
): Promise<Opened> {
  const lines: string[] = [];
  const listener = await listen({
    hostname: "127.0.0.1",
    port: 0,
    limits: LISTENER_LIMITS,
    answer: async (request) => new Response(await request.text()),
    clock,
    log: createLog({ level: "info", format: "json", clock, write: (line) => void lines.push(line) }),
    ...change,
  });
  const close = async (): Promise<void> => await listener[Symbol.asyncDispose]();
  return {
    port: listener.port,
    lines,
    close,
    [Symbol.asyncDispose]() {
      const closed = close();
      clock.advance(LISTENER_LIMITS.lingerMilliseconds);
      return closed;
    },
  };
}

const quick = {
  ...LISTENER_LIMITS,
  headersMilliseconds: 100,
  requestMilliseconds: 200,
  checkMilliseconds: 20,
};

const slow: readonly (readonly [name: string, said: string])[] = [
  ["nothing", ""],
  ["half a request line", "POST /ing"],
  ["half its headers", "POST / HTTP/1.1\r\nHost: a\r\nX-"],
  ["half a body", `${head(100)}half`],
  ["half a chunk", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf"],
];

for (const [name, said] of slow) {
  Deno.test(`a sender that says ${name} and no more is told so and closed`, async () => {
    await using listener = await open({ limits: quick });
    using connection = await RawConnection.open(listener.port);
    await connection.say(said);
    assert.match(await connection.hearAll(), /^HTTP\/1\.1 408 /);
  });
}

Deno.test("a sender that drips header after header is closed", async () => {
  await using listener = await open({ limits: quick });
  using connection = await RawConnection.open(listener.port);
  let isOver = false;
  const heard = connection.hearAll().finally(() => isOver = true);
  const dripping = async (): Promise<void> => {
    await connection.say("POST / HTTP/1.1\r\nHost: a\r\n");
    for (let n = 0; !isOver; n++) {
      await connection.say(`X-${n}: 1\r\n`);
      await roundTrip(listener);
    }
  };
  // It may find the connection closed while it drips.
  await Promise.allSettled([dripping(), heard]);
  assert.match(await heard, /^HTTP\/1\.1 408 /);
});

/** Asks and waits for the answer; whatever lay in other sockets before has been seen then. */
async function roundTrip({ port }: Listener): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/ping`, { method: "POST", body: "ping" });
  await response.text();
}

Deno.test("a connection without a next request is closed", async () => {
  await using listener = await open({ limits: { ...LISTENER_LIMITS, keepAliveMilliseconds: 100 } });
  using connection = await RawConnection.open(listener.port);
  await connection.say(`${head(2)}hi`);
  assert.match(await connection.hearAll(), /^HTTP\/1\.1 200 [^]*\r\n\r\nhi$/);
});

const malformed: readonly (readonly [name: string, said: string, answer: RegExp])[] = [
  ["no HTTP", "hello\r\n\r\n", /^HTTP\/1\.1 400 /],
  ["no Host", "POST / HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 /],
  [
    "two lengths",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    /^HTTP\/1\.1 400 /,
  ],
  [
    "length and chunks",
    `${head(3).trimEnd()}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    /^HTTP\/1\.1 400 /,
  ],
  ["headers of 20 KB", `POST / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
];

for (const [name, said, answer] of malformed) {
  Deno.test(`a request with ${name} is refused and the next sender served`, async () => {
    await using listener = await open();
    using connection = await RawConnection.open(listener.port);
    await connection.say(said);
    assert.match(await connection.hearAll(), answer);
    const next = await fetch(`http://127.0.0.1:${listener.port}/`, { method: "POST", body: "next" });
    assert.equal(await next.text(), "next");
  });
}

Deno.test("a sender that goes away changes nothing for what is being done", async () => {
  const asked = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const outcomes: string[] = [];
  const listener = await open({
    answer: async (request, _peer, signal) => {
      if (request.url.endsWith("/ping")) return new Response();
      await request.text();
      asked.resolve();
      await finish.promise;
      outcomes.push(signal.aborted ? "aborted" : "went on");
      return new Response("nobody hears this");
    },
  });
  {
    using connection = await RawConnection.open(listener.port);
    await connection.say(`${head(4)}full`);
    await asked.promise;
  }
  await roundTrip(listener);
  const closed = listener[Symbol.asyncDispose]();
  finish.resolve();
  await closed;
  assert.deepEqual(outcomes, ["went on"]);
  assert.deepEqual(listener.lines, []);
});

Deno.test("connections above the limit are closed", async () => {
  await using listener = await open({ limits: { ...LISTENER_LIMITS, maxConnections: 2 } });
  using one = await RawConnection.open(listener.port);
  using two = await RawConnection.open(listener.port);
  for (const connection of [one, two]) {
    await connection.say(`${head(2)}hi`);
    await connection.hearUntil(/hi$/);
  }
  using three = await RawConnection.open(listener.port);
  assert.equal(await three.hearAll(), "");
  await one.say(`${head(5)}still`);
  await one.hearUntil(/still$/);
});

Deno.test("an answer that throws closes its connection and is logged once", async () => {
  await using listener = await open({ answer: () => Promise.reject(new Error("a mistake")) });
  await assert.rejects(fetch(`http://127.0.0.1:${listener.port}/`, { method: "POST", body: "x" }));
  assert.equal(listener.lines.length, 1);
  assert.match(listener.lines[0] ?? "", /a mistake/);
});

Deno.test("a port that is taken is said at once", async () => {
  await using listener = await open();
  await assert.rejects(open({ port: listener.port }), /EADDRINUSE/);
});

/** A listener that answers when it is told to. */
async function held(clock: HandClock): Promise<{
  readonly listener: Opened;
  readonly isAsked: Promise<void>;
  readonly finish: () => void;
  readonly aborted: Promise<void>;
}> {
  const asked = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  const listener = await open({
    answer: async (_request, _peer, signal) => {
      signal.addEventListener("abort", () => aborted.resolve(), { once: true });
      asked.resolve();
      await finished.promise;
      return new Response("done");
    },
  }, clock);
  return { listener, isAsked: asked.promise, finish: finished.resolve, aborted: aborted.promise };
}

/** Resolves when somebody sleeps on the clock. */
async function untilSleeping(clock: HandClock): Promise<void> {
  while (clock.sleeping === 0) await Promise.resolve();
}

Deno.test("closing goes on serving whoever has a connection or finds the port, and tells each to leave", async () => {
  const clock = new HandClock();
  const listener = await open({}, clock);
  using kept = await RawConnection.open(listener.port);
  using silent = await RawConnection.open(listener.port);
  await kept.say(`${head(3)}one`);
  assert.match(await kept.hearUntil(/one$/), /Connection: keep-alive/);
  await roundTrip(listener);
  let isClosed = false;
  const closed = listener.close().then(() => isClosed = true);
  await untilSleeping(clock);
  using late = await RawConnection.open(listener.port);
  for (const connection of [kept, late]) {
    await connection.say(`${head(4)}last`);
    assert.match(await connection.hearAll(), /Connection: close\r\n[^]*\r\n\r\nlast$/);
  }
  assert.equal(isClosed, false);
  clock.advance(LISTENER_LIMITS.lingerMilliseconds);
  assert.equal(await silent.hearAll(), "");
  await closed;
  await assert.rejects(RawConnection.open(listener.port), Deno.errors.ConnectionRefused);
  assert.equal(clock.sleeping, 0);
});

Deno.test("closing waits for nobody when the last connection has gone", async () => {
  const clock = new HandClock();
  const listener = await open({}, clock);
  using kept = await RawConnection.open(listener.port);
  await kept.say(`${head(3)}one`);
  await kept.hearUntil(/one$/);
  const closed = listener.close();
  await untilSleeping(clock);
  await kept.say(`${head(4)}last`);
  await kept.hearAll();
  await closed;
  assert.equal(clock.sleeping, 0);
});

Deno.test("closing lets requests under way finish, and takes no new connections when senders had their time", async () => {
  const clock = new HandClock();
  const { listener, isAsked, finish } = await held(clock);
  using idle = await RawConnection.open(listener.port);
  using half = await RawConnection.open(listener.port);
  await half.say("POST / HT");
  const response = fetch(`http://127.0.0.1:${listener.port}/`, { method: "POST", body: "x" });
  await isAsked;
  const closed = listener.close();
  clock.advance(LISTENER_LIMITS.lingerMilliseconds);
  await untilSleeping(clock);
  await assert.rejects(RawConnection.open(listener.port), Deno.errors.ConnectionRefused);
  finish();
  assert.deepEqual([(await response).headers.get("Connection"), await (await response).text()], [
    "close",
    "done",
  ]);
  await closed;
  await Promise.all([idle.hearAll(), half.hearAll()]);
  await listener.close();
});

Deno.test("closing asks requests to end when they had their time, and cuts those that do not", async () => {
  const clock = new HandClock();
  const { listener, isAsked, finish, aborted } = await held(clock);
  const refused = assert.rejects(fetch(`http://127.0.0.1:${listener.port}/`, { method: "POST", body: "x" }));
  await isAsked;
  const closed = listener.close();
  clock.advance(LISTENER_LIMITS.lingerMilliseconds);
  await untilSleeping(clock);
  clock.advance(LISTENER_LIMITS.drainMilliseconds);
  await aborted;
  await untilSleeping(clock);
  clock.advance(1000);
  await closed;
  await refused;
  finish();
});

/** Asks over TLS; resolves with the name on the certificate and the answer. */
function askTls(port: number): Promise<{ readonly name: unknown; readonly heard: string }> {
  return new Promise((resolve, reject) => {
    let heard = "";
    let name: unknown;
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      name = socket.getPeerCertificate().subject.CN;
      socket.write(`${head(2).trimEnd()}\r\nConnection: close\r\n\r\nhi`);
    });
    socket.on("data", (chunk) => heard += String(chunk));
    socket.on("error", reject);
    socket.on("close", () => resolve({ name, heard }));
  });
}

Deno.test("with certificate files it speaks TLS alone, and renews them while it runs", async () => {
  const folder = await Deno.makeTempDir();
  const tls = { certFile: `${folder}/tls.crt`, keyFile: `${folder}/tls.key` };
  const put = async (name: string): Promise<void> => {
    const { cert, key } = selfSigned(name);
    await Deno.writeTextFile(tls.certFile, cert);
    await Deno.writeTextFile(tls.keyFile, key);
  };
  try {
    const clock = new HandClock();
    await put("first");
    await using listener = await open(
      { tls, limits: { ...LISTENER_LIMITS, headersMilliseconds: 1000 } },
      clock,
    );
    const { name, heard } = await askTls(listener.port);
    assert.equal(name, "first");
    assert.match(heard, /^HTTP\/1\.1 200 [^]*\r\n\r\nhi$/);
    using plain = await RawConnection.open(listener.port);
    await plain.say(`${head(2)}hi`);
    assert.doesNotMatch(await plain.hearAll(), /HTTP/);
    using silent = await RawConnection.open(listener.port);
    assert.equal(await silent.hearAll(), "");
    await put("second");
    clock.advance(10_000);
    while (listener.lines.length === 0) await Deno.lstat(tls.certFile);
    assert.match(listener.lines[0] ?? "", /TLS certificate renewed/);
    assert.equal((await askTls(listener.port)).name, "second");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** What the other end is, as a handler of requests sees it. */
function describePeer({ address, certificate }: Peer): string {
  const der = certificate();
  return `${address} ${der === undefined ? "nobody" : readCertificateNames(der).subject}`;
}

Deno.test("a request says from where it comes, and whose certificate it has shown if one is trusted", async () => {
  const [authority, other] = [createCertificateAuthority("clients"), createCertificateAuthority("others")];
  const server = authority.issue({ usage: "server", commonName: "receiver", addresses: ["127.0.0.1"] });
  const sender = { usage: "client", commonName: "falco", organizations: ["security"] } as const;
  const folder = await Deno.makeTempDir();
  const tls = {
    certFile: `${folder}/tls.crt`,
    keyFile: `${folder}/tls.key`,
    clientCaFile: `${folder}/ca.crt`,
  };
  await Deno.writeTextFile(tls.certFile, server.certificate);
  await Deno.writeTextFile(tls.keyFile, server.key);
  await Deno.writeTextFile(tls.clientCaFile, authority.certificate);
  const clock = new HandClock();
  try {
    await using listener = await open({
      tls,
      answer: async (request, peer) => {
        await request.text();
        return new Response(describePeer(peer));
      },
    }, clock);
    const ask = async (certified?: Certified): Promise<string> => {
      using client = Deno.createHttpClient({
        caCerts: [authority.certificate],
        http2: false,
        ...(certified === undefined ? {} : { cert: certified.certificate, key: certified.key }),
      });
      const response = await fetch(`https://127.0.0.1:${listener.port}/`, {
        method: "POST",
        body: "x",
        client,
      });
      return await response.text();
    };
    const [trusted, foreign] = [authority.issue(sender), other.issue(sender)];
    assert.equal(await ask(trusted), "127.0.0.1 CN=falco,O=security");
    assert.equal(await ask(foreign), "127.0.0.1 nobody");
    assert.equal(await ask(), "127.0.0.1 nobody");
    // What is for servers does not show who a client is.
    assert.equal(await ask(server), "127.0.0.1 nobody");
    await Deno.writeTextFile(tls.clientCaFile, other.certificate);
    clock.advance(10_000);
    while (listener.lines.length === 0) await Deno.lstat(tls.certFile);
    assert.match(listener.lines[0] ?? "", /TLS certificate renewed/);
    assert.equal(await ask(foreign), "127.0.0.1 CN=falco,O=security");
    assert.equal(await ask(trusted), "127.0.0.1 nobody");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("without authorities for clients nobody has shown a certificate", async () => {
  await using listener = await open({ answer: (_request, peer) => new Response(describePeer(peer)) });
  const response = await fetch(`http://127.0.0.1:${listener.port}/`, { method: "POST", body: "x" });
  assert.equal(await response.text(), "127.0.0.1 nobody");
});

Deno.test("certificate files that cannot be used are said at once", async () => {
  await assert.rejects(
    open({ tls: { certFile: "/nowhere/a", keyFile: "/nowhere/b" } }),
    { name: "Error", message: "Cannot read /nowhere/a: it must be a file that this process may read" },
  );
});

Deno.test("nothing sleeps when nothing runs", async () => {
  const clock = new HandClock();
  const listener = await open({}, clock);
  await listener[Symbol.asyncDispose]();
  assert.equal(clock.sleeping, 0);
});
