import type { Json } from "./json.ts";
import { parsePath, type PathStep, readPath } from "./json_path.ts";

/** A path that says where it begins: at the payload (`signal.a`, `$.a` or `a`) or at the Observation (`observation.spec.a`). */
export interface RootedPath {
  readonly root: "signal" | "observation";
  readonly steps: readonly PathStep[];
}

/** A path, or what is wrong with it and where (offset in UTF-16 units, from 0). */
export type ParsedRootedPath =
  | { readonly kind: "path"; readonly path: RootedPath }
  | { readonly kind: "problem"; readonly offset: number; readonly message: string };

/** Parses a path over `observation` and `signal`; one that names neither begins at the payload. */
export function parseRootedPath(text: string): ParsedRootedPath {
  const [, root = ""] = /^(signal|observation)(?=[.[])/.exec(text) ?? [];
  const rest = text.slice(root.length);
  const parsed = parsePath(rest);
  if (parsed.kind === "problem") {
    return { ...parsed, offset: root.length + parsed.offset };
  }
  return {
    kind: "path",
    path: { root: root === "observation" ? "observation" : "signal", steps: parsed.steps },
  };
}

/** The value that a path leads to; undefined where there is none. */
export function readRooted(
  { root, steps }: RootedPath,
  from: { readonly payload: Json; readonly observation: () => Json },
): Json | undefined {
  return readPath(root === "observation" ? from.observation() : from.payload, steps);
}
