import { compileExpression, type Expression } from "../filter/cel.ts";
import { evaluateOver, type Seen } from "../filter/seen.ts";
import type { Finding } from "../model/finding.ts";
import type { NormalizationSpec } from "../model/ingester.ts";
import { property } from "../model/json.ts";
import type { ResourceReference } from "../model/observation.ts";
import { parseRootedPath, readRooted, type RootedPath } from "../model/rooted_path.ts";
import { cutDescription, cutTitle } from "./cut_text.ts";
import { makeDetails } from "./details.ts";
import { type Draft, parseTarget, type Put } from "./mapping_target.ts";
import { mapPriority, mapSeverity, type WordMap, wordMap } from "./mapping_words.ts";
import { redact } from "./redact.ts";
import { resourceReference } from "./resource_reference.ts";
import { compileTemplate, secretProblem, type TemplateSource } from "./template.ts";

/** Makes of a finding what the Ingester wants it to say; who it is stays. */
export type Conform = (finding: Finding, seen: Seen) => Finding;

/** `spec.normalization` made ready, or everything that is wrong with it. */
export type CompiledNormalization =
  | { readonly kind: "conform"; readonly conform: Conform }
  | { readonly kind: "problems"; readonly messages: readonly string[] };

interface Mapping {
  readonly from: RootedPath;
  readonly put: Put;
}
type Render = (source: TemplateSource) => string;
type ResourceField = keyof ResourceReference;

interface Plan {
  readonly spec: NormalizationSpec;
  readonly mappings: readonly Mapping[];
  readonly severities: WordMap<Finding["severity"]>;
  readonly priorities: WordMap<number>;
  readonly resource: readonly (readonly [ResourceField, Expression<string>])[];
  readonly title: Render | undefined;
  readonly description: Render | undefined;
}

/**
 * Compiles `spec.normalization`, which is applied after the source's own normalizer and before the filter: first
 * fieldMapping in its order, then severityMap and priority, category and eventType, resource, and title and description,
 * which see all before them. A later one replaces an earlier one; what gives no value replaces nothing.
 */
export function compileNormalization(spec: NormalizationSpec): CompiledNormalization {
  const messages: string[] = [];
  const say = (field: string, message: string): void => {
    messages.push(`spec.normalization.${field}: ${message}`);
  };
  const mappings: Mapping[] = [];
  for (const [index, { from, to }] of (spec.fieldMapping ?? []).entries()) {
    const path = parseRootedPath(from);
    const target = parseTarget(to);
    const wrong = path.kind === "path"
      ? secretProblem(path.path)
      : `column ${path.offset + 1}: ${path.message}, given ${from}`;
    if (wrong !== undefined) say(`fieldMapping[${index}].from`, wrong);
    if (target.kind === "problem") say(`fieldMapping[${index}].to`, target.message);
    if (path.kind === "path" && target.kind === "target") mappings.push({ from: path.path, put: target.put });
  }
  const template = (field: "title" | "description"): Render | undefined => {
    const text = spec[field];
    const compiled = text === undefined ? undefined : compileTemplate(text);
    if (compiled?.kind === "problem") say(field, compiled.message);
    return compiled?.kind === "template" ? compiled.render : undefined;
  };
  const resource: (readonly [ResourceField, Expression<string>])[] = [];
  for (const field of ["apiVersion", "kind", "name", "namespace"] as const) {
    const text = spec.resource?.[field];
    if (text === undefined) continue;
    const compiled = compileExpression(text, "string");
    if (compiled.kind === "problem") say(`resource.${field}`, compiled.message);
    else resource.push([field, compiled.evaluate]);
  }
  const plan: Plan = {
    spec,
    mappings,
    severities: wordMap(spec.severityMap),
    priorities: wordMap(spec.priority),
    resource,
    title: template("title"),
    description: template("description"),
  };
  if (messages.length > 0) return { kind: "problems", messages };
  return { kind: "conform", conform: (finding, seen) => conform(finding, seen, plan) };
}

function conform(finding: Finding, seen: Seen, plan: Plan): Finding {
  const mapped = applyMappings(finding, seen, plan);
  const located = applyResource(mapped, seen, plan.resource);
  if (plan.title === undefined && plan.description === undefined) return located;
  const source = { payload: seen.payload, observation: () => seen.observationOf(located) };
  const title = cutTitle(plan.title?.(source) ?? "") || located.title;
  const description = cutDescription(plan.description?.(source) ?? "") || located.description;
  return { ...located, title, description };
}

function applyMappings(finding: Finding, seen: Seen, plan: Plan): Finding {
  const { spec } = plan;
  const draft: Draft = {
    category: finding.category,
    eventType: finding.eventType,
    title: finding.title,
    description: finding.description,
    detectedAt: finding.detectedAt,
    resource: { ...finding.resource },
    details: { ...finding.details },
    severityWord: undefined,
    priorityWord: undefined,
  };
  const source = { payload: seen.payload, observation: () => seen.observationOf(finding) };
  for (const { from, put } of plan.mappings) {
    const value = readRooted(from, source);
    if (value !== undefined && value !== null) put(draft, redact(value));
  }
  const word = (name: string) => property(seen.payload, name);
  const severity = mapSeverity(finding.severity, draft.severityWord, plan.severities, word);
  const priority = mapPriority(severity, draft.priorityWord, plan.priorities, word) ?? finding.priority;
  const isMapped = plan.mappings.length > 0;
  const hasOwnTime = finding.detectedAt !== undefined && draft.detectedAt !== finding.detectedAt;
  return {
    ...finding,
    severity,
    priority,
    category: spec.category ?? draft.category,
    eventType: spec.eventType ?? draft.eventType,
    title: isMapped ? cutTitle(draft.title) || finding.title : finding.title,
    description: isMapped ? cutDescription(draft.description ?? "") || undefined : finding.description,
    detectedAt: draft.detectedAt,
    // The preset knows the time that says the window; a mapped one stands in only where it found none.
    ...(hasOwnTime ? { windowTime: finding.detectedAt } : {}),
    resource: isMapped ? resourceReference(draft.resource) : finding.resource,
    details: isMapped ? makeDetails(draft.details) : finding.details,
  };
}

function applyResource(finding: Finding, seen: Seen, fields: Plan["resource"]): Finding {
  if (fields.length === 0) return finding;
  const resource: { [field in ResourceField]?: string | undefined } = { ...finding.resource };
  for (const [field, evaluate] of fields) {
    const value = evaluateOver(evaluate, "normalization.resource", finding, seen);
    if (value !== undefined) resource[field] = value;
  }
  return { ...finding, resource: resourceReference(resource) };
}
