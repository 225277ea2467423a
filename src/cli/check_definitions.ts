import type { Api } from "../kube/api.ts";
import { discover } from "../kube/discovery.ts";
import { isApiError } from "../kube/errors.ts";
import { type CustomResourceDefinition, customResourceDefinitions } from "../model/crd.ts";
import { at, isJsonObject, type Json, listAt, textAt } from "../model/json.ts";
import { GROUP, VERSION } from "../model/observation.ts";
import { type Checked, ok, problem, warning } from "./check.ts";
import { schemaDifferences } from "./definition_differences.ts";
import { shortList } from "./text_table.ts";

const APPLY = "apply those of this version: zen-watcher crds | kubectl apply --server-side -f -";
/** metadata is the same for every resource, and the API server writes its own schema for it. */
const PARTS = ["spec", "status"] as const;
const OPEN_API = `/openapi/v3/apis/${GROUP}/${VERSION}`;
const REQUEST_MILLISECONDS = 10_000;

/**
 * Whether both resources are served, and as this version of the program has them. The definitions themselves may be read by
 * administrators only; discovery and the OpenAPI schema by everybody.
 */
export async function checkDefinitions(api: Api, signal: AbortSignal): Promise<readonly Checked[]> {
  const checked: Checked[] = [];
  const served: CustomResourceDefinition[] = [];
  for (const definition of customResourceDefinitions()) {
    const missing = await unserved(api, definition, signal);
    if (missing === undefined) served.push(definition);
    else checked.push(problem("definitions", missing, APPLY));
  }
  if (served.length === 0) return checked;
  let schemas: Json | undefined;
  try {
    const document = await api.request({
      role: "read",
      method: "GET",
      path: OPEN_API,
      timeoutMilliseconds: REQUEST_MILLISECONDS,
    }, signal);
    schemas = at(document, "components", "schemas");
  } catch (error) {
    if (!isApiError(error)) throw error;
    const message = `The definitions are served, but cannot be compared with ours: ${error.message}`;
    return [...checked, warning("definitions", message)];
  }
  return [...checked, ...served.map((definition) => compare(definition, schemas))];
}

async function unserved(
  api: Api,
  definition: CustomResourceDefinition,
  signal: AbortSignal,
): Promise<string | undefined> {
  const plural = pluralOf(definition);
  for (const resource of [plural, `${plural}/status`]) {
    const found = await discover(api, { group: GROUP, version: VERSION, resource }, signal);
    if (found === undefined) return `The API server does not serve ${resource} of ${GROUP}/${VERSION}`;
  }
  return undefined;
}

function compare(definition: CustomResourceDefinition, schemas: Json | undefined): Checked {
  const { name } = definition.metadata;
  const kind = textAt(definition.spec, "names", "kind") ?? "";
  const served = Object.values(isJsonObject(schemas) ? schemas : {}).find((schema) =>
    listAt(schema, "x-kubernetes-group-version-kind").some((one) =>
      textAt(one, "group") === GROUP && textAt(one, "version") === VERSION && textAt(one, "kind") === kind
    )
  );
  if (served === undefined) {
    return warning(
      "definitions",
      `${name} is served, but its schema is not published, so it was not compared`,
    );
  }
  const schema = at(listAt(definition.spec, "versions")[0], "schema", "openAPIV3Schema");
  const parts = (of: Json | undefined): Json => ({
    properties: Object.fromEntries(PARTS.map((part) => [part, at(of, "properties", part)])),
    "x-kubernetes-validations": at(of, "x-kubernetes-validations"),
  });
  const { lacking, differing } = schemaDifferences(parts(schema), parts(served));
  if (lacking.length > 0) {
    return problem(
      "definitions",
      `${name} is older than this program: it lacks ${shortList(lacking)}`,
      APPLY,
    );
  }
  if (differing.length > 0) {
    const where = shortList(differing.map((path) => path === "" ? "its validations" : path));
    return warning("definitions", `${name} has other limits than this program: ${where}`, APPLY);
  }
  return ok("definitions", `${name}/${VERSION} is served as this program has it`);
}

function pluralOf(definition: CustomResourceDefinition): string {
  return textAt(definition.spec, "names", "plural") ?? "";
}
