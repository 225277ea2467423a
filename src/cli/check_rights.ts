import type { Api } from "../kube/api.ts";
import { discover } from "../kube/discovery.ts";
import { isApiError } from "../kube/errors.ts";
import { at } from "../model/json.ts";
import { type Checked, ok, problem, warning } from "./check.ts";
import type { Right } from "./needed_rights.ts";
import { shortList } from "./text_table.ts";

/** So many are asked for at once. */
const AT_ONCE = 8;
/** More rights than these that are missing are counted only. */
const MAX_SHOWN = 20;
const REQUEST_MILLISECONDS = 5_000;

/** Rights that are missing, of one resource in one place. */
interface Missing extends Omit<Right, "verb" | "reason"> {
  readonly verbs: readonly string[];
  readonly reasons: readonly string[];
}

/**
 * Asks the API server about every right that is needed (SelfSubjectAccessReview, authorization.k8s.io/v1, which it does not
 * keep), and names those that are missing.
 *
 * @param username whom to grant them to
 * @throws ApiError when it does not answer
 */
export async function checkRights(
  rights: readonly Right[],
  username: string | undefined,
  api: Api,
  signal: AbortSignal,
): Promise<readonly Checked[]> {
  const refused: Right[] = [];
  const waiting = [...rights];
  const work = async (): Promise<void> => {
    for (let right = waiting.shift(); right !== undefined; right = waiting.shift()) {
      if (!await isAllowed(right, api, signal)) refused.push(right);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  // They came in any order.
  refused.sort((one, other) => rights.indexOf(one) - rights.indexOf(other));
  const checked: Checked[] = [];
  for (const missing of gather(refused).slice(0, MAX_SHOWN)) {
    checked.push(await judge(missing, username, api, signal));
  }
  const more = gather(refused).length - MAX_SHOWN;
  if (more > 0) checked.push(problem("rights", `Missing on ${more} more resources`));
  return checked.length > 0
    ? checked
    : [ok("rights", `All ${rights.length} rights that settings and Ingesters need are there`)];
}

async function isAllowed(right: Right, api: Api, signal: AbortSignal): Promise<boolean> {
  const { verb, group, resource, subresource, namespace, name } = right;
  const review = await api.request({
    role: "read",
    method: "POST",
    path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    timeoutMilliseconds: REQUEST_MILLISECONDS,
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { verb, group, resource, subresource, namespace, name } },
    },
  }, signal);
  return at(review, "status", "allowed") === true;
}

function gather(rights: readonly Right[]): readonly Missing[] {
  const found = new Map<string, Missing>();
  for (const { verb, reason, ...right } of rights) {
    const key = JSON.stringify(right);
    const before = found.get(key);
    found.set(key, {
      ...right,
      verbs: [...before?.verbs ?? [], verb],
      reasons: [...new Set([...before?.reasons ?? [], reason])],
    });
  }
  return [...found.values()];
}

async function judge(
  missing: Missing,
  username: string | undefined,
  api: Api,
  signal: AbortSignal,
): Promise<Checked> {
  const { verbs, group, resource, subresource, namespace, name, reasons, source } = missing;
  const path = subresource === undefined ? resource : `${resource}/${subresource}`;
  const what = group === "" ? path : `${path} of ${group}`;
  const where = namespace === undefined ? "in all namespaces" : `in namespace ${namespace}`;
  const named = name === undefined ? "" : ` named ${name}`;
  const message = `Missing: ${verbs.join(", ")} on ${what}${named} ${where}, for ${shortList(reasons)}`;
  if (source !== undefined && await isUnserved(source, api, signal)) {
    return warning("rights", `${message}; the API server does not serve that now, so it is not needed yet`);
  }
  const rule = {
    apiGroups: [group],
    resources: [path],
    verbs,
    ...(name === undefined ? {} : { resourceNames: [name] }),
  };
  const role = namespace === undefined ? "a ClusterRole" : `a Role in namespace ${namespace}`;
  return problem(
    "rights",
    message,
    `grant ${JSON.stringify(rule)} to ${username ?? "its account"} by ${role}` +
      " (chart: sources, extraSources, webhookSecrets, destinationAllowlist, watchNamespaces)",
  );
}

async function isUnserved(
  source: NonNullable<Right["source"]>,
  api: Api,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return await discover(api, source, signal) === undefined;
  } catch (error) {
    if (isApiError(error)) return false;
    throw error;
  }
}
