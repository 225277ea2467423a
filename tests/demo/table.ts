/** One column of a table. */
export interface Column {
  readonly title: string;
  /** A column that can be narrowed gives way, first the one that has most for its share; undefined: it never does. */
  readonly share?: number | undefined;
  readonly isNumber?: boolean | undefined;
}

const GAP = "  ";
const NARROWEST = 10;
const CUT = "…";

/**
 * Lays a table out as kubectl does, cutting what is too long, so that no line is wider than `width`.
 *
 * @param paint called for each cell with its padded text
 */
export function layOut(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
  paint: (text: string, row: number, column: number) => string = (text) => text,
): readonly string[] {
  const titles = columns.map(({ title }) => title);
  const widths = columns.map((_, index) =>
    Math.max(...[titles, ...rows].map((row) => row[index]?.length ?? 0))
  );
  const excess = (): number =>
    widths.reduce((sum, one) => sum + one, 0) + GAP.length * (columns.length - 1) - width;
  const weight = (index: number): number => {
    const { share } = columns[index] ?? {};
    const one = widths[index] ?? 0;
    return share === undefined || one <= NARROWEST ? 0 : one / share;
  };
  while (excess() > 0) {
    const widest = columns.reduce(
      (found, _, index) => weight(index) > weight(found) ? index : found,
      0,
    );
    if (weight(widest) === 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  const lineOf = (cells: readonly string[], row: number): string =>
    cells.map((cell, index) => {
      const one = widths[index] ?? 0;
      const cut = cell.length > one ? cell.slice(0, one - CUT.length) + CUT : cell;
      const isLast = index === columns.length - 1;
      const padded = columns[index]?.isNumber === true ? cut.padStart(one) : isLast ? cut : cut.padEnd(one);
      return paint(padded, row, index);
    }).join(GAP);
  return [lineOf(titles, -1), ...rows.map(lineOf)];
}
