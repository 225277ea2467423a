import assert from "node:assert/strict";
import { elfLength } from "./elf.ts";

Deno.test("What was appended to an executable is not counted", () => {
  const file = new Uint8Array(300);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0x7f454c46);
  view.setUint8(4, 2);
  view.setBigUint64(0x28, 64n, true);
  view.setUint16(0x3a, 64, true);
  view.setUint16(0x3c, 2, true);
  assert.equal(elfLength(file), 192);
});

Deno.test("What is no executable is refused", () => {
  assert.throws(() => elfLength(new TextEncoder().encode("#!/bin/sh")), /must be an ELF file of 64 bits/);
});
