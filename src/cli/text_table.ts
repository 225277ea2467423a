/** More names than these are counted only. */
const MAX_NAMES = 8;

/** Rows as text in columns; the last one is as long as it is. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from(
    { length: columns },
    (_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row.map((cell, column) => column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)).join("   ")
      .trimEnd()
  ).join("\n") + "\n";
}

/** A text without line breaks and control characters, which could rewrite a terminal; cut where it is longer. */
export function oneLine(text: string, maxLength: number = Infinity): string {
  // deno-lint-ignore no-control-regex -- control characters are what must not reach a terminal
  const plain = text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
  return plain.length <= maxLength ? plain : `${plain.slice(0, maxLength - 1)}…`;
}

/** Names with commas, the first of them where they are many. */
export function shortList(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).join(", ");
  return names.length > MAX_NAMES ? `${shown} and ${names.length - MAX_NAMES} more` : shown;
}
