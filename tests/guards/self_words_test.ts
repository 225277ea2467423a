import assert from "node:assert/strict";
import { committedFiles, textOf } from "./checkout_files.ts";

/** Real payloads of others say what they say. */
const OTHERS = /^(tests\/testdata\/|LICENSE$)/;
const WORDS: readonly { readonly name: string; readonly pattern: RegExp }[] = [
  // Where somebody's checkout lies. The image's own home is not somebody's.
  { name: "a path of a machine", pattern: /(?<![\w.~}-])\/(?:(?:root|work)\/|home\/(?!nonroot\b)[A-Za-z])/ },
  // Where somebody's packages come from; images are named in Dockerfile and chart, and are no packages.
  {
    name: "a host of a package registry",
    pattern:
      /\b(?:registry\.npmjs|registry\.yarnpkg|npm\.jsr|proxy\.golang|sum\.golang|goproxy)\.(?:org|com|io|cn)\b/,
  },
  {
    name: "a mirror of packages",
    pattern: /https?:\/\/[^\s/"'`]*(?:artifactory|nexus|goproxy|registry-mirror|npm-mirror)/i,
  },
];

for (const { name, pattern } of WORDS) {
  Deno.test(`no committed file names ${name}`, () => {
    const found = committedFiles().filter((path) => !OTHERS.test(path)).flatMap((path) =>
      (textOf(path) ?? "").split("\n").flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []
      )
    );
    assert.deepEqual(found, []);
  });
}

const lines: readonly (readonly [string, boolean])[] = [
  [`cd ${["", "root", "x"].join("/")}`, true],
  [`"${["", "home", "me", "x"].join("/")}"`, true],
  [`file://${["", "work", "x"].join("/")}`, true],
  ["src/work/queue.ts", false],
  ["https://example.com/root/x", false],
  ["/home/nonroot/x", false],
  ["/home/.kube/config", false],
  [`https://registry.${["npmjs", "org"].join(".")}/hono`, true],
  [`https://${["nexus", "example", "com"].join(".")}/npm`, true],
  ["gcr.io/distroless/static", false],
];
for (const [line, isFound] of lines) {
  Deno.test(`the line ${JSON.stringify(line.replaceAll("/", " "))} is ${isFound ? "found" : "passed over"}`, () => {
    assert.equal(WORDS.some(({ pattern }) => pattern.test(line)), isFound);
  });
}
