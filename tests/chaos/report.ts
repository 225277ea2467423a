import { seedText } from "./random.ts";
import type { RoundResult } from "./round.ts";
import { FAULT_KINDS } from "./schedule.ts";

const SHOWN = 10;

/** One line about a round that is over. */
export function lineOf(result: RoundResult, index: number, rounds: number): string {
  const sum = (count: (balance: RoundResult["balances"][number]) => number): number =>
    result.balances.reduce((total, balance) => total + count(balance), 0);
  const faults = [...result.faults].map(([kind, count]) => count === 1 ? kind : `${kind} x${count}`);
  return [
    `round ${String(index + 1).padStart(String(rounds).length)} of ${rounds}`,
    seedText(result.seed),
    result.isGood ? "ok    " : "FAILED",
    `${sum(({ due }) => due)} due, ${sum(({ missing }) => missing.length)} missing, ${
      sum(({ doubled }) => doubled.length)
    } doubled`,
    `${result.takeovers} takeovers, gap ${seconds(result.longestGap)}`,
    `settled after ${seconds(result.settledAfter)}`,
    `webhooks ${answersOf([result])}`,
    faults.join(", "),
  ].join("  ");
}

/** What is wrong with a round, and how it is played again. */
export function complaintOf(result: RoundResult, replay: string): readonly string[] {
  const lists = result.balances.flatMap(({ source, missing, doubled, unexpected }) => [
    listed(`${source} missing`, missing),
    listed(`${source} doubled`, doubled),
    listed(`${source} unexpected`, unexpected),
  ]).filter((line) => line !== undefined);
  return [
    ...lists.map((line) => `  ${line}`),
    ...result.problems.map((line) => `  ${line}`),
    ...result.diary.map((line) => `    ${line}`),
    `  Again: ${replay}`,
  ];
}

/** The table at the end. */
export function tableOf(results: readonly RoundResult[]): readonly string[] {
  const rows: [string, string][] = [];
  const sources = new Map<string, { made: number; due: number; missing: number; doubled: number }>();
  for (
    const { source, made, due, missing, doubled, unexpected } of results.flatMap(({ balances }) => balances)
  ) {
    const sum = sources.get(source) ?? { made: 0, due: 0, missing: 0, doubled: 0 };
    sources.set(source, {
      made: sum.made + made,
      due: sum.due + due,
      missing: sum.missing + missing.length,
      doubled: sum.doubled + doubled.length + unexpected.length,
    });
  }
  const total = (field: "due" | "missing" | "doubled"): number =>
    [...sources.values()].reduce((sum, one) => sum + one[field], 0);
  rows.push(["rounds", `${results.length}, ${results.filter(({ isGood }) => !isGood).length} failed`]);
  for (const kind of FAULT_KINDS) {
    const count = results.reduce((sum, { faults }) => sum + (faults.get(kind) ?? 0), 0);
    rows.push([`fault ${kind}`, String(count)]);
  }
  for (const [source, { made, due, missing, doubled }] of sources) {
    rows.push([`signals ${source}`, `${made} findings, ${due} due, ${missing} missing, ${doubled} doubled`]);
  }
  rows.push(["webhook answers", answersOf(results)]);
  rows.push(["due", String(total("due"))]);
  rows.push(["missing", String(total("missing"))]);
  rows.push(["doubled", String(total("doubled"))]);
  rows.push(["takeovers", String(results.reduce((sum, { takeovers }) => sum + takeovers, 0))]);
  rows.push(["longest gap", seconds(Math.max(0, ...results.map(({ longestGap }) => longestGap)))]);
  rows.push(["longest to settle", seconds(Math.max(0, ...results.map(({ settledAfter }) => settledAfter)))]);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

/** As it is shown. */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** By status; 0 is a try without an answer. */
function answersOf(results: readonly RoundResult[]): string {
  const sums = new Map<number, number>();
  for (const [status, count] of results.flatMap(({ answers }) => [...answers])) {
    sums.set(status, (sums.get(status) ?? 0) + count);
  }
  return [...sums].sort(([one], [other]) => one - other)
    .map(([status, count]) => `${status || "none"}: ${count}`).join(", ");
}

function listed(what: string, numbers: readonly string[]): string | undefined {
  if (numbers.length === 0) return undefined;
  const more = numbers.length > SHOWN ? ` and ${numbers.length - SHOWN} more` : "";
  return `${what}: ${numbers.slice(0, SHOWN).join(", ")}${more}`;
}
