import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  bitString,
  type Der,
  explicit,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  time,
  unsignedInteger,
  utf8String,
  yes,
} from "./der.ts";

const cases: readonly { readonly name: string; readonly made: Der; readonly hex: string }[] = [
  { name: "an empty SEQUENCE", made: sequence(), hex: "3000" },
  { name: "a SEQUENCE of two", made: sequence(yes(), yes()), hex: "30060101ff0101ff" },
  { name: "a SET", made: setOf(yes()), hex: "31030101ff" },
  { name: "the number 0", made: unsignedInteger(Uint8Array.of(0)), hex: "020100" },
  {
    name: "a number without leading zeros",
    made: unsignedInteger(Uint8Array.of(0, 0, 1, 2)),
    hex: "02020102",
  },
  { name: "a number whose first bit is set", made: unsignedInteger(Uint8Array.of(0x80)), hex: "02020080" },
  { name: "a BIT STRING with unused bits", made: bitString(Uint8Array.of(6), 1), hex: "03020106" },
  { name: "an OBJECT IDENTIFIER", made: objectIdentifier("1.2.840.113549"), hex: "06062a864886f70d" },
  { name: "a text", made: utf8String("é"), hex: "0c02c3a9" },
  { name: "a context-specific tag", made: explicit(3, yes()), hex: "a3030101ff" },
  {
    name: "the last second of UTCTime",
    made: time(new Date("2049-12-31T23:59:59Z")),
    hex: `170d${ascii("491231235959Z")}`,
  },
  {
    name: "the first second after it",
    made: time(new Date("2050-01-01T00:00:00Z")),
    hex: `180f${ascii("20500101000000Z")}`,
  },
  { name: "127 bytes", made: octetString(new Uint8Array(127)), hex: `047f${"00".repeat(127)}` },
  { name: "128 bytes", made: octetString(new Uint8Array(128)), hex: `048180${"00".repeat(128)}` },
  { name: "256 bytes", made: octetString(new Uint8Array(256)), hex: `04820100${"00".repeat(256)}` },
];

for (const { name, made, hex } of cases) {
  Deno.test(`DER of ${name}`, () => assert.equal(Buffer.from(made).toString("hex"), hex));
}

function ascii(text: string): string {
  return Buffer.from(text).toString("hex");
}
