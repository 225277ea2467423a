import assert from "node:assert/strict";
import plugin from "./house_plugin.ts";

interface Case {
  readonly rule: string;
  /** What it is about, to follow "refuses" or "takes". */
  readonly name: string;
  readonly path: string;
  readonly source: string;
}

const refused: readonly (Case & { readonly messages: readonly string[] })[] = [
  {
    rule: "room-order",
    name: "an import that points up",
    path: "src/kube/client.ts",
    source: `import { x } from "../source/informer.ts";`,
    messages: ["kube lies below source: imports point down"],
  },
  {
    rule: "room-order",
    name: "a type from above",
    path: "src/run/group.ts",
    source: `import type { Log } from "../observe/log.ts"; type A = import("../kube/api.ts").Api;`,
    messages: ["run lies below observe: imports point down", "run lies below kube: imports point down"],
  },
  {
    rule: "room-order",
    name: "a re-export from above",
    path: "src/model/a.ts",
    source: `export { x } from "../run/x.ts"; export * from "../run/y.ts";`,
    messages: ["model lies below run: imports point down", "model lies below run: imports point down"],
  },
  {
    rule: "room-order",
    name: "an import of main.ts and app.ts",
    path: "src/cli/a.ts",
    source: `import "../../main.ts"; import "../app.ts";`,
    messages: ["cli lies below main: imports point down", "cli lies below app: imports point down"],
  },
  {
    rule: "room-order",
    name: "a folder that is no room",
    path: "src/shared/a.ts",
    source: `export const a = 1;`,
    messages: ["src/shared is no room of the house"],
  },
  {
    rule: "room-order",
    name: "a file of src that is not app.ts",
    path: "src/loose.ts",
    source: `export const a = 1;`,
    messages: ["src/loose.ts is no room of the house"],
  },
  {
    rule: "room-order",
    name: "an import from a folder that is no room",
    path: "src/kube/a.ts",
    source: `import { x } from "../shared/x.ts";`,
    messages: ["src/shared is no room of the house"],
  },
  {
    rule: "room-order",
    name: "an import from tests, or from outside the checkout",
    path: "src/kube/a.ts",
    source: `import { x } from "../../tests/support/x.ts"; import { y } from "../../../y.ts";`,
    messages: [
      "src imports nothing from outside src, given tests/support/x.ts",
      "src imports nothing from outside src, given ../y.ts",
    ],
  },
  {
    rule: "room-order",
    name: "a package that is not of this house",
    path: "src/kube/a.ts",
    source: `import a from "npm:left-pad"; import b from "https://example.com/b.ts"; import c from "zodiac";`,
    messages: [
      "npm:left-pad is no package of this house",
      "https://example.com/b.ts is no package of this house",
      "zodiac is no package of this house",
    ],
  },
  {
    rule: "room-order",
    name: "a package in a room where it does not belong",
    path: "src/kube/a.ts",
    source: `import { Hono } from "hono"; import { cors } from "hono/cors";`,
    messages: ["hono belongs to board, intake, observe", "hono belongs to board, intake, observe"],
  },
  {
    rule: "room-order",
    name: "the Kubernetes client at run time",
    path: "src/kube/a.ts",
    source: `import { KubeConfig } from "@kubernetes/client-node";`,
    messages: ["@kubernetes/client-node costs too much at run time: use import type"],
  },
  {
    rule: "no-globals-of-time",
    name: "the globals of time and chance",
    path: "src/kube/a.ts",
    source: `Date.now(); new Date(); Date(); performance.now(); Math.random(); AbortSignal.timeout(1);
      setTimeout(() => {}, 1); const later = setInterval; globalThis.Date.now(); globalThis.setTimeout(f, 1);`,
    messages: [
      "Date.now is for src/run/clock.ts alone",
      "new Date() is for src/run/clock.ts alone",
      "Date() is for src/run/clock.ts alone",
      "performance.now is for src/run/clock.ts alone",
      "Math.random is for src/run/clock.ts alone",
      "AbortSignal.timeout is for src/run/clock.ts alone",
      "setTimeout is for src/run/clock.ts alone",
      "setInterval is for src/run/clock.ts alone",
      "Date.now is for src/run/clock.ts alone",
      "globalThis.setTimeout is for src/run/clock.ts alone",
    ],
  },
  {
    rule: "no-globals-of-time",
    name: "another way to the same",
    path: "main.ts",
    source: `import { setTimeout as wait } from "node:timers/promises"; Date["now"]();`,
    messages: [
      "node:timers/promises is for src/run/clock.ts alone",
      "setTimeout is for src/run/clock.ts alone",
      "Date.now is for src/run/clock.ts alone",
    ],
  },
  {
    rule: "no-barrel",
    name: "passing on what another file exports",
    path: "tests/support/a.ts",
    source: `export * from "./b.ts"; export { c } from "./c.ts"; export type { D } from "./d.ts";`,
    messages: Array(3).fill("A file exports only what it makes itself"),
  },
  {
    rule: "no-barrel",
    name: "passing on what was imported before",
    path: "src/kube/a.ts",
    source: `import { b } from "./b.ts"; import c from "./c.ts"; export { b }; export default c;`,
    messages: Array(2).fill("A file exports only what it makes itself"),
  },
  {
    rule: "no-barrel",
    name: "an index file",
    path: "src/kube/index.ts",
    source: `export const a = 1;`,
    messages: ["A file is named for the one thing in it, not index or mod"],
  },
  {
    rule: "no-module-state",
    name: "what a module remembers",
    path: "src/kube/a.ts",
    source: `let count = 0; export let other = 1; var third; const seen = new Map<string, number>();`,
    messages: Array(4).fill("A module has no state"),
  },
  {
    rule: "no-dynamic-import",
    name: "an import within a function",
    path: "src/kube/a.ts",
    source: `async function a() { await import("./b.ts"); }`,
    messages: ["Imports stand at the top of a file"],
  },
  {
    rule: "abort-signal-last",
    name: "a signal that is not last",
    path: "src/kube/a.ts",
    source: `function a(signal: AbortSignal, b: number) {} const c = (signal: AbortSignal, d: number) => {};
      interface E { f(signal: AbortSignal, g: number): void; h: (signal: AbortSignal, i: number) => void }
      class J { k(signal: AbortSignal, l: number) {} }`,
    messages: Array(5).fill("An AbortSignal is the last parameter"),
  },
  {
    rule: "abort-signal-last",
    name: "a signal that may be left out",
    path: "src/kube/a.ts",
    source: `function a(signal?: AbortSignal) {} function b(signal: AbortSignal | undefined) {}
      function c(signal: AbortSignal = none) {}`,
    messages: Array(3).fill("An AbortSignal is never optional"),
  },
  {
    rule: "banned-names",
    name: "words that fit everything",
    path: "tests/support/a.ts",
    source:
      `class LeaseManager {} interface UrlHelper {} type StringUtils = string; class KubeService {} class Base {}`,
    messages: ["Manager", "Helper", "Utils", "Service", "Base"].map((word) =>
      `${word} says nothing: name it for what it does`
    ),
  },
  {
    rule: "banned-names",
    name: "a file of such a name",
    path: "tests/kube/string_utils_test.ts",
    source: `export const a = 1;`,
    messages: ["utils says nothing: name it for what it does"],
  },
  {
    rule: "status-numbers-in-one-place",
    name: "reading the number of an answer",
    path: "src/write/a.ts",
    source: `if (error.code === 409) {} if (500 <= answer.status) {} if (error?.code !== 404) {}
      switch (response.statusCode) { case 200: break; case 429: break; } [403, 404].includes(code);`,
    messages: Array(5).fill("Status numbers are read in src/kube/errors.ts alone"),
  },
];

const taken: readonly Case[] = [
  {
    rule: "room-order",
    name: "imports that point down, or stay",
    path: "src/source/informer.ts",
    source: `import { a } from "../kube/a.ts"; import { b } from "./b.ts"; import { c } from "node:crypto";
      import type { D } from "../model/d.ts"; type E = import("../run/e.ts").E;`,
  },
  {
    rule: "room-order",
    name: "packages where they belong",
    path: "src/intake/a.ts",
    source: `import { Hono } from "hono"; import { bodyLimit } from "hono/body-limit";
      import type { V1Pod } from "@kubernetes/client-node";`,
  },
  {
    rule: "room-order",
    name: "what main.ts, app.ts and tests import",
    path: "main.ts",
    source: `import { app } from "./src/app.ts"; import { parse } from "./src/cli/parse_arguments.ts";`,
  },
  { rule: "room-order", name: "app.ts", path: "src/app.ts", source: `import { a } from "./cli/a.ts";` },
  {
    rule: "room-order",
    name: "tests",
    path: "tests/kube/a_test.ts",
    source: `import a from "../../src/kube/a.ts";`,
  },
  {
    rule: "no-globals-of-time",
    name: "times that are given, and other people's timeouts",
    path: "src/kube/a.ts",
    source: `new Date(0); Date.parse("x"); socket.setTimeout(1); const a = { setTimeout: 1 }; clock.now();
      interface B { setTimeout(ms: number): void }`,
  },
  { rule: "no-globals-of-time", name: "the clock", path: "src/run/clock.ts", source: `Date.now();` },
  { rule: "no-globals-of-time", name: "a test", path: "tests/run/a_test.ts", source: `Date.now();` },
  {
    rule: "no-barrel",
    name: "what a file makes itself",
    path: "src/kube/a.ts",
    source:
      `import { b } from "./b.ts"; const c = b; export { c }; export function d() {} export default b + 1;`,
  },
  {
    rule: "no-module-state",
    name: "what never changes, and what a function remembers",
    path: "src/kube/a.ts",
    source: `const A = new Set(["a"]); export const B = 1; function c() { let d = 0; const e = new Map(); }`,
  },
  { rule: "no-module-state", name: "a test", path: "tests/kube/a_test.ts", source: `let a = 0;` },
  {
    rule: "no-dynamic-import",
    name: "a type",
    path: "src/kube/a.ts",
    source: `type A = import("./b.ts").B;`,
  },
  {
    rule: "abort-signal-last",
    name: "a signal that is last, and signals that are others",
    path: "src/kube/a.ts",
    source: `function a(b: number, signal: AbortSignal) {} const c = (signal: AbortSignal) => {};
      function d(signal: Deno.Signal, e?: number) {} function f({ signal }: { signal: AbortSignal }, g: number) {}`,
  },
  {
    rule: "banned-names",
    name: "names that say something",
    path: "../../src/model/canonical_json.ts",
    source: `class Database {} interface ServiceAccount {} type Baseline = 1; const helper = 1;`,
  },
  {
    rule: "status-numbers-in-one-place",
    name: "other numbers, and other names",
    path: "src/write/a.ts",
    source: `if (error.code === 0) {} if (items.length > 500) {} if (error.kind === "not-found") {}`,
  },
  {
    rule: "status-numbers-in-one-place",
    name: "the one place",
    path: "src/kube/errors.ts",
    source: `if (code === 404) {}`,
  },
  {
    rule: "status-numbers-in-one-place",
    name: "the intake's own answers",
    path: "src/intake/a.ts",
    source: `if (answer.status >= 500) {}`,
  },
  {
    rule: "status-numbers-in-one-place",
    name: "the numbers that an audit event tells of",
    path: "src/normalize/a.ts",
    source: `if (code === 401 || code === 403) {}`,
  },
];

function messages({ rule, path, source }: Case): readonly string[] {
  return Deno.lint.runPlugin(plugin, path, source)
    .filter((diagnostic) => diagnostic.id === `house/${rule}`)
    .map((diagnostic) => diagnostic.message);
}

for (const one of refused) {
  Deno.test(`${one.rule} refuses ${one.name}`, () => assert.deepEqual(messages(one), one.messages));
}
for (const one of taken) {
  Deno.test(`${one.rule} takes ${one.name}`, () => assert.deepEqual(messages(one), []));
}

Deno.test("every rule refuses something and takes something", () => {
  for (const rule of Object.keys(plugin.rules)) {
    assert.ok(refused.some((one) => one.rule === rule), rule);
    assert.ok(taken.some((one) => one.rule === rule), rule);
  }
});
