import { isProgram, pathOf } from "../rooms.ts";

/** What runs is known before it runs; a compiled executable cannot follow a computed import. */
export const noDynamicImport: Deno.lint.Rule = {
  create(context) {
    if (!isProgram(pathOf(context.filename))) return {};
    return {
      ImportExpression(node) {
        context.report({ node, message: "Imports stand at the top of a file" });
      },
    };
  },
};
