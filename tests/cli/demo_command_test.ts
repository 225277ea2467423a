import assert from "node:assert/strict";
import { planDemo } from "../../src/cli/demo_command.ts";

const anywhere = (): boolean => true;

Deno.test("In a checkout the demo is started with the rights that it needs, and told to end by itself if asked", () => {
  assert.deepEqual(planDemo(false, "file:///checkout/main.ts", true, anywhere), {
    kind: "start",
    arguments: ["run", "--allow-all", "/checkout/tests/demo/main.ts"],
  });
  const once = planDemo(true, "file:///checkout/main.ts", true, anywhere);
  assert.equal(once.kind === "start" ? once.arguments.at(-1) : "", "--once");
});

Deno.test("A checkout may lie in a folder with any name", () => {
  const looked: string[] = [];
  const plan = planDemo(false, "file:///my%20own/%C3%BC/main.ts", true, (path) => {
    looked.push(path);
    return true;
  });
  assert.deepEqual(looked, ["/my own/ü/tests/demo/main.ts"]);
  assert.equal(plan.kind === "start" ? plan.arguments[2] : "", "/my own/ü/tests/demo/main.ts");
});

Deno.test("Where it cannot be started it says how it can", () => {
  const cases: readonly [string, boolean, boolean, RegExp][] = [
    [
      "file:///executable/main.ts",
      true,
      false,
      /in a checkout of the project, with `npx -y deno@2\.9\.6 task demo`/,
    ],
    ["https://example.com/main.ts", true, true, /in a checkout/],
    ["file:///checkout/main.ts", false, true, /starts other programs.*`npx -y deno@2\.9\.6 task demo`/],
  ];
  for (const [url, mayRun, exists, expected] of cases) {
    const plan = planDemo(false, url, mayRun, () => exists);
    assert.match(plan.kind === "impossible" ? plan.message : "", expected, url);
  }
});
