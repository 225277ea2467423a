/** `<id>: <title>`, or what there is of both. */
export function idAndTitle(id: string | undefined, title: string | undefined, otherwise: string): string {
  if (id === undefined || title === undefined) return id ?? title ?? otherwise;
  return `${id}: ${title}`;
}
