/** Writes what the chart renders for each pattern; to be read before it is committed. */
import { ensureHelm } from "../helm/helm.ts";
import { PATTERNS } from "./patterns.ts";
import { goldenOf, render } from "./render.ts";

const helm = await ensureHelm((line) => console.error(line));
for (const pattern of PATTERNS) {
  await Deno.writeTextFile(goldenOf(pattern), await render(helm, pattern));
  console.log(`Wrote ${goldenOf(pattern).pathname.replace(/^.*\/tests\//, "tests/")}`);
}
