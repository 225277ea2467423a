/** A merge patch that leaves nothing of `old` that `wanted` does not say. */
export function withNulls(old: object, wanted: object): Record<string, unknown> {
  const before = old as Readonly<Record<string, unknown>>;
  const after = wanted as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    [...new Set([...Object.keys(before), ...Object.keys(after)])].map((name) => {
      const [was, is] = [before[name], after[name]];
      if (is === undefined) return [name, null];
      return [name, isBlock(was) && isBlock(is) ? withNulls(was, is) : is];
    }),
  );
}

function isBlock(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
