import assert from "node:assert/strict";
import { createLog, type LogOptions } from "../../src/observe/json_log.ts";
import type { Log } from "../../src/observe/log.ts";
import type { Clock } from "../../src/run/clock.ts";

const NOON = Date.UTC(2026, 0, 2, 12);

function fixedClock(): Clock {
  return { now: () => NOON, monotonic: () => 0, random: () => 0, sleep: () => Promise.resolve() };
}

function recorded(options: Partial<LogOptions> = {}): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  return { log: createLog({ level: "info", format: "json", clock: fixedClock(), write, ...options }), lines };
}

Deno.test("a JSON line has time, level, msg, component and the fields, in this order", () => {
  const { log, lines } = recorded();
  log.component("leadership").warn("leader lost", {
    identity: "a",
    seconds: 1.5,
    isGraceful: false,
    cause: null,
  });
  assert.deepEqual(lines, [
    '{"time":"2026-01-02T12:00:00.000Z","level":"warn","msg":"leader lost","component":"leadership",' +
    '"identity":"a","seconds":1.5,"isGraceful":false,"cause":null}',
  ]);
});

Deno.test("a text line is for people", () => {
  const { log, lines } = recorded({ format: "text", level: "debug" });
  log.component("leadership").info("leader acquired", {
    identity: "a",
    lease: "b",
    note: "two words",
    none: undefined,
  });
  log.component("kube").debug("x");
  assert.deepEqual(lines, [
    '12:00:00.000 INFO  leadership  leader acquired identity=a lease=b note="two words"',
    "12:00:00.000 DEBUG kube        x",
  ]);
});

Deno.test("text has colours only where they are asked for, and only around the level", () => {
  const plain = recorded({ format: "text" });
  const coloured = recorded({ format: "text", isColoured: true });
  plain.log.error("no");
  coloured.log.error("no");
  assert.deepEqual(plain.lines, ["12:00:00.000 ERROR main        no"]);
  assert.deepEqual(coloured.lines, ["12:00:00.000 \x1b[31mERROR\x1b[0m main        no"]);
});

const levels: readonly (readonly [level: LogOptions["level"], written: readonly string[]])[] = [
  ["debug", ["debug", "info", "warn", "error"]],
  ["info", ["info", "warn", "error"]],
  ["warn", ["warn", "error"]],
  ["error", ["error"]],
];

for (const [level, written] of levels) {
  Deno.test(`at level ${level} the lines ${written.join(", ")} are written`, () => {
    const { log, lines } = recorded({ level });
    log.debug("m");
    log.info("m");
    log.warn("m");
    log.error("m");
    assert.deepEqual(lines.map((line) => (JSON.parse(line) as { level: string }).level), written);
  });
}

const hostile = "a\nb\r\x1b[2J\x1b[31m\u009b31m\u2028c\u0000";

for (const format of ["json", "text"] as const) {
  Deno.test(`what comes from outside cannot begin a line or drive the terminal (${format})`, () => {
    const { log, lines } = recorded({ format });
    log.component(hostile).info(hostile, { value: hostile, other: "x\ty\n" });
    assert.equal(lines.length, 1);
    const codes = Array.from(lines[0] ?? "", (character) => character.codePointAt(0) ?? 0);
    assert.deepEqual(codes.filter((code) => code < 0x20 || (code >= 0x7f && code <= 0x9f)), []);
  });
}

Deno.test("JSON gives back what went in, control codes included", () => {
  const { log, lines } = recorded();
  log.info(hostile, { value: hostile });
  const line = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
  assert.equal(line["msg"], hostile);
  assert.equal(line["value"], hostile);
});

for (
  const key of [
    "token",
    "password",
    "Authorization",
    "secret",
    "board_token",
    "clientSecret",
    "token-next",
    "apiKey",
  ]
) {
  Deno.test(`the field ${key} is redacted`, () => {
    for (const format of ["json", "text"] as const) {
      const { log, lines } = recorded({ format });
      log.info("m", { [key]: "hunter2" });
      assert.match(lines[0] ?? "", /\[redacted\]/);
      assert.doesNotMatch(lines[0] ?? "", /hunter2/);
    }
  });
}

for (const key of ["secretName", "namespace", "tokenFile", "tokens"]) {
  Deno.test(`the field ${key} is no secret`, () => {
    const { log, lines } = recorded();
    log.info("m", { [key]: "shown" });
    assert.match(lines[0] ?? "", /"shown"/);
  });
}

Deno.test("long strings are cut to 1024", () => {
  const { log, lines } = recorded();
  log.info("m".repeat(5000), { value: "v".repeat(5000), short: "s".repeat(1024) });
  const line = JSON.parse(lines[0] ?? "") as { msg: string; value: string; short: string };
  assert.deepEqual([line.msg.length, line.value.length, line.short.length], [1024, 1024, 1024]);
  assert.ok(line.value.endsWith("v…"));
  assert.ok(line.short.endsWith("s"));
});

Deno.test("a field cannot take the place of time, level, msg or component", () => {
  const { log, lines } = recorded();
  log.info("real", { msg: "forged", level: "forged", time: "forged", component: "forged", rate: NaN });
  const line = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
  assert.deepEqual([line["msg"], line["level"], line["component"]], ["real", "info", "main"]);
  assert.equal(line["msg_"], "forged");
  assert.equal(line["rate"], "NaN");
});

Deno.test("two logs live side by side, each with its own level, format and place", () => {
  const one = recorded();
  const two = recorded({ level: "error", format: "text" });
  one.log.info("for one");
  two.log.info("for nobody");
  two.log.error("for two");
  assert.deepEqual([one.lines.length, two.lines.length], [1, 1]);
  assert.match(one.lines[0] ?? "", /for one/);
  assert.match(two.lines[0] ?? "", /for two/);
});
