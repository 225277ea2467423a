import { type Allowance, AllowanceError, EVALUATION_UNITS, shallow, spend, weigh } from "./cel_allowance.ts";
import { compileMatches, isMatches, type MatchesProblem } from "./cel_matches.ts";
import { type CelNode, type Comprehension, isComprehension, nodesOf } from "./cel_nodes.ts";

/** Operators that look at their operands as a whole. */
const DEEP: ReadonlySet<string> = new Set(["==", "!=", "in"]);
const BINARY: ReadonlySet<string> = new Set(["+", "<", "<=", ">", ">="]);
/** Longest text that is read as a duration; the library's own reader takes quadratic time. */
const MAX_DURATION_LENGTH = 64;
const LOGICAL: ReadonlySet<string> = new Set(["&&", "||"]);
/** What it costs to make an error. */
const ERROR_UNITS = 80;
/** What it costs to look a time zone up. */
const TIME_ZONE_UNITS = 2000;

/**
 * Makes a checked expression count its work: every turn of a loop costs the size of its body, every operator and function
 * the size of what it goes through and of what it makes. What is not in a loop is bounded by the expression's own
 * length, so that all work is counted, whatever the payload is. The library has no limit of its own at run time.
 *
 * @returns the patterns that cannot be taken; none: the tree may be evaluated
 */
export function boundWork(root: CelNode, allowance: Allowance): readonly MatchesProblem[] {
  const problems: MatchesProblem[] = [];
  for (const node of nodesOf(root)) {
    if (node.op === "comprehension" && isComprehension(node.args)) boundLoop(node, node.args, allowance);
    else if (isMatches(node)) {
      const matches = compileMatches(node, allowance);
      if (typeof matches === "function") {
        node.handle = (operands) => matches((operands as readonly unknown[])[0]);
      } else problems.push(matches);
    } else if (node.op === "call" || node.op === "rcall") boundCall(node, allowance);
    else if (DEEP.has(node.op) || BINARY.has(node.op)) boundOperator(node, allowance);
  }
  boundErrors(root, allowance);
  return problems;
}

function boundLoop(node: CelNode, loop: Comprehension, allowance: Allowance): void {
  const bodySize = turnUnits(loop.step);
  const before = loop.condition;
  loop.condition = (accumulated) => {
    spend(allowance, bodySize);
    return before?.(accumulated) ?? true;
  };
  const handle = node.handle;
  if (handle === undefined) return;
  node.handle = (iterable, ...rest) => {
    // A map is looped over by a list of its keys, which is made first.
    if (!Array.isArray(iterable)) spend(allowance, shallow(iterable));
    return handle(iterable, ...rest);
  };
}

/** A loop's body, every node of it, and one error for every variable that may be no bool where a bool is needed. */
function turnUnits(step: CelNode): number {
  const nodes = nodesOf(step);
  let units = nodes.size;
  for (const node of nodes) {
    if (!LOGICAL.has(node.op)) continue;
    for (const operand of node.args as readonly CelNode[]) {
      if (operand.op === "id" && operand.checkedType?.name === "dyn") units += ERROR_UNITS;
    }
  }
  return units;
}

/** An error within `||`, `&&`, `exists` or `all` may be forgiven, and the next one follows: each costs. */
function boundErrors(root: CelNode, allowance: Allowance): void {
  let last: unknown;
  for (const node of nodesOf(root)) {
    const handle = node.handle;
    if (handle === undefined) continue;
    node.handle = (...operands) => {
      try {
        return handle(...operands);
      } catch (error) {
        // It passes every node around it on its way up.
        if (error !== last) spend(allowance, ERROR_UNITS);
        last = error;
        throw error;
      }
    };
  }
  for (const node of nodesOf(root)) {
    if (!LOGICAL.has(node.op)) continue;
    for (const operand of node.args as readonly CelNode[]) {
      const handle = operand.handle;
      if (handle === undefined || operand.checkedType?.name !== "dyn") continue;
      operand.handle = (...operands) => {
        const value = handle(...operands);
        if (typeof value !== "boolean") spend(allowance, ERROR_UNITS);
        return value;
      };
    }
  }
}

function boundOperator(node: CelNode, allowance: Allowance): void {
  const handle = node.handle;
  if (handle === undefined) return;
  const cost = DEEP.has(node.op)
    ? deepCost
    : (left: unknown, right: unknown) => textCost(left) + textCost(right);
  node.handle = (left, right, ...rest) => {
    spend(allowance, 1 + cost(left, right));
    return handle(left, right, ...rest);
  };
}

function boundCall(node: CelNode, allowance: Allowance): void {
  const handle = node.handle;
  if (handle === undefined) return;
  const name = (node.args as readonly unknown[])[0];
  node.handle = (operands, ...rest) => {
    const values = operands as readonly unknown[];
    spend(allowance, 1 + callCost(name, values));
    const result = handle(operands, ...rest);
    if (typeof result === "object" || typeof result === "string") spend(allowance, shallow(result));
    return result;
  };
}

function callCost(name: unknown, values: readonly unknown[]): number {
  const [first, second] = values;
  let units = 0;
  for (const value of values) units += shallow(value);
  if (typeof first === "string") {
    if (name === "duration" && first.length > MAX_DURATION_LENGTH) {
      throw new AllowanceError("the text is too long for a duration");
    }
    // Goes through it character by character.
    if (name === "size") units += first.length >>> 4;
    // A list of single characters is the most that it can make.
    if (name === "split") units += first.length >>> 2;
  }
  if (name === "join" && Array.isArray(first)) {
    units += weigh(first, EVALUATION_UNITS);
    if (typeof second === "string") units += (first.length * second.length) >>> 6;
  }
  if (name === "json") units += shallow(first) * 8;
  if (typeof name === "string" && name.startsWith("get") && second !== undefined) units += TIME_ZONE_UNITS;
  return units;
}

/** A list is searched item by item, a key in a map is found at once; two containers are compared to the bottom. */
function deepCost(left: unknown, right: unknown): number {
  const isContainer = typeof left === "object" && left !== null;
  if (isContainer) return weigh(left, EVALUATION_UNITS) + weigh(right, EVALUATION_UNITS);
  return Array.isArray(right) ? right.length : textCost(left);
}

/** Texts, bytes and lists: what `+` copies and `<` compares. */
function textCost(value: unknown): number {
  return typeof value === "string" || Array.isArray(value) || ArrayBuffer.isView(value) ? shallow(value) : 0;
}
