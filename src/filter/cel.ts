import { Environment, EvaluationError } from "@marcbachmann/cel-js";
import type { Json } from "../model/json.ts";
import { type Allowance, AllowanceError, EVALUATION_UNITS, TOO_MUCH_WORK } from "./cel_allowance.ts";
import { boundWork } from "./cel_bounds.ts";
import { type CelNode, nodesOf } from "./cel_nodes.ts";
import { unknownField } from "./cel_observation.ts";
import { type CelValue, celValue } from "./cel_value.ts";

/** What an expression must say. */
export type ResultType = "bool" | "string";
/** The value that goes with a {@link ResultType}. */
export type ResultOf<Type extends ResultType> = Type extends "bool" ? boolean : string;

/** What an expression sees. */
export interface ExpressionInputs {
  /** The Observation as it would be written. */
  readonly observation: () => Json;
  /** The payload, converted once for all expressions over it. */
  readonly signal: () => CelValue;
  /** What all evaluations over the same signal may still cost. */
  readonly allowance: Allowance;
}

/** What an evaluation came to. */
export type Evaluated<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "error"; readonly message: string };

/** An expression that was checked. */
export type Expression<T> = (inputs: ExpressionInputs) => Evaluated<T>;

/** An expression made ready, or what is wrong with it and where. */
export type CompiledExpression<T> =
  | { readonly kind: "expression"; readonly evaluate: Expression<T> }
  | { readonly kind: "problem"; readonly message: string };

/** Longest expression, in characters. */
const MAX_LENGTH = 4096;
const LIMITS = {
  maxAstNodes: 2000,
  maxDepth: 64,
  maxListElements: 500,
  maxMapEntries: 100,
  maxCallArguments: 8,
};

/** Codes of errors at run time whose sentences name types only. */
const HARMLESS: ReadonlySet<string> = new Set([
  "no_such_overload",
  "no_matching_overload",
  "invalid_condition_type",
  "invalid_logical_operand",
  "invalid_comprehension_range",
]);

const environment = new Environment({
  enableOptionalTypes: true,
  homogeneousAggregateLiterals: false,
  limits: LIMITS,
})
  .registerVariable("observation", "map<string, dyn>")
  .registerVariable("signal", "dyn");

/**
 * Compiles a CEL expression over `observation` and `signal` once. Its types are checked, its patterns are compiled, and its
 * work is counted, so that it ends within milliseconds whatever it is given.
 */
export function compileExpression<Type extends ResultType>(
  text: string,
  type: Type,
): CompiledExpression<ResultOf<Type>> {
  const problem = (message: string, offset: number): CompiledExpression<ResultOf<Type>> => ({
    kind: "problem",
    message: `${placeIn(text, offset)}: ${message}`,
  });
  if (text.trim() === "") return problem("the expression is empty", 0);
  if (text.length > MAX_LENGTH) {
    return problem(`an expression has at most ${MAX_LENGTH} characters`, MAX_LENGTH);
  }
  const allowance: Allowance = { left: 0 };
  let parsed: ReturnType<Environment["parse"]>;
  let root: CelNode;
  try {
    parsed = environment.parse(text);
    const checked = parsed.check();
    if (!checked.valid) return problem(summaryOf(checked.error), offsetOf(checked.error));
    if (checked.type !== type && checked.type !== "dyn") {
      return problem(`must give a ${type}, but gives a ${checked.type}`, 0);
    }
    root = treeOf(parsed);
    const unknown = unknownField(root);
    if (unknown !== undefined) return problem(unknown.message, unknown.node.pos);
    const [first] = boundWork(root, allowance);
    if (first !== undefined) return problem(first.message, first.node.pos);
  } catch (error) {
    // Thousands of operators in a row are more than the stack holds.
    if (error instanceof RangeError) return problem("the expression is nested too deeply", 0);
    return problem(summaryOf(error), offsetOf(error));
  }
  const names = new Set([...nodesOf(root)].filter(({ op }) => op === "id").map(({ args }) => args));
  const sees = { observation: names.has("observation"), signal: names.has("signal") };
  return {
    kind: "expression",
    evaluate: (inputs) => {
      const units = Math.min(EVALUATION_UNITS, inputs.allowance.left);
      allowance.left = units;
      try {
        const value: unknown = parsed({
          observation: sees.observation ? celValue(inputs.observation()) : {},
          signal: sees.signal ? inputs.signal() : null,
        });
        // An error within || or a loop may be forgiven, but not this one.
        if (allowance.left < 0) return { kind: "error", message: TOO_MUCH_WORK };
        if (type === "bool" ? typeof value === "boolean" : typeof value === "string") {
          return { kind: "value", value: value as ResultOf<Type> };
        }
        return { kind: "error", message: `it must give a ${type}, but gave another type` };
      } catch (error) {
        return { kind: "error", message: messageOf(error, text) };
      } finally {
        inputs.allowance.left -= Math.max(1, units - Math.max(0, allowance.left));
      }
    },
  };
}

/** The tree with what the library keeps in it beyond what it declares (see {@link CelNode}): only a cast can tell. */
function treeOf({ ast }: ReturnType<Environment["parse"]>): CelNode {
  return ast as unknown as CelNode;
}

/** "line 1, column 5" of an offset; both count from 1. */
export function placeIn(text: string, offset: number): string {
  const before = text.slice(0, Math.min(offset, text.length)).split("\n");
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

function messageOf(error: unknown, text: string): string {
  if (error instanceof AllowanceError) return error.message;
  return `${placeIn(text, offsetOf(error))}: ${harmlessSummary(error)}`;
}

/** The library's sentence where that tells of types and of the expression only; others may quote the payload. */
function harmlessSummary(error: unknown): string {
  if (!(error instanceof EvaluationError)) return "it cannot be evaluated";
  const isOwnName = error.code === "no_such_key" && error.node?.op === ".";
  return isOwnName || HARMLESS.has(error.code) ? summaryOf(error) : error.code.replaceAll("_", " ");
}

/** What is wrong without the picture of the source that the library draws; its sentences tell of types and names only. */
function summaryOf(error: unknown): string {
  const summary = error instanceof Error && "summary" in error ? error.summary : undefined;
  const message = typeof summary === "string"
    ? summary
    : error instanceof Error
    ? error.message
    : String(error);
  return `${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}

function offsetOf(error: unknown): number {
  const range = error instanceof Error && "range" in error ? error.range : undefined;
  const start = typeof range === "object" && range !== null && "start" in range ? range.start : undefined;
  return typeof start === "number" ? start : 0;
}
