/** Writes docs/ingester.md and docs/observation.md from the schemas in src/model. */
import { fieldPages } from "./field_pages.ts";

for (const { path, text } of fieldPages()) {
  Deno.writeTextFileSync(new URL(`../../${path}`, import.meta.url), text);
  console.log(`Wrote ${path}`);
}
