import { type Entry, IngesterRegistry } from "../ingesters/registry.ts";
import { isIngester } from "../ingesters/ingester_watch.ts";
import { type Api, type KubeList, resourcePath } from "../kube/api.ts";
import { isApiError } from "../kube/errors.ts";
import { GROUP, VERSION } from "../model/observation.ts";
import { type Checked, ok, problem, warning } from "./check.ts";
import { compileSettingsOf, type Config, listedIn, type Namespaces } from "./config.ts";
import { oneLine } from "./text_table.ts";

/** The Ingesters that were found, compiled with these settings, and what is to be said of them. */
export interface FoundIngesters {
  readonly entries: readonly Entry[];
  readonly checked: readonly Checked[];
}

const INGESTERS = { group: GROUP, version: VERSION, resource: "ingesters" };
const PAGE_LIMIT = 500;
const MAX_INGESTERS = 5_000;
/** More that are not ready than these are counted only. */
const MAX_SHOWN = 20;
const MESSAGE_LENGTH = 300;
const REQUEST_MILLISECONDS = 10_000;

/** Lists the Ingesters where they are looked for, and says which do not work. */
export async function checkIngesters(
  config: Config,
  namespaces: Namespaces,
  api: Api,
  signal: AbortSignal,
): Promise<FoundIngesters> {
  const registry = new IngesterRegistry(compileSettingsOf(config, namespaces.podNamespace));
  const { ingesters: scope } = namespaces;
  const checked: Checked[] = [];
  for (const namespace of listedIn(scope) ?? [undefined]) {
    try {
      await list(namespace, scope.kind === "all" ? scope.except : [], registry, api, signal);
    } catch (error) {
      if (!isApiError(error)) throw error;
      const message = `Cannot list Ingesters: ${error.message}`;
      // What is missing is said of the definitions.
      checked.push(
        error.kind === "not-found" ? warning("ingesters", message) : problem("ingesters", message),
      );
    }
  }
  const entries = [...registry.entries.values()];
  if (entries.length >= MAX_INGESTERS) {
    checked.push(warning("ingesters", `Only the first ${entries.length} Ingesters were looked at`));
  }
  const unfit = entries.map(judge).filter((one) => one !== undefined);
  const ready = entries.length - unfit.length;
  if (checked.length === 0 || entries.length > 0) checked.push(total(entries.length, ready));
  checked.push(...unfit.slice(0, MAX_SHOWN));
  if (unfit.length > MAX_SHOWN) {
    const more = unfit.slice(MAX_SHOWN);
    const isBad = more.some(({ verdict }) => verdict === "problem");
    const message = `${more.length} more Ingesters are not ready: kubectl get ingesters -A`;
    checked.push(isBad ? problem("ingesters", message) : warning("ingesters", message));
  }
  return { entries, checked };
}

function total(all: number, ready: number): Checked {
  return all === 0
    ? warning(
      "ingesters",
      "There is no Ingester, so nothing is read or received",
      "create one: config/examples",
    )
    : ok("ingesters", `${ready} of ${all} Ingesters are ready, or suspended`);
}

async function list(
  namespace: string | undefined,
  except: readonly string[],
  registry: IngesterRegistry,
  api: Api,
  signal: AbortSignal,
): Promise<void> {
  let next: string | undefined;
  do {
    const page = await api.request<KubeList<unknown>>({
      role: "read",
      method: "GET",
      path: resourcePath(INGESTERS, namespace),
      query: { limit: PAGE_LIMIT, continue: next },
      timeoutMilliseconds: REQUEST_MILLISECONDS,
    }, signal);
    for (const item of page.items) {
      if (isIngester(item) && !except.includes(item.metadata.namespace)) registry.put(item);
    }
    next = page.metadata.continue || undefined;
  } while (next !== undefined && registry.entries.size < MAX_INGESTERS);
}

/** What is wrong with an Ingester; undefined when nothing is. */
function judge({ key, ingester, compiled }: Entry): Checked | undefined {
  const advice = `kubectl describe ingester ${ingester.metadata.name} -n ${ingester.metadata.namespace}`;
  const say = (reason: string, message: string): string =>
    `${key} is not ready: ${reason}: ${oneLine(message, MESSAGE_LENGTH)}`;
  if (compiled.kind === "invalid") return problem("ingesters", say("Invalid", compiled.message), advice);
  if (compiled.kind === "suspended") return undefined;
  const { generation } = ingester.metadata;
  const ready = ingester.status?.conditions?.find(({ type }) => type === "Ready");
  if (ready === undefined || (ready.observedGeneration ?? generation) !== generation) {
    return warning(
      "ingesters",
      `${key} was not judged yet as it is now`,
      "the leader does that within seconds: look whether one leads",
    );
  }
  return ready.status === "True" ? undefined : problem("ingesters", say(ready.reason, ready.message), advice);
}
