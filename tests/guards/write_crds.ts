/** Writes chart/crds from the schemas in src/model; run it after a change of one of them. */
import { definitionFiles } from "./crd_files.ts";

for (const { name, path, text } of definitionFiles()) {
  Deno.mkdirSync(new URL(".", path), { recursive: true });
  Deno.writeTextFileSync(path, text);
  console.log(`Wrote ${name}`);
}
