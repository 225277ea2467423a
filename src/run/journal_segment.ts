/** One file of a journal. */
export interface Segment {
  readonly number: number;
  bytes: number;
  /** Records in it that are not done. */
  readonly live: Set<number>;
  /** Ids of its records, first and last; none: it holds marks only. */
  first: number | undefined;
  last: number | undefined;
  /** What it says is done, as far as those records may still lie on the disk. */
  readonly marks: Set<number>;
}

/** A segment that holds nothing. */
export function emptySegment(number: number, bytes: number): Segment {
  return { number, bytes, live: new Set(), first: undefined, last: undefined, marks: new Set() };
}

/** Whether a record may lie in a segment. */
export function holds({ first, last }: Segment, id: number): boolean {
  return first !== undefined && last !== undefined && first <= id && id <= last;
}

/** The record in a frame; undefined when that is none. */
export function bodyOf(text: string): { readonly id: number; readonly body: string } | undefined {
  const [head, id] = /^\+ ([0-9]{1,15}) /.exec(text) ?? [];
  return head === undefined ? undefined : { id: Number(id), body: text.slice(head.length) };
}

/** Which record a frame says is done; undefined when it says nothing of the kind. */
export function markOf(text: string): number | undefined {
  const [, id] = /^- ([0-9]{1,15})$/.exec(text) ?? [];
  return id === undefined ? undefined : Number(id);
}
