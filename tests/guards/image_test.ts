import assert from "node:assert/strict";
import { parse } from "yaml";
import project from "../../deno.json" with { type: "json" };
import { listAt } from "../../src/model/json.ts";

const read = (path: string): string => Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
const dockerfile = read("Dockerfile");

Deno.test("the image is compiled as the task compile does, for the same version", () => {
  const flags = (text: string): readonly string[] =>
    [...text.matchAll(/--(?:v8-flags|exclude-unused-npm)\S*|-P=\S+/g)].map(([flag]) => flag).sort();
  assert.deepEqual(flags(dockerfile), flags(project.tasks.compile.command));
  assert.match(dockerfile, new RegExp(`^ARG VERSION=${project.version}$`, "m"));
});

Deno.test("the image is built by the Deno that runs every check", () => {
  const pinned = /deno@(\d+\.\d+\.\d+)/.exec(read(".ci/run"))?.[1];
  assert.equal(/^ARG BUILD_IMAGE=\S+-(\d+\.\d+\.\d+)$/m.exec(dockerfile)?.[1], pinned);
});

Deno.test("the image runs as the user of the chart's pod, and has no shell of its own", () => {
  const last = dockerfile.slice(dockerfile.lastIndexOf("FROM "));
  const user = /^USER (\d+):(\d+)$/m.exec(last);
  assert.deepEqual(user?.slice(1), ["65532", "65532"]);
  assert.match(read("chart/templates/_pod.tpl"), /runAsUser: 65532/);
  assert.doesNotMatch(last, /^RUN /m);
});

Deno.test("the workflow asks for both architectures, contents, origin and signature", () => {
  const workflow = parse(read(".github/workflows/image.yml"));
  const steps = listAt(workflow, "jobs", "image", "steps");
  const text = JSON.stringify(steps);
  for (const part of ["linux/amd64,linux/arm64", '"sbom":true', '"provenance":"mode=max"', "cosign sign"]) {
    assert.ok(text.includes(part), part);
  }
  assert.deepEqual(workflow.permissions, {});
});
