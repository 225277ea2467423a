import assert from "node:assert/strict";
import { parse, stringify } from "yaml";
import { alertsOf, type RuleFile, ruleFiles } from "../guards/alert_rules.ts";
import { knownSeries, strangersIn } from "../guards/known_series.ts";
import { textOf } from "../guards/checkout_files.ts";
import { findPrometheusTools } from "../support/prometheus_tools.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { ALERT_CASES, type AlertCase } from "./alert_cases.ts";

const tools = await findPrometheusTools();
const isMissing = typeof tools === "string";
if (isMissing) {
  console.log(`not run: what promtool and amtool check of rules and examples; ${tools}`);
  Deno.test({
    name: "promtool and amtool are there",
    ignore: Deno.env.get("CI") !== "1",
    fn: () => assert.fail(tools),
  });
}

async function run(program: string, args: readonly string[], cwd: string): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd }).output();
  const decoder = new TextDecoder();
  assert.ok(success, `${program} ${args.join(" ")}\n${decoder.decode(stdout)}${decoder.decode(stderr)}`);
}

/** The group as promtool reads it; annotations are checked by `check rules`. */
function withoutAnnotations({ object }: RuleFile): object {
  const groups = object.spec.groups.map(({ name, rules }) => ({
    name,
    rules: rules.map(({ annotations: _annotations, ...rule }) => rule),
  }));
  return { groups };
}

function testOf(
  { alert, when, series, at, fires }: AlertCase,
  labels: Readonly<Record<string, string>>,
): object {
  return {
    name: `${alert} ${fires.length > 0 ? "fires" : "is silent"} when ${when}`,
    interval: "1m",
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [{
      alertname: alert,
      eval_time: `${at}m`,
      exp_alerts: fires.map((own) => ({ exp_labels: { ...own, ...labels } })),
    }],
  };
}

for (const file of ruleFiles()) {
  Deno.test({
    name: `${file.path}: promtool takes the rules, and each alert fires and is silent when it should`,
    ignore: isMissing,
    fn: async () => {
      if (isMissing) return;
      await using folder = await temporaryFolder();
      await Deno.writeTextFile(`${folder.path}/whole.yml`, stringify(file.object.spec));
      await run(tools.promtool, ["check", "rules", "--lint=all", "--lint-fatal", "whole.yml"], folder.path);
      await Deno.writeTextFile(`${folder.path}/rules.yml`, stringify(withoutAnnotations(file)));
      const tests = alertsOf(file).flatMap(({ alert, labels }) =>
        ALERT_CASES.filter((one) => one.alert === alert).map((one) => testOf(one, labels))
      );
      const text = stringify({ rule_files: ["rules.yml"], evaluation_interval: "1m", tests });
      await Deno.writeTextFile(`${folder.path}/tests.yml`, text);
      await run(tools.promtool, ["test", "rules", "tests.yml"], folder.path);
    },
  });
}

Deno.test("Every alert is shown to fire and to be silent, over series that the program exports", () => {
  const known = knownSeries();
  for (const { alert } of ruleFiles().flatMap(alertsOf)) {
    const own = ALERT_CASES.filter((one) => one.alert === alert);
    assert.ok(own.some(({ fires }) => fires.length > 0), `${alert} fires nowhere`);
    assert.ok(own.some(({ fires }) => fires.length === 0), `${alert} is silent nowhere`);
    for (const { series } of own) {
      for (const name of Object.keys(series)) assert.deepEqual(strangersIn(name, known), [], alert);
    }
  }
});

Deno.test({
  name: "Alertmanager takes the example, which sends to a webhook of this program with a bearer token",
  ignore: isMissing,
  fn: async () => {
    if (isMissing) return;
    const text = textOf("config/alertmanager/alertmanager.yml") ?? "";
    const { receivers } = parse(text) as {
      readonly receivers: readonly { readonly webhook_configs?: readonly { readonly url: string }[] }[];
    };
    const hooks = receivers.flatMap(({ webhook_configs = [] }) => webhook_configs);
    assert.deepEqual(hooks.map(({ url }) => new URL(url).pathname), ["/ingest/alertmanager"]);
    await using folder = await temporaryFolder();
    await Deno.writeTextFile(`${folder.path}/alertmanager.yml`, text);
    await run(tools.amtool, ["check-config", "alertmanager.yml"], folder.path);
  },
});
