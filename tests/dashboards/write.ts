import { dashboardFiles } from "./dashboards.ts";

for (const { path, text } of dashboardFiles()) {
  Deno.writeTextFileSync(new URL(`../../${path}`, import.meta.url), text);
  console.log(`Wrote ${path}`);
}
