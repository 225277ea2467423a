/** Writes the tables of README.md from the code; run it after a change of a setting or a metric. */
import { readmeTables, withTables } from "./readme_tables.ts";

const path = new URL("../../README.md", import.meta.url);
Deno.writeTextFileSync(path, withTables(Deno.readTextFileSync(path), readmeTables()));
console.log("Wrote the tables of README.md");
