import { RE2JS } from "re2js";
import type { LogsSpec } from "../model/ingester.ts";
import type { LogLine } from "../model/log_line.ts";
import type { Clock } from "../run/clock.ts";

/** Says of a line what its pattern says, when it matches. */
export type LogPattern = (line: string) => LogLine["pattern"] | undefined;

/** What a line must match to be a finding. */
export interface LogPatterns {
  /** In the order of the Ingester; the first that matches says what a line is. */
  readonly patterns: readonly LogPattern[];
  /** Instructions of all patterns together; times the length of a line they are what it costs at worst. */
  readonly steps: number;
}

/** Patterns as they stand in `spec.logs.patterns`. */
export type LogPatternSpecs = NonNullable<LogsSpec["patterns"]>;

/** Largest pattern, in instructions of its automaton; what `\d{1000}` makes is refused. */
const MAX_STEPS = 400;
/** Largest sum of all patterns of an Ingester: every line is looked at by all. */
const MAX_STEPS_TOGETHER = 4000;
/** Characters times instructions after which others have a turn: some tens of milliseconds at worst. */
const WORK_OF_A_TURN = 8_000_000;
/** Groups are looked for in so much of a line, in characters times instructions: that takes some tens of milliseconds. */
const MAX_GROUP_WORK = 8_000_000;

/**
 * Compiles patterns once, in the syntax of RE2: no pattern and no line make it take more than linear time, where a
 * JavaScript regular expression may run for years.
 *
 * @returns what is wrong, a sentence for each pattern that cannot be taken, when any cannot
 */
export function compileLogPatterns(specs: LogPatternSpecs): LogPatterns | readonly string[] {
  const problems: string[] = [];
  let stepsTogether = 0;
  const patterns = specs.flatMap((spec, index) => {
    const where = `spec.logs.patterns[${index}].regex`;
    let compiled: RE2JS;
    try {
      compiled = RE2JS.compile(spec.regex);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      problems.push(
        `${where} must be a regular expression of RE2, given ${JSON.stringify(spec.regex)}: ${why}`,
      );
      return [];
    }
    const steps = compiled.programSize();
    stepsTogether += steps;
    if (steps > MAX_STEPS) {
      problems.push(`${where} must repeat less: it makes ${steps} steps, at most ${MAX_STEPS} are taken`);
    }
    return [compiledPattern(spec, compiled, Math.floor(MAX_GROUP_WORK / steps))];
  });
  if (problems.length === 0 && stepsTogether > MAX_STEPS_TOGETHER) {
    problems.push(
      `spec.logs.patterns must be fewer or shorter: they make ${stepsTogether} steps together, ` +
        `at most ${MAX_STEPS_TOGETHER} are taken`,
    );
  }
  if (problems.length > 0) return problems;
  return { patterns, steps: stepsTogether };
}

/** Matches the lines of one log, and gives whoever else waits a turn after some work. */
export class Matcher {
  readonly #patterns: LogPatterns;
  readonly #clock: Clock;
  #work = 0;

  constructor(patterns: LogPatterns, clock: Clock) {
    this.#patterns = patterns;
    this.#clock = clock;
  }

  /**
   * What the first pattern that matches says of a line; undefined when none does.
   *
   * @throws the signal's reason
   */
  async match(line: string, signal: AbortSignal): Promise<LogLine["pattern"] | undefined> {
    const { patterns, steps } = this.#patterns;
    const share = line.length * steps / patterns.length;
    for (const pattern of patterns) {
      const said = pattern(line);
      this.#work += share;
      if (this.#work > WORK_OF_A_TURN) {
        this.#work = 0;
        await this.#clock.sleep(0, signal);
      }
      if (said !== undefined) return said;
    }
    return undefined;
  }
}

function compiledPattern(
  { eventType, severity }: LogPatternSpecs[number],
  compiled: RE2JS,
  maxLength: number,
): LogPattern {
  const names = Object.keys(compiled.namedGroups());
  const said = {
    ...(eventType === undefined ? {} : { eventType }),
    ...(severity === undefined ? {} : { severity }),
  };
  return (line) => {
    if (!compiled.test(line)) return undefined;
    if (names.length === 0) return said;
    // The automaton that says where groups are is some ten times slower than the one that says whether it matches.
    const matcher = compiled.matcher(line.length > maxLength ? line.slice(0, maxLength) : line);
    if (!matcher.find()) return said;
    const groups = names.flatMap((name): (readonly [string, string])[] => {
      const text = matcher.group(name);
      return text === null ? [] : [[name, text]];
    });
    return { ...said, groups: Object.fromEntries(groups) };
  };
}
