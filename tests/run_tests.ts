/**
 * Runs the checks of this project and ends with the line `N passed, N failed`.
 *
 * Usage: run_tests.ts unit | all
 */
import { linesOf } from "./support/lines.ts";

const UNIT_FOLDERS_LEFT_OUT = [
  "integration",
  "control_plane",
  "bench",
  "demo",
  "support",
  "testdata",
  "e2e",
];
/** Share of lines of src that the unit tests must run, in percent. */
const COVERAGE_THRESHOLD = 80;
const COVERAGE_FOLDER = "coverage";

interface Tally {
  passed: number;
  failed: number;
}

const scope = Deno.args[0] ?? "all";
if (scope !== "unit" && scope !== "all") {
  console.error(`Cannot run tests: the scope must be unit or all, given ${scope}`);
  Deno.exit(2);
}
const tally: Tally = { passed: 0, failed: 0 };
await check("Formatting", ["fmt", "--check"]);
await check("Lint", ["lint", "--permit-no-files"]);
await check("Types", ["check", "main.ts", "src", "tests"]);
await test("Unit tests", [
  "-P=test",
  // What an earlier run left would count for this one; the report is that of the next step, about src alone.
  "--clean",
  `--coverage=${COVERAGE_FOLDER}`,
  "--coverage-raw-data-only",
  "--parallel",
  ...unitFolders(),
]);
await coverage();
if (scope === "all") {
  await test("Integration tests", [
    "-P=integration",
    "tests/support",
    "tests/bench",
    "tests/control_plane",
    "tests/integration",
    "tests/e2e/alerts_test.ts",
  ]);
}
console.log(`${tally.passed} passed, ${tally.failed} failed`);
Deno.exit(tally.failed === 0 ? 0 : 1);

function unitFolders(): string[] {
  return [...Deno.readDirSync("tests")]
    .filter(({ name, isDirectory }) => isDirectory && !UNIT_FOLDERS_LEFT_OUT.includes(name))
    .map(({ name }) => `tests/${name}`).sort();
}

/** A step that passes or fails as a whole. */
async function check(name: string, args: readonly string[]): Promise<void> {
  heading(name);
  const { code } = await run(args, () => {});
  count(name, code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });
}

/** A step whose summary says how many tests passed and failed. */
async function test(name: string, args: readonly string[]): Promise<void> {
  heading(name);
  const found: Tally = { passed: 0, failed: 0 };
  const { code } = await run(["test", "--no-check", "--no-prompt", ...args], (line) => {
    const summary = /^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed/.exec(line);
    if (summary === null) return;
    found.passed += Number(summary[1]);
    found.failed += Number(summary[2]);
  });
  // A crash, a leak or a module that cannot be loaded is a failure too, though no test says so.
  if (code !== 0 && found.failed === 0) found.failed = 1;
  if (code === 0 && found.passed === 0) found.failed = 1;
  count(name, found);
}

async function coverage(): Promise<void> {
  heading("Coverage");
  const { code, output } = await run(
    ["coverage", COVERAGE_FOLDER, "--include=/src/", "--threshold=" + COVERAGE_THRESHOLD],
    () => {},
    false,
  );
  const last = output.findLast((line) => line.includes("All files")) ?? output.at(-1) ?? "";
  console.log(last);
  const share = Number(
    /All files\s*\|\s*[\d.]+\s*\|\s*(?:[\d.]+\s*\|\s*)?([\d.]+)/.exec(last)?.[1] ?? Number.NaN,
  );
  const isEnough = code === 0 && share >= COVERAGE_THRESHOLD;
  if (!isEnough) {
    console.error(`Coverage of src must be at least ${COVERAGE_THRESHOLD} % of lines, given ${share}`);
  }
  count("Coverage", isEnough ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });
}

async function run(
  args: readonly string[],
  onLine: (line: string) => void,
  isShown = true,
): Promise<{ code: number; output: string[] }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output: string[] = [];
  const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const line of linesOf(stream)) take(line);
  };
  const take = (line: string): void => {
    output.push(line);
    onLine(line);
    if (isShown && !line.startsWith("Check ")) console.log(line);
  };
  await Promise.all([read(child.stdout), read(child.stderr)]);
  return { code: (await child.status).code, output };
}

function heading(name: string): void {
  console.log(`\n== ${name}`);
}

function count(name: string, found: Tally): void {
  tally.passed += found.passed;
  tally.failed += found.failed;
  if (found.failed > 0) console.log(`== ${name}: ${found.failed} failed`);
}
