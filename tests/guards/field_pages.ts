import {
  type CustomResourceDefinition,
  ingesterDefinition,
  observationDefinition,
} from "../../src/model/crd.ts";
import { isJsonObject, type Json, type JsonObject, listAt, textAt } from "../../src/model/json.ts";
import { READY_REASONS, type ReadyReason } from "../../src/model/ingester.ts";
import { type Preset, PRESET_SOURCES, presetOf } from "../../src/model/preset.ts";
import { FIELD_DEFAULTS } from "./field_defaults.ts";
import { type SchemaField, schemaFields, schemaOf } from "../support/schema_fields.ts";

/** A page that is made from the schemas. */
export interface FieldPage {
  /** Path from the root of the checkout. */
  readonly path: string;
  readonly text: string;
}

/** What each reason of condition Ready tells a reader; one without a line does not compile. */
const REASONS: Readonly<Record<ReadyReason, string>> = {
  Running: "Signals come in. The message says what is watched, or which path is served",
  Suspended: "`spec.suspend` is true; nothing is read, and a webhook answers 503",
  Invalid: "The Ingester cannot work as it is written. The message says what is wrong, all of it at once",
  Forbidden: "The API server refuses the watcher a right. It is asked again every 30 s",
  SourceMissing:
    "The API server does not serve the resource (its CRD is not installed). It is looked for every 10 s",
  Degraded: "It works, but not as it should. The message says why",
};

/** The pages as the schemas say they must be. */
export function fieldPages(): readonly FieldPage[] {
  return [
    { path: "docs/ingester.md", text: ingesterPage() },
    { path: "docs/observation.md", text: observationPage() },
  ];
}

function ingesterPage(): string {
  const definition = ingesterDefinition();
  return page([
    "# Ingester",
    made,
    `An Ingester says what zen-watcher takes in: a source, where it is read or received, and what is kept of it. ${
      identityOf(definition)
    } The least that works is \`spec: {source: trivy}\`; the rest has defaults from the source's preset. Examples for ` +
    "every field are in [config/examples](../config/examples/README.md), how findings are filtered and reworded is in " +
    "[filters.md](filters.md), and what each source is judged by is in [normalizers.md](normalizers.md).",
    "A change takes effect at once, without a restart and without touching other Ingesters.",
    "## spec",
    fieldsTable(schemaOf(definition, "spec"), "spec", FIELD_DEFAULTS),
    "Durations are those of Go, e.g. `90s`, `1h30m`. What must hold beside:",
    rulesList(schemaOf(definition, "spec"), definition),
    "## Presets",
    "What an Ingester need not say when `spec.source` is one of these. A field that is said replaces the preset's; " +
    "`filters` does so field by field. Any other source is a webhook that takes JSON objects.",
    presetsTable(),
    "## status",
    "Written by the leader, on change and at most every 10 s.",
    fieldsTable(schemaOf(definition, "status"), "status"),
    "## Condition Ready",
    "One Ingester that cannot work stops no other: it says so here, and is tried again.",
    table(["reason", "meaning"], READY_REASONS.map((reason) => [`\`${reason}\``, REASONS[reason]])),
    "## Columns",
    columnsTable(definition),
  ]);
}

function observationPage(): string {
  const definition = observationDefinition();
  return page([
    "# Observation",
    made,
    `An Observation is one finding of a security or operations tool. ${
      identityOf(definition)
    } Its name is a ` +
    "function of what was seen, so that the same finding is never written twice; which namespace it lies in, and how " +
    "long it lives, is in [reliability.md](reliability.md).",
    "## spec",
    fieldsTable(schemaOf(definition, "spec"), "spec"),
    "What must hold beside:",
    rulesList(schemaOf(definition, "spec"), definition),
    "## status",
    fieldsTable(schemaOf(definition, "status"), "status"),
    "## Columns",
    columnsTable(definition),
    "## Field selectors",
    `${
      selectable(definition).map((path) => `\`${path.replace(/^\./, "")}\``).join(", ")
    }, e.g. \`kubectl get obs -A --field-selector spec.severity=critical\`.`,
  ]);
}

/** The pattern of durations, which the page says once in words. */
const DURATION = "^(0|([0-9]+(\\.[0-9]+)?(ms|s|m|h))+)$";

const made = "<!-- Written by `deno task docs:write` from src/model; do not edit. -->";

function page(parts: readonly string[]): string {
  return `<!-- deno-fmt-ignore-file -->\n\n${parts.join("\n\n")}\n`;
}

function identityOf({ spec }: CustomResourceDefinition): string {
  const names = isJsonObject(spec.names) ? spec.names : {};
  const [version] = listAt(spec, "versions");
  const short = listAt(names, "shortNames").map((name) => `\`${String(name)}\``).join(" or ");
  return `It is a namespaced resource, \`${String(names.plural)}.${String(spec.group)}\`, version ` +
    `\`${textAt(version, "name")}\`, ${short} for short.`;
}

function fieldsTable(
  schema: JsonObject,
  path: string,
  defaults: Readonly<Record<string, string>> = {},
): string {
  return table(
    ["field", "type", "default", "must be", "meaning"],
    schemaFields(schema, path).map((field) => [
      `\`${field.path}\`${field.isRequired ? " (required)" : ""}`,
      typeOf(field),
      defaults[field.path]?.replaceAll("<", "\\<") ?? "",
      boundsOf(field.schema),
      (textAt(field.schema, "description") ?? "").replaceAll("<", "\\<"),
    ]),
  );
}

function typeOf({ schema }: SchemaField): string {
  const type = textAt(schema, "type") ?? "any JSON";
  const { items, additionalProperties } = schema;
  if (isJsonObject(items)) return `list of ${textAt(items, "type")}s`;
  if (isJsonObject(additionalProperties)) return `map of ${textAt(additionalProperties, "type")}s`;
  return schema["x-kubernetes-preserve-unknown-fields"] === true ? "object of any JSON" : type;
}

function boundsOf(schema: JsonObject): string {
  const inner = isJsonObject(schema.items)
    ? schema.items
    : isJsonObject(schema.additionalProperties)
    ? schema.additionalProperties
    : undefined;
  const own = ownBounds(schema);
  const ofItems = inner === undefined || isJsonObject(inner.properties) ? [] : ownBounds(inner);
  return [...own, ...ofItems.map((bound) => `each ${bound}`)].join("; ");
}

function ownBounds(schema: JsonObject): readonly string[] {
  const { minimum, maximum, exclusiveMinimum, minLength, maxLength, minItems, maxItems, pattern, format } =
    schema;
  const options = listAt(schema, "enum");
  return [
    ...(options.length > 0 ? [options.map((option) => `\`${String(option)}\``).join(", ")] : []),
    ...rangeOf(exclusiveMinimum === true ? `above ${String(minimum)}` : minimum, maximum, ""),
    ...rangeOf(minLength, maxLength, " characters"),
    ...rangeOf(minItems, maxItems, " items"),
    ...(typeof pattern === "string" ? [pattern === DURATION ? "a duration" : `\`${pattern}\``] : []),
    ...(format === "date-time" ? ["RFC 3339"] : []),
    ...rulesOf(schema).map(({ message }) => message.replace(/^must be /, "")),
  ];
}

function rangeOf(least: Json | undefined, most: Json | undefined, unit: string): readonly string[] {
  // What JSON numbers hold at all is no bound that somebody set.
  const isSet = (bound: Json | undefined): boolean =>
    bound !== undefined && Math.abs(Number(bound)) !== Number.MAX_SAFE_INTEGER;
  if (isSet(least) && isSet(most)) return [`${String(least)} to ${String(most)}${unit}`];
  if (isSet(least)) return [typeof least === "string" ? least + unit : `at least ${String(least)}${unit}`];
  return isSet(most) ? [`at most ${String(most)}${unit}`] : [];
}

interface Rule {
  readonly rule: string;
  readonly message: string;
}

function rulesOf(schema: JsonObject): readonly Rule[] {
  return listAt(schema, "x-kubernetes-validations") as unknown as readonly Rule[];
}

/** The rules of the whole and of the resource itself; those of a field stand in its line. */
function rulesList(spec: JsonObject, { spec: definition }: CustomResourceDefinition): string {
  const [version] = listAt(definition, "versions");
  const whole = isJsonObject(version) && isJsonObject(version.schema)
    ? version.schema.openAPIV3Schema
    : undefined;
  const rules = [...rulesOf(spec), ...(isJsonObject(whole) ? rulesOf(whole) : [])];
  return rules.map(({ message }) => `- ${message}`).join("\n");
}

function presetsTable(): string {
  return table(
    ["source", "from", "filters", "maxBodyBytes"],
    PRESET_SOURCES.map((name) => {
      const preset = presetOf(name);
      const { filters, ingester, maxBodyBytes } = preset;
      const said = Object.entries(filters).map(([field, value]) => `\`${field}: ${String(value)}\``);
      return [
        `\`${name}\``,
        fromOf(preset),
        said.join(", "),
        ingester === "webhook" ? String(maxBodyBytes) : "",
      ];
    }),
  );
}

function fromOf({ ingester, gvrs, labelSelector, logs }: Preset): string {
  switch (ingester) {
    case "webhook":
      return "webhook";
    case "informer": {
      const groups = Map.groupBy(
        gvrs,
        ({ group, version }) => group === "" ? version : `${group}/${version}`,
      );
      const resources = [...groups].map(([group, of]) =>
        `${group} ${of.map(({ resource }) => resource).join(", ")}`
      );
      return `informer: ${resources.join("; ")}${
        labelSelector === undefined ? "" : ` with ${labelSelector}`
      }`;
    }
    case "logs":
      return `logs of pods with ${logs?.podSelector ?? "any labels"}`;
    default:
      return ingester satisfies never;
  }
}

function columnsTable({ spec }: CustomResourceDefinition): string {
  const [version] = listAt(spec, "versions");
  const columns = isJsonObject(version) ? listAt(version, "additionalPrinterColumns") : [];
  return table(
    ["column", "meaning", "from"],
    columns.map((column) => [
      `${textAt(column, "name")}${isJsonObject(column) && column.priority === 1 ? " (`-o wide`)" : ""}`,
      textAt(column, "description") ?? "",
      `\`${textAt(column, "jsonPath")}\``,
    ]),
  );
}

function selectable({ spec }: CustomResourceDefinition): readonly string[] {
  const [version] = listAt(spec, "versions");
  const fields = isJsonObject(version) ? listAt(version, "selectableFields") : [];
  return fields.map((field) => textAt(field, "jsonPath") ?? "");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
