import { isMap, isScalar, parseDocument, type YAMLMap } from "yaml";

/** One value that an operator may set. */
export interface ChartValue {
  /** Dotted. */
  readonly path: string;
  readonly default: unknown;
  readonly description: string;
}

const MARK = /^ -- /;

/**
 * The values of a chart: each key whose comment begins with `# --`.
 *
 * @throws when a value has no such comment, nor one above or below it
 */
export function chartValues(text: string): readonly ChartValue[] {
  const root = parseDocument(text).contents;
  if (!isMap(root)) throw new Error("Cannot read the values of the chart: they must be a map");
  return valuesOf(root, "", (root.commentBefore ?? "").split("\n").at(-1) ?? "");
}

/** The same as a table in Markdown. */
export function valuesTable(text: string): string {
  const rows = chartValues(text).map(({ path, default: value, description }) =>
    `| \`${path}\` | \`${JSON.stringify(value)}\` | ${description.replaceAll("|", "\\|")} |`
  );
  return ["| value | default | meaning |", "| --- | --- | --- |", ...rows].join("\n");
}

function valuesOf(map: YAMLMap, prefix: string, first: string): readonly ChartValue[] {
  return map.items.flatMap((pair, index) => {
    if (!isScalar(pair.key)) return [];
    const path = `${prefix}${pair.key.value}`;
    // The comment of a first key belongs, for the parser, to its map.
    const comment = (index === 0 ? first : undefined) || lastLine(pair.key.commentBefore);
    if (MARK.test(comment)) {
      return [{ path, default: plain(pair.value), description: comment.replace(MARK, "") }];
    }
    if (!isMap(pair.value)) throw new Error(`Cannot describe the value ${path}: it must have a comment # --`);
    return valuesOf(pair.value, `${path}.`, lastLine(pair.value.commentBefore));
  });
}

function lastLine(comment: string | null | undefined): string {
  return (comment ?? "").split("\n").at(-1) ?? "";
}

function plain(value: unknown): unknown {
  return typeof value === "object" && value !== null && "toJSON" in value &&
      typeof value.toJSON === "function"
    ? value.toJSON()
    : value;
}
