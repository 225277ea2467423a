import { nearest } from "./nearest.ts";

/** A variable that nobody reads, and the one that was probably meant. */
export interface UnknownName {
  readonly name: string;
  readonly meant: string | undefined;
}

const OWN_PREFIX = /^ZEN_?WATCHER_/;

/** Variables that look like ours and are none: misspelt, or with a prefix that ours do not have. */
export function unknownNames(set: readonly string[], known: readonly string[]): readonly UnknownName[] {
  return set.filter((name) => !known.includes(name)).flatMap((name) => {
    const bare = name.replace(OWN_PREFIX, "");
    const meant = known.includes(bare) ? bare : nearest(bare, known.filter((word) => word.includes("_")));
    if (bare !== name) return [{ name, meant }];
    // Whoever misspells a name rarely does so in its first letter, and NODE_NAME is not POD_NAME.
    return meant?.[0] === name[0] && meant !== undefined ? [{ name, meant }] : [];
  });
}
