import { pathOf } from "../rooms.ts";

const ONE_PLACE = "src/kube/errors.ts";
/** Numbers that the API server did not answer: their own answers, and those that a payload tells of. */
const OTHERS = /^src\/(intake|board|normalize)\//;
const COMPARISONS: ReadonlySet<string> = new Set(["===", "!==", "==", "!=", "<", "<=", ">", ">="]);
const HOLDERS: ReadonlySet<string> = new Set(["code", "status", "statusCode"]);

/** What an answer of the API server means is read off its number in one file; elsewhere `ApiError.kind` says it. */
export const statusNumbersInOnePlace: Deno.lint.Rule = {
  create(context) {
    const path = pathOf(context.filename);
    if (!path.startsWith("src/") || path === ONE_PLACE || OTHERS.test(path)) return {};
    const report = (node: Deno.lint.Node): void =>
      context.report({
        node,
        message: `Status numbers are read in ${ONE_PLACE} alone`,
        hint: "Ask isApiError(error, kind)",
      });
    return {
      BinaryExpression(node) {
        if (!COMPARISONS.has(node.operator)) return;
        if (
          (holdsStatus(node.left) && isErrorNumber(node.right)) ||
          (holdsStatus(node.right) && isErrorNumber(node.left))
        ) report(node);
      },
      SwitchStatement(node) {
        if (!holdsStatus(node.discriminant)) return;
        for (const { test } of node.cases) if (test !== null && isErrorNumber(test)) report(test);
      },
      CallExpression(node) {
        const { callee } = node;
        const [asked] = node.arguments;
        if (
          callee.type === "MemberExpression" && callee.object.type === "ArrayExpression" &&
          callee.object.elements.some((element) => isErrorNumber(element)) &&
          asked !== undefined && holdsStatus(asked)
        ) report(node);
      },
    };
  },
};

function holdsStatus(node: Deno.lint.Node): boolean {
  if (node.type === "ChainExpression") return holdsStatus(node.expression);
  const name = node.type === "MemberExpression" ? node.property : node;
  return name.type === "Identifier" && HOLDERS.has(name.name);
}

function isErrorNumber(node: Deno.lint.Node): boolean {
  return node.type === "Literal" && typeof node.value === "number" && node.value >= 400 && node.value < 600;
}
