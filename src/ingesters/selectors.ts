/** What one key of a selector must be. */
interface Requirement {
  /** Only these; undefined: any. */
  readonly among: ReadonlySet<string> | undefined;
  readonly except: ReadonlySet<string>;
  /** undefined: it may be there or not. */
  readonly isThere: boolean | undefined;
}

const SET = /^([^\s=!,()]+)\s+(in|notin)\s+\(([^()]*)\)$/;
const EQUALITY = /^([^\s=!,()]+)\s*(==|=|!=)\s*([^\s=!,()]*)$/;
const PRESENCE = /^(!?)\s*([^\s=!,()]+)$/;

/**
 * Whether no object can match both label or field selectors, as far as that can be told from them alone: they ask for
 * values of one key that exclude each other. What cannot be read here is taken for something that may match.
 */
export function areDisjoint(a: string | undefined, b: string | undefined): boolean {
  const [first, second] = [parse(a), parse(b)];
  if (first === undefined || second === undefined) return false;
  for (const [key, one] of first) {
    const other = second.get(key);
    if (other !== undefined && exclude(one, other)) return true;
  }
  return false;
}

function exclude(a: Requirement, b: Requirement): boolean {
  if (a.isThere !== undefined && b.isThere !== undefined && a.isThere !== b.isThere) return true;
  const [values, other] = a.among === undefined ? [b.among, a] : [a.among, b];
  if (values === undefined) return false;
  return [...values].every((value) =>
    a.except.has(value) || b.except.has(value) || other.among?.has(value) === false
  );
}

function parse(selector: string | undefined): ReadonlyMap<string, Requirement> | undefined {
  const byKey = new Map<string, Requirement>();
  for (const part of split(selector ?? "")) {
    const found = read(part);
    if (found === undefined) return undefined;
    const [key, now] = found;
    const before = byKey.get(key);
    byKey.set(key, before === undefined ? now : both(before, now));
  }
  return byKey;
}

/** Splits at the commas that lie in no parentheses. */
function split(selector: string): readonly string[] {
  return selector.split(/,(?![^()]*\))/).map((part) => part.trim()).filter((part) => part !== "");
}

function read(part: string): readonly [string, Requirement] | undefined {
  const set = SET.exec(part);
  if (set !== null) {
    const [, key = "", verb, list = ""] = set;
    return [key, asked(verb === "in", list.split(",").map((value) => value.trim()))];
  }
  const equality = EQUALITY.exec(part);
  if (equality !== null) {
    const [, key = "", verb, value = ""] = equality;
    return [key, asked(verb !== "!=", [value])];
  }
  const presence = PRESENCE.exec(part);
  if (presence === null) return undefined;
  return [presence[2] ?? "", { among: undefined, except: new Set(), isThere: presence[1] === "" }];
}

/** A label that must have a value must be there; what must not have one may be missing too. */
function asked(isWanted: boolean, values: readonly string[]): Requirement {
  return isWanted
    ? { among: new Set(values), except: new Set(), isThere: true }
    : { among: undefined, except: new Set(values), isThere: undefined };
}

function both(a: Requirement, b: Requirement): Requirement {
  const among = a.among === undefined || b.among === undefined
    ? a.among ?? b.among
    : new Set([...a.among].filter((value) => b.among?.has(value)));
  return { among, except: new Set([...a.except, ...b.except]), isThere: a.isThere ?? b.isThere };
}
