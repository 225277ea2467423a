import assert from "node:assert/strict";
import { followTlsFiles, readTlsPair, type TlsFiles, type TlsPair } from "../../src/intake/tls_files.ts";
import { createLog } from "../../src/observe/json_log.ts";
import { HandClock } from "../observe/hand_clock.ts";
import { selfSigned } from "./self_signed.ts";

/** Both files in a folder of their own, which goes with the test. */
async function files(
  pair: TlsPair,
): Promise<TlsFiles & AsyncDisposable & { put(pair: TlsPair): Promise<void> }> {
  const folder = await Deno.makeTempDir();
  const [certFile, keyFile] = [`${folder}/tls.crt`, `${folder}/tls.key`];
  const put = async ({ cert, key }: TlsPair): Promise<void> => {
    await Deno.writeTextFile(certFile, cert);
    await Deno.writeTextFile(keyFile, key);
  };
  await put(pair);
  return { certFile, keyFile, put, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

Deno.test("a certificate and its key are read", async () => {
  const pair = selfSigned("one");
  await using on = await files(pair);
  assert.deepEqual(await readTlsPair(on), pair);
});

const unusable: readonly (readonly [name: string, pair: TlsPair, error: RegExp])[] = [
  [
    "another key",
    { cert: selfSigned("one").cert, key: selfSigned("one").key },
    /the key is not that of the certificate/,
  ],
  ["no certificate", { ...selfSigned("one"), cert: "hello" }, /must hold a certificate and its key in PEM/],
  ["no key", { ...selfSigned("one"), key: "" }, /must hold a certificate and its key in PEM/],
];

for (const [name, pair, error] of unusable) {
  Deno.test(`files with ${name} are refused`, async () => {
    await using on = await files(pair);
    await assert.rejects(readTlsPair(on), error);
  });
}

Deno.test("authorities of clients are read, one or several, and refused when they are none", async () => {
  const pair = selfSigned("one");
  await using on = await files(pair);
  const clientCaFile = `${on.certFile}.ca`;
  const [first, second] = [selfSigned("first").cert, selfSigned("second").cert];
  for (const clientCa of [first, `# first\n${first}\n${second}`]) {
    await Deno.writeTextFile(clientCaFile, clientCa);
    assert.deepEqual(await readTlsPair({ ...on, clientCaFile }), { ...pair, clientCa });
  }
  for (
    const bad of [
      "",
      "hello",
      pair.key,
      first.replace(/\n[A-Za-z0-9]/, "\nB"),
      `${first}${second.replace("MII", "MIX")}`,
    ]
  ) {
    await Deno.writeTextFile(clientCaFile, bad);
    await assert.rejects(readTlsPair({ ...on, clientCaFile }), /must hold one or more certificates in PEM/);
  }
});

Deno.test("a missing file is said", async () => {
  await assert.rejects(
    readTlsPair({ certFile: "/nowhere/tls.crt", keyFile: "/nowhere/tls.key" }),
    /Cannot read \/nowhere\/tls.crt/,
  );
});

Deno.test("a renewed certificate is used once, half a change is left for the next look", async () => {
  const clock = new HandClock();
  const [first, second] = [selfSigned("one"), selfSigned("two")];
  await using on = await files(first);
  const used: TlsPair[] = [];
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "json", clock, write: (line) => void lines.push(line) });
  const stop = new AbortController();
  const following = followTlsFiles(on, first, (pair) => void used.push(pair), { clock, log }, stop.signal);
  const look = async (): Promise<void> => {
    clock.advance(10_000);
    while (clock.sleeping === 0) await Deno.lstat(on.certFile);
  };
  await look();
  assert.deepEqual([used, lines], [[], []]);
  await on.put({ cert: second.cert, key: first.key });
  await look();
  assert.deepEqual(used, []);
  assert.match(lines[0] ?? "", /"level":"warn".*kept as it was/);
  await on.put(second);
  await look();
  await look();
  assert.deepEqual(used, [second]);
  assert.equal(lines.length, 2);
  stop.abort(new Error("the test is over"));
  await assert.rejects(following, /the test is over/);
});
