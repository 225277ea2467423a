import assert from "node:assert/strict";
import type { Panel } from "@grafana/schema";
import { filesBelow, textOf } from "../guards/checkout_files.ts";
import { knownSeries, strangersIn } from "../guards/known_series.ts";
import { expressionsOf, panelsOf, withValues } from "./expressions.ts";
import { dashboardFiles } from "./dashboards.ts";

const FOLDER = "config/dashboards";
/** The guide's, with the panels that it names. */
const OF_THE_GUIDE: Readonly<Record<string, readonly string[]>> = {
  "zen-watcher-operations": [
    "Leader transitions over time",
    "Per-source staleness",
    "Failover duration p95",
    "Informer status",
  ],
  "zen-watcher-dashboard": [],
  "zen-watcher-executive": [],
  "zen-watcher-security": [],
  "zen-watcher-namespace-health": [],
  "zen-watcher-explorer": [],
};
const files = dashboardFiles();
const known = knownSeries();

for (const { path, text, dashboard } of files) {
  const panels = panelsOf(dashboard);

  Deno.test(`${path} is what its definition says`, () => {
    assert.equal(textOf(path), text, `${path} differs; write it anew with \`deno task dashboards:write\``);
  });

  Deno.test(`${path} has a fixed uid, its variables, and no two panels of a name or a place`, () => {
    assert.equal(`${FOLDER}/${dashboard.uid}.json`, path);
    assert.match(dashboard.uid ?? "", /^[\w-]{1,40}$/);
    const variables = dashboard.templating?.list?.map(({ name }) => name) ?? [];
    assert.deepEqual(variables.slice(0, 3), ["datasource", "namespace", "source"]);
    const used = [...text.matchAll(/\$\{?(\w+)/g)].map(([, name]) => name ?? "");
    const unknown = used.filter((name) => !variables.includes(name) && !name.startsWith("__"));
    assert.deepEqual(unknown, []);
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    assert.equal(new Set(panels.map(({ title }) => title)).size, panels.length);
    assert.deepEqual(cellsTwice(panels), []);
    for (const { title = "", description, gridPos } of panels) {
      assert.ok(description, title);
      assert.ok(gridPos !== undefined && gridPos.x >= 0 && gridPos.x + gridPos.w <= 24, title);
    }
  });

  Deno.test(`${path} has the guide's panels`, () => {
    const titles = panels.map(({ title }) => title);
    for (const wanted of OF_THE_GUIDE[dashboard.uid ?? ""] ?? [""]) {
      assert.ok(titles.includes(wanted), wanted);
    }
  });

  Deno.test(`${path} reads series and labels that the program exports`, () => {
    for (const panel of panels) {
      const expressions = expressionsOf(panel);
      const title = panel.title ?? "";
      assert.ok(expressions.length > 0, title);
      for (const expression of expressions) assert.deepEqual(strangersIn(expression, known), [], title);
    }
    for (const { query } of dashboard.templating?.list ?? []) {
      const asked = typeof query === "object" ? String(query["query"]) : undefined;
      const [, series = "", label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(asked ?? "") ?? [];
      if (asked !== undefined) {
        assert.deepEqual(strangersIn(`sum by (${label}) (${series})`, known), [], asked);
      }
    }
  });
}

Deno.test("There are the guide's six dashboards and no others, all of them in README.md", () => {
  const paths = files.map(({ path }) => path).sort();
  assert.deepEqual(filesBelow(FOLDER).filter((path) => path.endsWith(".json")), paths);
  assert.deepEqual(Object.keys(OF_THE_GUIDE).map((name) => `${FOLDER}/${name}.json`).sort(), paths);
  const readme = textOf(`${FOLDER}/README.md`) ?? "";
  for (const path of paths) assert.ok(readme.includes(`(${path.slice(FOLDER.length + 1)})`), path);
  assert.equal(new Set(files.map(({ dashboard }) => dashboard.title)).size, files.length);
});

Deno.test("Variables of Grafana become what Prometheus takes", () => {
  assert.equal(
    withValues('a{namespace=~"$namespace",source=~"$source"}[$__range] / b[$__rate_interval]', 60),
    'a{namespace=~".*",source=~".*"}[60s] / b[60s]',
  );
});

/** Cells of the grid that two panels lie on. */
function cellsTwice(panels: readonly Panel[]): readonly string[] {
  const taken = new Map<string, string>();
  const twice: string[] = [];
  for (const { title = "", gridPos: { x, y, w, h } = { x: 0, y: 0, w: 0, h: 0 } } of panels) {
    for (let column = x; column < x + w; column++) {
      for (let row = y; row < y + h; row++) {
        const cell = `${column},${row}`;
        if (taken.has(cell)) twice.push(`${title} on ${taken.get(cell)}`);
        taken.set(cell, title ?? "");
      }
    }
  }
  return [...new Set(twice)];
}
