import assert from "node:assert/strict";
import { fingerprint } from "../../src/deduplicate/fingerprint.ts";
import { base32 } from "../../src/model/base32.ts";

const at = (text: string): number => Date.parse(text);

Deno.test("The name is the source, a hyphen, and 26 characters of base32 over the hash", () => {
  const { hash, name } = fingerprint("trivy", { identity: ["a", null], isWindowed: false }, 0, 60);
  assert.match(hash, /^[0-9a-f]{64}$/);
  assert.match(name, /^trivy-[a-z2-7]{26}$/);
  const bytes = Uint8Array.from(hash.slice(0, 32).match(/../g) ?? [], (pair) => parseInt(pair, 16));
  assert.equal(name, `trivy-${base32(bytes)}`);
});

Deno.test("The name is pinned: a change of it would write every Observation twice after an upgrade", () => {
  const state = fingerprint("trivy", { identity: ["Pod", "ns", "web", "CVE-1"], isWindowed: false }, 0, 60);
  const happened = fingerprint(
    "falco",
    { identity: ["A rule", null], isWindowed: true },
    at("2026-01-02T03:04:05Z"),
    60,
  );
  assert.deepEqual([state.name, happened.name], [
    "trivy-kynaqgubxrucblptsb4qt7vxue",
    "falco-pacadqnjmuycijalfzi4wfhqei",
  ]);
});

Deno.test("A long source is cut to 20 characters and keeps no hyphen at its end", () => {
  const name = (source: string): string =>
    fingerprint(source, { identity: [], isWindowed: false }, 0, 60).name;
  assert.match(name("abcdefghijklmnopqrs-uvw"), /^abcdefghijklmnopqrs-[a-z2-7]{26}$/);
  assert.match(name("abcdefghijklmnopqrstuvw"), /^abcdefghijklmnopqrst-[a-z2-7]{26}$/);
});

Deno.test("Sources that are cut alike do not share names", () => {
  const name = (source: string): string =>
    fingerprint(source, { identity: [1], isWindowed: false }, 0, 60).name;
  assert.notEqual(name("abcdefghijklmnopqrst1"), name("abcdefghijklmnopqrst2"));
});

Deno.test("What happened folds within a window by the signal's own time, what shows a state always", () => {
  const happened = (time: string, seconds = 60): string =>
    fingerprint("falco", { identity: ["r"], isWindowed: true }, at(time), seconds).name;
  const state = (time: string): string =>
    fingerprint("trivy", { identity: ["r"], isWindowed: false }, at(time), 60).name;
  assert.equal(happened("2026-01-01T00:00:00Z"), happened("2026-01-01T00:00:59.999Z"));
  assert.notEqual(happened("2026-01-01T00:00:59.999Z"), happened("2026-01-01T00:01:00Z"));
  assert.notEqual(happened("2026-01-01T00:00:00Z", 60), happened("2026-01-01T00:00:00Z", 120));
  assert.equal(state("2026-01-01T00:00:00Z"), state("2027-01-01T00:00:00Z"));
});
