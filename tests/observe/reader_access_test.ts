import assert from "node:assert/strict";
import { judgeReader, type Reader, type ReaderAccess, tokenFile } from "../../src/observe/reader_access.ts";

const local: Reader = { address: "127.0.0.1", host: "localhost:9090", authorization: undefined };
const cases:
  readonly (readonly [name: string, reader: Partial<Reader>, token: string | undefined, ReaderAccess])[] = [
    ["IPv4 loopback", {}, undefined, "granted"],
    ["IPv6 loopback", { address: "::1", host: "[::1]:9090" }, undefined, "granted"],
    [
      "IPv4 loopback seen by an IPv6 socket",
      { address: "::ffff:127.0.0.1", host: "127.0.0.1:1" },
      undefined,
      "granted",
    ],
    ["loopback without a port", { host: "LOCALHOST" }, undefined, "granted"],
    ["loopback under a foreign name", { host: "evil.example:9090" }, undefined, "no-token-configured"],
    [
      "loopback under a name that begins alike",
      { host: "localhost.evil.example" },
      undefined,
      "no-token-configured",
    ],
    [
      "loopback under a name that ends alike",
      { host: "evil-localhost:9090" },
      undefined,
      "no-token-configured",
    ],
    ["loopback without a name", { host: undefined }, undefined, "no-token-configured"],
    [
      "loopback under a foreign name with the token",
      { host: "evil.example", authorization: "Bearer t" },
      "t",
      "granted",
    ],
    ["elsewhere", { address: "10.0.0.7" }, undefined, "no-token-configured"],
    ["elsewhere that only looks like loopback", { address: "127.0.0.11" }, undefined, "no-token-configured"],
    ["an unknown address", { address: undefined }, undefined, "no-token-configured"],
    [
      "elsewhere with a token file that is empty",
      { address: "10.0.0.7", authorization: "Bearer " },
      "",
      "no-token-configured",
    ],
    ["elsewhere without a header", { address: "10.0.0.7" }, "t", "token-missing"],
    [
      "elsewhere with another scheme",
      { address: "10.0.0.7", authorization: "Basic t" },
      "t",
      "token-missing",
    ],
    [
      "elsewhere with the wrong token",
      { address: "10.0.0.7", authorization: "Bearer tt" },
      "t",
      "token-wrong",
    ],
    ["elsewhere with the token", { address: "10.0.0.7", authorization: "bearer t" }, "t", "granted"],
  ];

for (const [name, reader, token, access] of cases) {
  Deno.test(`${name}: ${access}`, () => {
    assert.equal(judgeReader({ ...local, ...reader }, token), access);
  });
}

Deno.test("the token file is read anew each time, without the newline at its end", async () => {
  const path = await Deno.makeTempFile();
  try {
    const read = tokenFile(path);
    await Deno.writeTextFile(path, "one\n");
    assert.equal(await read(), "one");
    await Deno.writeTextFile(path, "two\r\n");
    assert.equal(await read(), "two");
  } finally {
    await Deno.remove(path);
  }
  assert.equal(await tokenFile(undefined)(), undefined);
});
