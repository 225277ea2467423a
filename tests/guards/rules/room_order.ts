import { isProgram, pathOf, type Place, placeOf, resolveImport } from "../rooms.ts";

/** The packages of deno.json and the rooms that may use them; `types`: only their types, which cost nothing. */
const PACKAGES: readonly {
  readonly name: string;
  readonly rooms: readonly string[];
  readonly types?: true;
}[] = [
  { name: "hono", rooms: ["board", "intake", "observe"] },
  { name: "prom-client", rooms: ["observe"] },
  { name: "lru-cache", rooms: ["deduplicate", "intake"] },
  { name: "@logtape/logtape", rooms: ["observe"] },
  { name: "@marcbachmann/cel-js", rooms: ["filter"] },
  { name: "re2js", rooms: ["filter", "source"] },
  { name: "yaml", rooms: ["cli", "ingesters", "kube"] },
  { name: "zod", rooms: ["model"] },
  { name: "@kubernetes/client-node", rooms: [], types: true },
];

/** Imports point down the list of rooms, to packages that belong there, and never to tests. */
export const roomOrder: Deno.lint.Rule = {
  create(context) {
    const path = pathOf(context.filename);
    if (!isProgram(path)) return {};
    const from = placeOf(path);
    const judge = (node: Deno.lint.Node, specifier: string, isType: boolean): void => {
      const message = problem(path, from, specifier, isType);
      if (message !== undefined) context.report({ node, message });
    };
    return {
      Program(node) {
        if (from.kind === "unknown room") {
          context.report({ node, message: `src/${from.name} is no room of the house` });
        }
      },
      ImportDeclaration(node) {
        judge(node, node.source.value, node.importKind === "type");
      },
      ExportNamedDeclaration(node) {
        if (node.source !== null) judge(node, node.source.value, node.exportKind === "type");
      },
      ExportAllDeclaration(node) {
        judge(node, node.source.value, node.exportKind === "type");
      },
      TSImportType(node) {
        const specifier = textOf(node.argument);
        if (specifier !== undefined) judge(node, specifier, true);
      },
    };
  },
};

function problem(path: string, from: Place, specifier: string, isType: boolean): string | undefined {
  if (specifier.startsWith("node:")) return undefined;
  if (!specifier.startsWith(".")) return packageProblem(from, specifier, isType);
  const target = resolveImport(path, specifier);
  const to = placeOf(target);
  switch (to.kind) {
    case "outside":
      return path === "main.ts" ? undefined : `src imports nothing from outside src, given ${target}`;
    case "unknown room":
      return `src/${to.name} is no room of the house`;
    case "room":
      if (from.kind !== "room" || to.floor >= from.floor) return undefined;
      return `${from.room} lies below ${to.room}: imports point down`;
    default:
      return to satisfies never;
  }
}

function packageProblem(from: Place, specifier: string, isType: boolean): string | undefined {
  const found = PACKAGES.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`));
  if (found === undefined) return `${specifier} is no package of this house`;
  if (found.types) {
    return isType ? undefined : `${found.name} costs too much at run time: use import type`;
  }
  const isAllowed = from.kind === "room" && (found.rooms.includes(from.room) || from.room === "main");
  return isAllowed ? undefined : `${found.name} belongs to ${found.rooms.join(", ")}`;
}

function textOf(node: Deno.lint.Node): string | undefined {
  if (node.type === "TSLiteralType") return textOf(node.literal);
  return node.type === "Literal" && typeof node.value === "string" ? node.value : undefined;
}
