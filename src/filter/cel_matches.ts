import { RE2JS } from "re2js";
import { type Allowance, spend } from "./cel_allowance.ts";
import { type CelNode, isNode } from "./cel_nodes.ts";

/** Longest pattern, in characters. */
const MAX_PATTERN_LENGTH = 512;
/** Largest pattern, in instructions of its automaton; what `\d{1000}` makes is refused. */
const MAX_PATTERN_STEPS = 400;

/** Why a call of matches cannot be taken, and at which node. */
export interface MatchesProblem {
  readonly node: CelNode;
  readonly message: string;
}

/** True for `text.matches(pattern)`. */
export function isMatches(node: CelNode): boolean {
  return node.op === "rcall" && Array.isArray(node.args) && node.args[0] === "matches";
}

/**
 * Compiles the pattern of a call of matches once, as RE2, the syntax that CEL prescribes: no pattern and no text make it
 * take more than linear time, where a JavaScript regular expression may run for years.
 */
export function compileMatches(
  node: CelNode,
  allowance: Allowance,
): ((text: unknown) => boolean) | MatchesProblem {
  const [pattern] = (node.args as readonly [string, CelNode, readonly CelNode[]])[2];
  if (!isNode(pattern) || pattern.op !== "value" || typeof pattern.args !== "string") {
    return { node: pattern ?? node, message: "the pattern of matches() must be a text in quotes" };
  }
  if (pattern.args.length > MAX_PATTERN_LENGTH) {
    return { node: pattern, message: `a pattern has at most ${MAX_PATTERN_LENGTH} characters` };
  }
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern.args);
  } catch (error) {
    return { node: pattern, message: error instanceof Error ? error.message : String(error) };
  }
  const steps = compiled.programSize();
  if (steps > MAX_PATTERN_STEPS) {
    return {
      node: pattern,
      message: `the pattern repeats too much: ${steps} steps, at most ${MAX_PATTERN_STEPS}`,
    };
  }
  return (text) => {
    if (typeof text !== "string") throw new TypeError("matches() needs a text");
    spend(allowance, (text.length * steps) >>> 4);
    return compiled.test(text);
  };
}
