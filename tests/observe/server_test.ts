import assert from "node:assert/strict";
import { Hono } from "hono";
import type { ObserveEnv } from "../../src/observe/observe_app.ts";
import { serveObserve } from "../../src/observe/server.ts";
import { HandClock } from "./hand_clock.ts";

function echoApp(): Hono<ObserveEnv> {
  const app = new Hono<ObserveEnv>();
  app.get("/address", (c) => c.text(c.env.remoteAddr?.hostname ?? "none"));
  app.get(
    "/endless",
    (c) => c.body(new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array(1)) })),
  );
  return app;
}

Deno.test("the app is told who asks, over a real socket", async () => {
  await using server = serveObserve({
    app: echoApp(),
    hostname: "127.0.0.1",
    port: 0,
    clock: new HandClock(),
  });
  const response = await fetch(`http://127.0.0.1:${server.port}/address`);
  assert.equal(await response.text(), "127.0.0.1");
});

Deno.test("a port that is taken is said at once", async () => {
  await using server = serveObserve({
    app: echoApp(),
    hostname: "127.0.0.1",
    port: 0,
    clock: new HandClock(),
  });
  assert.throws(
    () => serveObserve({ app: echoApp(), hostname: "127.0.0.1", port: server.port, clock: new HandClock() }),
    Deno.errors.AddrInUse,
  );
});

Deno.test("closing cuts streams, which do not end by themselves", async () => {
  const server = serveObserve({ app: echoApp(), hostname: "127.0.0.1", port: 0, clock: new HandClock() });
  const response = await fetch(`http://127.0.0.1:${server.port}/endless`);
  const reader = response.body?.getReader();
  await reader?.read();
  await server[Symbol.asyncDispose]();
  await assert.rejects(async () => await reader?.read());
});

Deno.test("closing waits for the answers in the making", async () => {
  const clock = new HandClock();
  const { app, isAsked, finish } = slowApp();
  const server = serveObserve({ app, hostname: "127.0.0.1", port: 0, clock });
  const text = fetch(`http://127.0.0.1:${server.port}/slow`).then((response) => response.text());
  await isAsked;
  const closed = server[Symbol.asyncDispose]();
  finish();
  assert.equal(await text, "done");
  await closed;
  assert.equal(clock.sleeping, 0);
});

Deno.test("closing waits no longer than a second", async () => {
  const clock = new HandClock();
  const { app, isAsked, finish } = slowApp();
  const server = serveObserve({ app, hostname: "127.0.0.1", port: 0, clock });
  const refused = assert.rejects(fetch(`http://127.0.0.1:${server.port}/slow`));
  await isAsked;
  const closed = server[Symbol.asyncDispose]();
  clock.advance(1000);
  await closed;
  finish();
  await refused;
});

function slowApp(): {
  readonly app: Hono<ObserveEnv>;
  readonly isAsked: Promise<void>;
  readonly finish: () => void;
} {
  const asked = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<void>();
  const app = new Hono<ObserveEnv>();
  app.get("/slow", async (c) => {
    asked.resolve();
    await finished.promise;
    return c.text("done");
  });
  return { app, isAsked: asked.promise, finish: finished.resolve };
}
