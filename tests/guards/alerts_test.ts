import assert from "node:assert/strict";
import { alertsOf, ruleFiles, RULES_FOLDER } from "./alert_rules.ts";
import { filesBelow, textOf } from "./checkout_files.ts";
import { knownSeries, strangersIn, TARGET_LABELS } from "./known_series.ts";
import { readsOf } from "./promql.ts";

const RUNBOOKS = "docs/runbooks";
const files = ruleFiles();
const alerts = files.flatMap(alertsOf);
const known = knownSeries();

for (const { path, object } of files) {
  Deno.test(`${path} is an object that kubectl applies, named for its file`, () => {
    const name = `zen-watcher-${path.slice(RULES_FOLDER.length + 1).replace(/-alerts\.yml$/, "")}`;
    assert.deepEqual(
      [object.apiVersion, object.kind, object.metadata.name],
      ["monitoring.coreos.com/v1", "PrometheusRule", name],
    );
    assert.equal(object.metadata.labels["app.kubernetes.io/name"], "zen-watcher");
    assert.deepEqual(Object.keys(object.spec), ["groups"]);
    assert.deepEqual(object.spec.groups.map((group) => group.name), [name]);
  });
}

for (const { alert, expr, labels, annotations } of alerts) {
  Deno.test(`${alert} reads series and labels that the program exports`, () => {
    assert.deepEqual(strangersIn(expr, known), []);
  });

  Deno.test(`${alert} says how bad it is, what it is and what to do`, () => {
    assert.match(labels["severity"] ?? "", /^(critical|warning|info)$/);
    assert.deepEqual(Object.keys(annotations).sort(), ["description", "runbook_url", "summary"]);
    assert.ok(annotations["runbook_url"]?.endsWith(`/${RUNBOOKS}/${alert}.md`));
  });

  Deno.test(`${alert} speaks of labels that it has`, () => {
    const { selectors, grouping } = readsOf(expr);
    const isSummed = /\b(sum|max|min|count)\b/.test(expr);
    const own = selectors.flatMap(({ names }) => names.flatMap((name) => known.get(name) ?? []));
    const has = isSummed ? grouping : [...own, ...TARGET_LABELS];
    const texts = Object.values(annotations).join(" ");
    const spoken = [...texts.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label ?? "");
    assert.deepEqual(spoken.filter((label) => !has.includes(label)), []);
  });
}

Deno.test("Every alert has a name of its own and a runbook, and every runbook an alert", () => {
  const names = alerts.map(({ alert }) => alert);
  assert.equal(new Set(names).size, names.length);
  const pages = filesBelow(RUNBOOKS).filter((path) => path !== `${RUNBOOKS}/README.md`);
  assert.deepEqual(pages, names.map((name) => `${RUNBOOKS}/${name}.md`).sort());
  for (const page of pages) {
    const text = textOf(page) ?? "";
    assert.ok(text.startsWith(`# ${page.slice(RUNBOOKS.length + 1, -3)}\n`), page);
    const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    assert.deepEqual(headings, ["What it means", "What to look at", "What to do", "Whom to wake"], page);
  }
});

Deno.test("Every alert and its threshold stands in the README of the rules", () => {
  const text = textOf(`${RULES_FOLDER}/README.md`) ?? "";
  const rows = [...text.matchAll(/^\| `?\[?`?(ZenWatcher\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(rows.sort(), alerts.map(({ alert }) => alert).sort());
});

Deno.test("What runbooks ask Prometheus for is exported", () => {
  for (const page of filesBelow(RUNBOOKS)) {
    for (const [, block] of (textOf(page) ?? "").matchAll(/```promql\n([\s\S]*?)```/g)) {
      for (const line of (block ?? "").split("\n").filter((one) => one.trim() !== "")) {
        assert.deepEqual(strangersIn(line, known), [], `${page}: ${line}`);
      }
    }
  }
});

Deno.test("The guide's four thresholds stand to the letter", () => {
  const text = textOf(`${RULES_FOLDER}/leader-election-alerts.yml`) ?? "";
  for (
    const part of [
      "time() - zenwatcher_source_watch_last_event_timestamp_seconds > 300",
      "expr: rate(zenwatcher_leader_election_transitions_total[5m]) > 0.1",
      "rate(zen_watcher_observations_created_total[5m])",
      "histogram_quantile(0.95, sum(rate(zenwatcher_failover_duration_seconds_bucket[10m])) by (le)) > 20",
    ]
  ) assert.ok(text.includes(part), part);
});

Deno.test("A series, a label or a grouping that is not exported is found", () => {
  assert.deepEqual(strangersIn("zen_watcher_nothing", known), ["zen_watcher_nothing"]);
  assert.deepEqual(strangersIn('zenwatcher_is_leader{source="a"}', known), ["zenwatcher_is_leader{source}"]);
  assert.deepEqual(strangersIn("sum by (gvr) (zenwatcher_is_leader)", known), ["by (gvr)"]);
});
