import assert from "node:assert/strict";
import { systemMachine } from "../../src/cli/machine.ts";
import { freePort } from "../support/ports.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const never = new AbortController().signal;

Deno.test("a file can be opened, is not there, or may not be read", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/token`, "secret");
  assert.equal(systemMachine.unreadable(`${folder.path}/token`), undefined);
  assert.equal(systemMachine.unreadable(`${folder.path}/none`), "there is no such file");
  assert.match(systemMachine.unreadable(`${folder.path}/token/below`) ?? "", /Not a directory/);
});

Deno.test("the bytes of all files below a folder are counted", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/a/b`, { recursive: true });
  await Deno.writeFile(`${folder.path}/one`, new Uint8Array(3));
  await Deno.writeFile(`${folder.path}/a/b/two`, new Uint8Array(4));
  assert.equal(await systemMachine.bytesBelow(folder.path), 7);
  assert.equal(await systemMachine.bytesBelow(`${folder.path}/none`), 0);
});

Deno.test("the room on a disk is seen where that is granted, and not guessed at where it is not", async () => {
  await using folder = await temporaryFolder();
  const granted = Deno.permissions.querySync({ name: "sys", kind: "statfs" }).state === "granted";
  const free = systemMachine.freeBytes(folder.path);
  assert.equal(free !== undefined && free > 0, granted);
});

Deno.test("permissions are those of this process", () => {
  assert.equal(systemMachine.isGranted("write", "/tmp/zen-watcher"), true);
  assert.equal(systemMachine.isGranted("write", "/opt/zen-watcher"), false);
});

Deno.test("a port is free, in use, or not of this machine", () => {
  const port = freePort();
  assert.deepEqual(systemMachine.tryPort("127.0.0.1", port), { kind: "free" });
  using _listener = Deno.listen({ hostname: "127.0.0.1", port });
  assert.deepEqual(systemMachine.tryPort("127.0.0.1", port), { kind: "in-use" });
  assert.equal(systemMachine.tryPort("192.0.2.1", port).kind, "refused");
});

Deno.test("an answer is read up to a bound; what is no good answer is none", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: freePort(), onListen() {} }, (request) => {
    switch (new URL(request.url).pathname) {
      case "/long":
        return new Response("x".repeat(3 * 1024 * 1024));
      case "/bad":
        return new Response("no", { status: 500 });
      case "/empty":
        return new Response(null);
      default:
        return new Response("yes");
    }
  });
  await using _server = { [Symbol.asyncDispose]: () => server.shutdown() };
  const base = `http://127.0.0.1:${server.addr.port}`;
  assert.equal(await systemMachine.ask(`${base}/good`, never), "yes");
  assert.equal(await systemMachine.ask(`${base}/bad`, never), undefined);
  assert.equal(await systemMachine.ask(`${base}/empty`, never), "");
  const long = await systemMachine.ask(`${base}/long`, never) ?? "";
  assert.ok(long.length >= 1024 * 1024 && long.length < 2 * 1024 * 1024, `${long.length}`);
  assert.equal(await systemMachine.ask(`http://127.0.0.1:${freePort()}/`, never), undefined);
  const aborted = AbortSignal.abort(new Error("enough"));
  await assert.rejects(systemMachine.ask(`${base}/good`, aborted), /enough/);
});
