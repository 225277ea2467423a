import assert from "node:assert/strict";
import { AUDIT_RULES } from "../../src/normalize/audit_severity.ts";
import { committedFiles, filesBelow, textOf } from "./checkout_files.ts";
import { readmeTables, withTables } from "./readme_tables.ts";

const readme = textOf("README.md") ?? "";
const pages = ["README.md", ...filesBelow("docs").filter((path) => path.endsWith(".md"))];

Deno.test("The tables of README.md are what the code says", () => {
  assert.equal(
    readme,
    withTables(readme, readmeTables()),
    "README.md differs from the code; write it anew with `deno run -A tests/guards/write_readme_tables.ts`",
  );
});

Deno.test("A table that has no place in README.md is a failure, and one that differs is replaced", () => {
  const [settings] = readmeTables();
  assert.ok(settings !== undefined);
  assert.throws(() => withTables("# Nothing", [settings]), /Cannot write table settings/);
  const drifted = readme.replace("`--log-level`", "`--loglevel`");
  assert.notEqual(drifted, readme);
  assert.equal(withTables(drifted, readmeTables()), readme);
});

Deno.test("README.md begins with the two commands", () => {
  const [first, second] = readme.matchAll(/^npx .*$/gm);
  assert.match(first?.[0] ?? "", /^npx -y deno@2\.9\.6 task demo(\s|$)/);
  assert.match(second?.[0] ?? "", /^npx -y deno@2\.9\.6 task test(\s|$)/);
});

Deno.test("Every promise has its line, in order", () => {
  const promises = [...readme.matchAll(/^\| \*\*(P\d)/gm)].map(([, name]) => name);
  assert.deepEqual(promises, ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8"]);
});

Deno.test("Every file of this project that a page names is there", () => {
  const files = committedFiles();
  const isThere = (path: string): boolean =>
    files.some((file) => file === path || file.startsWith(`${path.replace(/\/$/, "")}/`));
  for (const page of pages) {
    const text = textOf(page) ?? "";
    const named = [...text.matchAll(/`((?:src|tests|chart|docs|\.ci)\/[\w./-]*)`/g)].map(([, path]) =>
      path ?? ""
    );
    // What looks like a link within code is a regular expression.
    const linked = [...text.replaceAll(/`[^`\n]*`/g, "``").matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
      .map(([, path]) => new URL(path ?? "", `file:///${page}`).pathname.slice(1));
    assert.deepEqual([...named, ...linked].filter((path) => !isThere(path)), [], page);
  }
});

Deno.test("The table of audit severities is the one that is applied, line by line", () => {
  const text = textOf("docs/normalizers.md") ?? "";
  const lines = [...text.matchAll(/^\| `(\w+)`\s+\| (critical|high|medium|low|info)\s+\|/gm)];
  assert.deepEqual(
    lines.map(([, name, severity]) => [name, severity]),
    AUDIT_RULES.map(({ name, severity }) => [name, severity]),
  );
});
