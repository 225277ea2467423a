const MAX_LENGTH = 63;
/** Of a name of any length no more than its beginning is looked at. */
const MAX_LOOKED_AT = 4096;

/**
 * A rule's name as event type: lower case, runs outside a-z0-9 become one underscore, at most 63 characters, beginning
 * and ending in a letter or digit; `fallback` when nothing is left.
 */
export function eventTypeOf(name: string, fallback: string): string {
  const slug = name.slice(0, MAX_LOOKED_AT).toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_/, "").slice(
    0,
    MAX_LENGTH,
  ).replace(
    /_$/,
    "",
  );
  return slug === "" ? fallback : slug;
}

/** A name in CamelCase as event type in snake_case: `FailedMount` becomes failed_mount, `OOMKilling` oom_killing. */
export function snakeCase(name: string, fallback: string): string {
  // Cut first: the pattern takes time in the square of the length.
  const words = name.slice(0, 4 * MAX_LENGTH)
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2");
  return eventTypeOf(words, fallback);
}
