import { ROOMS } from "./rooms.ts";

/** A plugin that reports whatever does something: a file without any is only types and constants. */
const logic: Deno.lint.Plugin = {
  name: "logic",
  rules: {
    any: {
      create(context) {
        const report = (node: Deno.lint.Node): void => context.report({ node, message: "logic" });
        return {
          FunctionDeclaration: report,
          FunctionExpression: report,
          ArrowFunctionExpression: report,
        };
      },
    },
  },
};

/** True when a file of src does something, so that it needs a test of its own. */
export function hasLogic(path: string, source: string): boolean {
  return Deno.lint.runPlugin(logic, path, source).length > 0;
}

/** The file of src that a test is about, undefined when it is about no single one (guards, integration, ...). */
export function subjectOf(test: string): string | undefined {
  const [, folder = "", ...rest] = test.split("/");
  const isOfRoom = ROOMS.includes(folder) || test === "tests/app_test.ts";
  if (!isOfRoom || !/_test\.tsx?$/.test(test)) return undefined;
  return ["src", folder, ...rest].join("/").replace(/_test(\.tsx?)$/, "$1");
}

/**
 * The tests of which a file of src must have one: its own, or that of the thing it is a part of by its name
 * (`trivy_check.ts` may be tested with `trivy.ts`).
 */
export function testsOf(subject: string): readonly string[] {
  const [, folder = "", name = "", extension = ""] = /^src\/(.*\/|)(.+?)(\.tsx?)$/.exec(subject) ?? [];
  const words = name.split("_");
  return words.map((_, index) => {
    const part = words.slice(0, words.length - index).join("_");
    return `tests/${folder}${part}_test${extension}`;
  });
}

/** True when both are the same file but for `.ts` and `.tsx`: a page may be tested from plain TypeScript. */
export function isSame(one: string, other: string): boolean {
  return one.replace(/\.tsx$/, ".ts") === other.replace(/\.tsx$/, ".ts");
}
