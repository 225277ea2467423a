/** Writes the golden files of the examples, and their list in config/examples/README.md. */
import { examples } from "./examples.ts";
import { RECEIVED_AT, runOffline } from "./offline.ts";
import { README, readmeText } from "./readme.ts";
import { goldenText } from "./shown.ts";

const all = examples(RECEIVED_AT);
for (const example of all) {
  const path = new URL(`golden/${example.name}.yaml`, import.meta.url);
  Deno.writeTextFileSync(path, goldenText(example.name, await runOffline(example)));
}
Deno.writeTextFileSync(README, readmeText(all));
console.log(`Wrote the golden files of ${all.length} examples and their list`);
