import assert from "node:assert/strict";
import { filesBelow, textOf } from "./checkout_files.ts";
import { hasLogic, isSame, subjectOf, testsOf } from "./mirror.ts";

/** Files that put others together and are proved by the integration tests. */
const COMPOSITION: readonly string[] = ["src/app.ts"];

const sources = filesBelow("src").filter((path) => /\.tsx?$/.test(path));
const tests = filesBelow("tests").filter((path) => /_test\.tsx?$/.test(path));

Deno.test("every test of a room is about a file that exists", () => {
  const lost = tests.filter((test) => {
    const subject = subjectOf(test);
    return subject !== undefined && !sources.some((source) => isSame(source, subject));
  });
  assert.deepEqual(lost, []);
});

Deno.test("every file of src that does something has a test, of its own or of what it is a part of", () => {
  const untested = sources.filter((source) =>
    !COMPOSITION.includes(source) && hasLogic(source, textOf(source) ?? "") &&
    !testsOf(source).some((wanted) => tests.some((test) => isSame(test, wanted)))
  );
  assert.deepEqual(untested, []);
});

Deno.test("a file that does something is told from one that only says something", () => {
  assert.equal(
    hasLogic("a.ts", "export interface A { b(): void; c: () => string } export const D = [1];"),
    false,
  );
  assert.equal(hasLogic("a.ts", "export function a(): void {}"), true);
  assert.equal(hasLogic("a.ts", "class A { b() {} }"), true);
  assert.equal(hasLogic("a.ts", "const a = () => 1;"), true);
});

Deno.test("a test and what it is about are found from each other", () => {
  assert.equal(subjectOf("tests/kube/watcher_test.ts"), "src/kube/watcher.ts");
  assert.equal(subjectOf("tests/guards/mirror_test.ts"), undefined);
  assert.equal(subjectOf("tests/kube/fixture.ts"), undefined);
  assert.deepEqual(testsOf("src/kube/watcher.ts"), ["tests/kube/watcher_test.ts"]);
  assert.deepEqual(testsOf("src/normalize/trivy_check.ts"), [
    "tests/normalize/trivy_check_test.ts",
    "tests/normalize/trivy_test.ts",
  ]);
  assert.deepEqual(testsOf("src/app.ts"), ["tests/app_test.ts"]);
});
