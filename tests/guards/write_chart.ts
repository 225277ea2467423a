/** Writes what the chart takes from elsewhere; run it after a change of presets, values, alerts or dashboards. */
import { chartFiles, foundFiles } from "./chart_files.ts";

const files = chartFiles();
for (const { path, text } of files) {
  const url = new URL(`../../${path}`, import.meta.url);
  Deno.mkdirSync(new URL(".", url), { recursive: true });
  Deno.writeTextFileSync(url, text);
  console.log(`Wrote ${path}`);
}
for (const path of foundFiles()) {
  if (files.some((file) => file.path === path)) continue;
  Deno.removeSync(new URL(`../../${path}`, import.meta.url));
  console.log(`Removed ${path}`);
}
