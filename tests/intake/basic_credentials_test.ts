import assert from "node:assert/strict";
import { type BasicCredentials, basicCredentials } from "../../src/intake/basic_credentials.ts";

const cases: readonly (readonly [header: string | null, credentials: BasicCredentials | undefined])[] = [
  ["Basic dTpw", { userName: "u", password: "p" }],
  ["basic  dTpw ", { userName: "u", password: "p" }],
  [`Basic ${btoa("u:a:b")}`, { userName: "u", password: "a:b" }],
  [`Basic ${btoa(":")}`, { userName: "", password: "" }],
  ["Basic dTrDpA==", { userName: "u", password: "ä" }],
  [null, undefined],
  ["", undefined],
  ["Basic", undefined],
  ["Basic ", undefined],
  ["Bearer dTpw", undefined],
  [`Basic ${btoa("nobody")}`, undefined],
  ["Basic d", undefined],
  ["Basic d=d=", undefined],
  ["Basic dTr/", undefined],
  ["Basic dTpw, Basic dTpw", undefined],
];

for (const [header, credentials] of cases) {
  Deno.test(`${header} says ${credentials === undefined ? "nothing" : "who it is"}`, () => {
    assert.deepEqual(basicCredentials(header), credentials);
  });
}
