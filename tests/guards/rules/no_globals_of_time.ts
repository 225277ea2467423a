import { isProgram, pathOf } from "../rooms.ts";

const CLOCK = "src/run/clock.ts";
const MEMBERS: ReadonlySet<string> = new Set([
  "Date.now",
  "Math.random",
  "performance.now",
  "AbortSignal.timeout",
]);
const FUNCTIONS: ReadonlySet<string> = new Set(["setTimeout", "setInterval", "setImmediate"]);
const MODULES: ReadonlySet<string> = new Set(["node:timers", "node:timers/promises", "node:perf_hooks"]);

/** Time and chance come from the injected Clock, so that tests and the simulation move them by hand. */
export const noGlobalsOfTime: Deno.lint.Rule = {
  create(context) {
    const path = pathOf(context.filename);
    if (!isProgram(path) || path === CLOCK) return {};
    const report = (node: Deno.lint.Node, what: string): void =>
      context.report({ node, message: `${what} is for ${CLOCK} alone`, hint: "Take a Clock as a parameter" });
    return {
      MemberExpression(node) {
        const name = `${lastName(node.object)}.${lastName(node.property)}`;
        if (MEMBERS.has(name)) report(node, name);
        else if (name.startsWith("globalThis.") && FUNCTIONS.has(lastName(node.property))) report(node, name);
      },
      Identifier(node) {
        if (FUNCTIONS.has(node.name) && !isNameOfMember(node)) report(node, node.name);
      },
      NewExpression(node) {
        if (lastName(node.callee) === "Date" && node.arguments.length === 0) report(node, "new Date()");
      },
      CallExpression(node) {
        if (node.callee.type === "Identifier" && node.callee.name === "Date") report(node, "Date()");
      },
      ImportDeclaration(node) {
        if (MODULES.has(node.source.value)) report(node, node.source.value);
      },
    };
  },
};

/** `x` for `x`, `a.x` and `a["x"]`. */
function lastName(node: Deno.lint.Node): string {
  if (node.type === "Identifier") return node.name;
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  return node.type === "MemberExpression" ? lastName(node.property) : "";
}

/** True for the `setTimeout` of `socket.setTimeout(...)` or `{ setTimeout: ... }`. */
function isNameOfMember(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  switch (parent.type) {
    case "MemberExpression":
      return parent.property.range[0] === node.range[0] && !parent.computed;
    case "Property":
      return parent.key.range[0] === node.range[0] && !parent.shorthand;
    case "MethodDefinition":
    case "PropertyDefinition":
    case "TSMethodSignature":
    case "TSPropertySignature":
      return true;
    default:
      return false;
  }
}
