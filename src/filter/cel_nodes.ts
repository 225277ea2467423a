/** A node of an expression's tree, as the library keeps it; beyond what it declares, and pinned by tests. */
export interface CelNode {
  readonly op: string;
  readonly args: unknown;
  readonly pos: number;
  readonly start: number;
  readonly meta: {
    /** What a macro such as exists was expanded to, or what a constant stands for. */
    readonly alternate?: CelNode;
    /** A macro with a way of its own (has, bind). */
    readonly macro?: { readonly args?: readonly CelNode[]; readonly val?: CelNode; readonly exp?: CelNode };
  };
  /** Set by the type check: what it gives; dyn where only the payload knows. */
  readonly checkedType?: { readonly name: string };
  /** Set by the type check: computes the node's value from those of its operands. */
  handle?: (...operands: unknown[]) => unknown;
}

/** `args` of a node whose op is comprehension. */
export interface Comprehension {
  readonly iterable: CelNode;
  readonly init: CelNode;
  readonly step: CelNode;
  /** Asked before every turn; a loop that nothing ends early has none. */
  condition?: (accumulated: unknown) => boolean;
}

/** Every node of a tree once, those that macros were expanded to included. */
export function nodesOf(root: CelNode): ReadonlySet<CelNode> {
  const found = new Set<CelNode>();
  const waiting: unknown[] = [root];
  while (waiting.length > 0) {
    const here = waiting.pop();
    if (Array.isArray(here)) waiting.push(...here);
    else if (isComprehension(here)) waiting.push(here.iterable, here.init, here.step);
    else if (isNode(here) && !found.has(here)) {
      found.add(here);
      const { alternate, macro } = here.meta;
      waiting.push(here.args, alternate, macro?.args, macro?.val, macro?.exp);
    }
  }
  return found;
}

/** Narrows to a node. */
export function isNode(value: unknown): value is CelNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value && "meta" in value;
}

/** Narrows to what a comprehension consists of. */
export function isComprehension(value: unknown): value is Comprehension {
  return typeof value === "object" && value !== null && "iterable" in value && "step" in value;
}
