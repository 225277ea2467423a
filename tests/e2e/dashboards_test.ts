import assert from "node:assert/strict";
import { systemClock } from "../../src/run/clock.ts";
import { askPanels, badRules, exportedBy } from "../dashboards/checks.ts";
import { startPrometheus } from "../dashboards/prometheus.ts";
import { applyIngesters, feedObjects, NAMESPACES, sendAlerts } from "../dashboards/work.ts";
import { ruleFiles } from "../guards/alert_rules.ts";
import { HOME, install, REPORT_CRDS, untilLeading } from "../integration/installation.ts";
import { findPrometheusTools } from "../support/prometheus_tools.ts";

/** Shorter than the defaults, so that nobody waits long for the new leader. */
const LEASE = { LEASE_DURATION_SECONDS: "3", RENEW_DEADLINE_SECONDS: "2", RETRY_PERIOD_SECONDS: "0.5" };
const WORK_SECONDS = 10;
const OUTAGE_SECONDS = 1;
/** Longer than all of the work takes, so that the hand-over is in it. */
const RANGE_SECONDS = 300;

const tools = await findPrometheusTools();
const isMissing = typeof tools === "string";
if (isMissing) console.log(`not run: queries of the dashboards; ${tools}`);

Deno.test({
  name:
    "on a real Prometheus no panel is empty, all that is read is exported, and every rule can be evaluated",
  ignore: isMissing,
  async fn(test) {
    if (isMissing) return;
    const { signal } = new AbortController();
    await using installed = await install({ crds: [REPORT_CRDS] });
    await installed.createNamespaces(...NAMESPACES);
    await applyIngesters(installed);
    await using first = await installed.start(0, LEASE);
    await untilLeading(first);
    await using second = await installed.start(1, LEASE);
    const groups = ruleFiles().flatMap(({ object }) => object.spec.groups);
    await using prometheus = await startPrometheus(tools.prometheus, HOME, [first, second], groups);
    // It scrapes each once before anything comes in.
    await systemClock.sleep(2000, signal);
    await feedObjects(installed, first, signal);
    await sendAlerts(first, WORK_SECONDS, signal);
    const ofFirst = await exportedBy(first);
    assert.deepEqual(await first.stop(), { code: 0, signal: null });
    await untilLeading(second);
    // Watches begin anew, and writes are tried again.
    await installed.plane.killApiServer();
    await sendAlerts(second, OUTAGE_SECONDS, signal);
    await installed.plane.startApiServer();
    await untilLeading(second);
    await sendAlerts(second, WORK_SECONDS, signal);

    await test.step("every series that a rule or a dashboard reads is exported, with its labels", async () => {
      const ofSecond = await exportedBy(second);
      for (const exported of [ofFirst, ofSecond]) {
        assert.deepEqual([exported.absent, exported.otherwise], [[], []]);
      }
      const valueless = ofFirst.valueless.filter((name) => ofSecond.valueless.includes(name));
      assert.deepEqual(valueless, []);
    });
    await test.step("no panel is empty", async () => {
      const answers = await askPanels(prometheus, RANGE_SECONDS);
      console.log(`${answers.length} queries of panels`);
      assert.deepEqual(answers.filter(({ values }) => values === 0).map(({ panel }) => panel), []);
      // All that can happen has happened, so that no panel shows a 0 that nobody measured.
      assert.deepEqual(answers.filter(({ measured }) => measured === 0).map(({ panel }) => panel), []);
    });
    await test.step("every rule can be evaluated, and every alert says what it is about", async () => {
      assert.deepEqual(await badRules(prometheus), []);
    });
  },
});
