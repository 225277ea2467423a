/** One selector of an expression: the series it may find, and the labels it asks for. */
export interface Selector {
  readonly names: readonly string[];
  readonly labels: readonly string[];
}

/** What an expression reads, as far as the names of series and labels go. */
export interface Reads {
  readonly selectors: readonly Selector[];
  /** Labels of `by`, `without`, `on`, `ignoring`, `group_left` and `group_right`. */
  readonly grouping: readonly string[];
}

type Token = { readonly kind: "word" | "string" | "number" | "sign"; readonly text: string };

const TOKENS: readonly (readonly [Token["kind"] | "blank", RegExp])[] = [
  ["blank", /(?:\s+|#[^\n]*)/y],
  ["string", /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/y],
  // A duration, a number, or one of the variables of Grafana that stand for either.
  ["number", /\$__\w+|\d[\w.]*/y],
  ["word", /[A-Za-z_][\w:]*/y],
  ["sign", /=~|!~|!=|==|<=|>=|[-+*/%^<>=(){}[\],:@]/y],
];
const GROUPING: ReadonlySet<string> = new Set([
  "by",
  "without",
  "on",
  "ignoring",
  "group_left",
  "group_right",
]);
const OPERATORS: ReadonlySet<string> = new Set(["and", "or", "unless", "offset", "bool", "inf", "nan"]);

/**
 * Reads the names of an expression; whether it is a sound one is for Prometheus to say.
 *
 * @throws when a character fits no token, or a selector names its series by what is not a list of names
 */
export function readsOf(expression: string): Reads {
  const tokens = tokensOf(expression);
  const selectors: Selector[] = [];
  const grouping: string[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const { kind, text } = tokens[index] ?? { kind: "sign", text: "" };
    const next = tokens[index + 1]?.text;
    if (kind === "word" && GROUPING.has(text.toLowerCase()) && next === "(") {
      const end = closing(tokens, index + 1, ")");
      grouping.push(...tokens.slice(index + 2, end).filter((token) => token.kind === "word").map(textOf));
      index = end;
    } else if (kind === "word" && next === "{") {
      const end = closing(tokens, index + 1, "}");
      const { labels } = matchersOf(tokens.slice(index + 2, end));
      selectors.push({ names: [text], labels });
      index = end;
    } else if (text === "{") {
      const end = closing(tokens, index, "}");
      const { names, labels } = matchersOf(tokens.slice(index + 1, end));
      if (names.length === 0) throw new Error(`Cannot read ${expression}: a selector must name its series`);
      selectors.push({ names, labels });
      index = end;
    } else if (
      kind === "word" && next !== "(" && !OPERATORS.has(text.toLowerCase()) && !isGrouped(tokens, index)
    ) {
      selectors.push({ names: [text], labels: [] });
    }
  }
  return { selectors, grouping };
}

/** `sum by (x) (y)` and `sum(y) by (x)`: before `by` stands an aggregation without its parenthesis. */
function isGrouped(tokens: readonly Token[], index: number): boolean {
  const next = tokens[index + 1];
  return next?.kind === "word" && (next.text === "by" || next.text === "without");
}

function matchersOf(tokens: readonly Token[]): { readonly names: string[]; readonly labels: string[] } {
  const names: string[] = [];
  const labels: string[] = [];
  for (const [index, { kind, text }] of tokens.entries()) {
    if (kind !== "word") continue;
    if (text !== "__name__") labels.push(text);
    else {
      for (const name of (tokens[index + 2]?.text ?? "").slice(1, -1).split("|")) {
        if (!/^[A-Za-z_:][\w:]*$/.test(name)) {
          throw new Error(`Cannot read a selector: __name__ must be a list of names, given ${name}`);
        }
        names.push(name);
      }
    }
  }
  return { names, labels };
}

function closing(tokens: readonly Token[], from: number, sign: string): number {
  const end = tokens.findIndex(({ kind, text }, index) => index > from && kind === "sign" && text === sign);
  if (end === -1) throw new Error(`Cannot read an expression: ${sign} must follow`);
  return end;
}

function tokensOf(expression: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < expression.length) {
    const before = at;
    for (const [kind, pattern] of TOKENS) {
      pattern.lastIndex = at;
      const text = pattern.exec(expression)?.[0];
      if (text === undefined) continue;
      if (kind !== "blank") tokens.push({ kind, text });
      at += text.length;
      break;
    }
    if (at === before) {
      throw new Error(`Cannot read ${expression}: no token begins at ${expression.slice(at)}`);
    }
  }
  return tokens;
}

function textOf({ text }: Token): string {
  return text;
}
