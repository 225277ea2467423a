import { stringify } from "yaml";
import { isJsonObject, type Json, listAt, textAt } from "../../src/model/json.ts";
import { Guardian } from "../support/guardian.ts";
import { freePort } from "../support/ports.ts";
import type { Replica } from "../support/process.ts";
import { until } from "../support/until.ts";

/** What the replicas' targets are called, as a ServiceMonitor would call them. */
export const JOB = "zen-watcher";
const GUARD_MILLISECONDS = 60_000;

/** A Prometheus that scrapes replicas once a second. */
export interface Prometheus extends AsyncDisposable {
  /** Values of an expression now; none of them NaN. */
  instant(expression: string): Promise<readonly number[]>;
  /** Values of an expression over the last seconds; none of them NaN. */
  range(expression: string, seconds: number): Promise<readonly number[]>;
  /** What the API answers below `/api/v1`. */
  ask(path: string): Promise<Json>;
}

/**
 * Starts one in a folder of its own and waits until it is ready.
 *
 * @param rules groups of rules, as Prometheus reads them
 */
export async function startPrometheus(
  program: string,
  namespace: string,
  replicas: readonly Replica[],
  rules: readonly object[],
): Promise<Prometheus> {
  await using starting = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "zen-watcher-prometheus-" });
  const guardian = starting.use(Guardian.start(folder));
  const configuration = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: ["rules.yml"],
    scrape_configs: [{
      job_name: JOB,
      static_configs: replicas.map(({ name, metricsPort }) => ({
        targets: [`127.0.0.1:${metricsPort}`],
        labels: { namespace, pod: name },
      })),
    }],
  };
  await Deno.writeTextFile(`${folder}/prometheus.yml`, stringify(configuration));
  await Deno.writeTextFile(`${folder}/rules.yml`, stringify({ groups: rules }));
  const port = freePort();
  const child = await guardian.spawn(program, {
    args: [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    cwd: folder,
    stdout: "null",
    stderr: "null",
  });
  starting.defer(async () => {
    child.kill("SIGKILL");
    await child.status;
  });
  const base = `http://127.0.0.1:${port}`;
  await until("Prometheus is ready", async () => {
    try {
      const response = await fetch(`${base}/-/ready`);
      await response.body?.cancel();
      return response.ok;
    } catch (error) {
      // Not listening yet.
      if (error instanceof TypeError) return false;
      throw error;
    }
  }, GUARD_MILLISECONDS);
  const running = starting.move();
  const ask = async (path: string): Promise<Json> => {
    const response = await fetch(`${base}/api/v1/${path}`);
    const answer = await response.json() as Json;
    if (!response.ok) throw new Error(`Cannot ask Prometheus for ${path}: ${textAt(answer, "error") ?? ""}`);
    return answer;
  };
  return {
    ask,
    async instant(expression) {
      return valuesOf(await ask(`query?${new URLSearchParams({ query: expression })}`));
    },
    async range(expression, seconds) {
      const end = Date.now() / 1000;
      const asked = { query: expression, start: String(end - seconds), end: String(end), step: "2" };
      return valuesOf(await ask(`query_range?${new URLSearchParams(asked)}`));
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function valuesOf(answer: Json): readonly number[] {
  return listAt(answer, "data", "result").flatMap((series) => {
    const points = [...listAt(series, "values"), ...isJsonObject(series) ? [series["value"] ?? null] : []];
    return points.filter(Array.isArray).map(([, value]) => Number(value));
  }).filter((value) => !Number.isNaN(value));
}
