import { isProgram, pathOf } from "../rooms.ts";

/** `signal: AbortSignal` is the last parameter of whatever may wait, and is never left out. */
export const abortSignalLast: Deno.lint.Rule = {
  create(context) {
    if (!isProgram(pathOf(context.filename))) return {};
    const judge = ({ params }: { readonly params: readonly Deno.lint.Parameter[] }): void => {
      for (const [index, param] of params.entries()) {
        const target = param.type === "AssignmentPattern" ? param.left : param;
        if (target.type !== "Identifier") continue;
        const types = typesOf(target.typeAnnotation?.typeAnnotation);
        if (!types.includes("AbortSignal")) continue;
        if (target.optional || param !== target || types.length > 1) {
          context.report({ node: target, message: "An AbortSignal is never optional" });
        }
        if (index !== params.length - 1) {
          context.report({ node: target, message: "An AbortSignal is the last parameter" });
        }
      }
    };
    return {
      FunctionDeclaration: judge,
      FunctionExpression: judge,
      ArrowFunctionExpression: judge,
      TSDeclareFunction: judge,
      TSEmptyBodyFunctionExpression: judge,
      TSMethodSignature: judge,
      TSFunctionType: judge,
    };
  },
};

/** The names of a type, or of the members of a union; "" for what has no name. */
function typesOf(type: Deno.lint.Node | undefined): readonly string[] {
  if (type === undefined) return [];
  if (type.type === "TSUnionType") return type.types.flatMap(typesOf);
  return [type.type === "TSTypeReference" && type.typeName.type === "Identifier" ? type.typeName.name : ""];
}
