import { pathOf } from "../rooms.ts";

/** No file passes on what another one exports, so that the import graph is the truth. */
export const noBarrel: Deno.lint.Rule = {
  create(context) {
    const path = pathOf(context.filename);
    const imported = new Set<string>();
    const report = (node: Deno.lint.Node): void =>
      context.report({
        node,
        message: "A file exports only what it makes itself",
        hint: "Import from the file that makes it",
      });
    return {
      Program(node) {
        if (/(^|\/)(index|mod)\.[jt]sx?$/.test(path)) {
          context.report({ node, message: "A file is named for the one thing in it, not index or mod" });
        }
        for (const statement of node.body) {
          if (statement.type !== "ImportDeclaration") continue;
          for (const specifier of statement.specifiers) imported.add(specifier.local.name);
        }
      },
      ExportAllDeclaration: report,
      ExportNamedDeclaration(node) {
        const isPassedOn = node.specifiers.some(({ local }) =>
          local.type === "Identifier" && imported.has(local.name)
        );
        if (node.source !== null || isPassedOn) report(node);
      },
      ExportDefaultDeclaration(node) {
        if (node.declaration.type === "Identifier" && imported.has(node.declaration.name)) report(node);
      },
    };
  },
};
