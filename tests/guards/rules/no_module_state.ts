import { isProgram, pathOf } from "../rooms.ts";

const COLLECTIONS: ReadonlySet<string> = new Set(["Map", "Set", "WeakMap", "WeakSet"]);

/** What a program remembers belongs to an object that app.ts makes, never to a module. */
export const noModuleState: Deno.lint.Rule = {
  create(context) {
    if (!isProgram(pathOf(context.filename))) return {};
    const judge = (statement: Deno.lint.Node | null): void => {
      if (statement?.type !== "VariableDeclaration") return;
      const isState = statement.kind === "let" || statement.kind === "var" ||
        statement.declarations.some(({ init }) => isEmptyCollection(init));
      if (isState) context.report({ node: statement, message: "A module has no state" });
    };
    return {
      Program(node) {
        for (const statement of node.body) {
          judge(statement.type === "ExportNamedDeclaration" ? statement.declaration : statement);
        }
      },
    };
  },
};

/** A collection that is made empty is made to be filled. */
function isEmptyCollection(init: Deno.lint.Node | null): boolean {
  return init?.type === "NewExpression" && init.callee.type === "Identifier" &&
    COLLECTIONS.has(init.callee.name) && init.arguments.length === 0;
}
