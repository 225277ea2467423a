/** The rooms of src from top to bottom: a file imports from its own room and from those below. */
export const ROOMS: readonly string[] = [
  "main",
  "app",
  "cli",
  "board",
  "ingesters",
  "intake",
  "source",
  "pipeline",
  "normalize",
  "filter",
  "deduplicate",
  "write",
  "leadership",
  "kube",
  "observe",
  "run",
  "model",
];

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** The path of a linted file, from the root of the checkout. */
export function pathOf(filename: string): string {
  return filename.startsWith(ROOT) ? filename.slice(ROOT.length) : filename;
}

/** Where a path lies; only a folder of the list is a room, so that a new folder cannot slip in. */
export type Place =
  | { readonly kind: "room"; readonly room: string; readonly floor: number }
  | { readonly kind: "unknown room"; readonly name: string }
  | { readonly kind: "outside" };

/** Where a path from the root of the checkout lies. */
export function placeOf(path: string): Place {
  if (path === "main.ts") return { kind: "room", room: "main", floor: 0 };
  const [top, folder = "", ...rest] = path.split("/");
  if (top !== "src") return { kind: "outside" };
  const room = rest.length > 0 ? folder : folder === "app.ts" ? "app" : undefined;
  const floor = room === undefined || room === "main" ? -1 : ROOMS.indexOf(room);
  if (room === undefined || floor === -1) return { kind: "unknown room", name: folder };
  return { kind: "room", room, floor };
}

/** The path that a relative import leads to, from the root of the checkout; it may begin with `..`. */
export function resolveImport(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") {
      if (parts.length === 0 || parts.at(-1) === "..") parts.push("..");
      else parts.pop();
    } else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** True for files of the program itself: what the tests are about. */
export function isProgram(path: string): boolean {
  return path === "main.ts" || path.startsWith("src/");
}
