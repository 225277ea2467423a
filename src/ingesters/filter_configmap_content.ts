import { parse } from "yaml";
import { compileExpression } from "../filter/cel.ts";
import { compileFilter, type Filter, mergeFilters } from "../filter/filter.ts";
import type { FilterSpec } from "../model/ingester.ts";
import { clusterFilterSchema } from "../model/ingester_schema.ts";
import { canonicalJson } from "../model/canonical_json.ts";
import { isJsonObject } from "../model/json.ts";
import type { ClusterFilter } from "../pipeline/admission.ts";

/** A filter for all Ingesters made ready, or everything that is wrong with it. */
export type CompiledClusterFilter =
  | {
    readonly kind: "filter";
    readonly filter: ClusterFilter;
    /** All that it says of a source's findings, in one text; "" when that is nothing. */
    readonly saysOf: (source: string) => string;
  }
  | { readonly kind: "problem"; readonly message: string };

/** The keys of the ConfigMap of which one holds the filter. */
const KEYS = ["filter.yaml", "filter.json"];

/**
 * Compiles `data` of the filter ConfigMap: one key, filter.yaml or filter.json, with a filters block as in an Ingester (without
 * stages), and beside it disabledSources and sources.
 */
export function compileClusterFilter(data: unknown): CompiledClusterFilter {
  const given = isJsonObject(data) ? KEYS.filter((key) => Object.hasOwn(data, key)) : [];
  const [key, ...more] = given;
  if (key === undefined || more.length > 0 || !isJsonObject(data)) {
    return problem(
      `data must have one of the keys ${KEYS.join(" and ")}, given ${given.join(", ") || "none"}`,
    );
  }
  let content: unknown;
  try {
    const text = String(data[key]);
    content = key === "filter.json" ? JSON.parse(text) : parse(text) ?? {};
  } catch (error) {
    return problem(`${key}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
  }
  const parsed = clusterFilterSchema.safeParse(content);
  if (!parsed.success) {
    return problem(
      parsed.error.issues.map(({ path, message }) => `${[key, ...path.map(String)].join(".")}: ${message}`)
        .join("; "),
    );
  }
  const { disabledSources = [], sources = {}, ...base } = parsed.data;
  const problems: string[] = [];
  const filterOf = (spec: FilterSpec, where: string): Filter => {
    if (spec.expression === undefined) return compileFilter(spec, []);
    const compiled = compileExpression(spec.expression, "bool");
    if (compiled.kind === "expression") {
      return compileFilter(spec, [], { field: "configmap", evaluate: compiled.evaluate });
    }
    problems.push(`${where}.expression: ${compiled.message}`);
    return compileFilter(spec, []);
  };
  const forAll = filterOf(base, key);
  const specs = new Map(
    Object.entries(sources).map(([source, own]) => [source, mergeFilters(base, own)]),
  );
  const bySource = new Map(
    [...specs].map(([source, spec]) => [source, filterOf(spec, `${key}.sources.${source}`)]),
  );
  if (problems.length > 0) return problem([...new Set(problems)].join("; "));
  const disabled = new Set(disabledSources);
  return {
    kind: "filter",
    filter: {
      filter: (source, finding, seen) => {
        if (disabled.has(source)) return "source_disabled";
        return (bySource.get(source) ?? forAll)(finding, seen) === undefined ? undefined : "configmap";
      },
    },
    saysOf: (source) => {
      if (disabled.has(source)) return "disabled";
      const spec: unknown = specs.get(source) ?? base;
      return isJsonObject(spec) && Object.keys(spec).length > 0 ? canonicalJson(spec) : "";
    },
  };
}

function problem(message: string): CompiledClusterFilter {
  return { kind: "problem", message };
}
