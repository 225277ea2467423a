import { stringify } from "yaml";
import type { Checked } from "./check.ts";
import type { OutputFormat } from "./letter_rows.ts";
import { oneLine } from "./text_table.ts";

const VERDICT_WIDTH = "warning".length + 2;
const CHECK_WIDTH = "definitions".length + 2;
const PLAIN = "\x1b[0m";
const COLOURS = { ok: "\x1b[32m", warning: "\x1b[33m", problem: "\x1b[31m" } as const;

/** True when nothing is a problem; warnings are none. */
export function isWell(checked: readonly Checked[]): boolean {
  return checked.every(({ verdict }) => verdict !== "problem");
}

/**
 * What the doctor found, as text.
 *
 * @param isColoured only for a terminal
 */
export function doctorText(checked: readonly Checked[], format: OutputFormat, isColoured: boolean): string {
  const document = { healthy: isWell(checked), checks: checked.map(documentOf) };
  switch (format) {
    case "table":
      return `${checked.map((one) => lines(one, isColoured)).join("")}\n${total(checked)}\n`;
    case "json":
      return `${JSON.stringify(document, undefined, 2)}\n`;
    case "yaml":
      return stringify(document, { lineWidth: 0 });
    default:
      return format satisfies never;
  }
}

function documentOf({ check, verdict, message, advice }: Checked): Record<string, string> {
  return { check, verdict, message, ...(advice === undefined ? {} : { advice }) };
}

function lines({ check, verdict, message, advice }: Checked, isColoured: boolean): string {
  const padded = verdict.padEnd(VERDICT_WIDTH);
  const shown = isColoured ? `${COLOURS[verdict]}${padded}${PLAIN}` : padded;
  const first = `${shown}${check.padEnd(CHECK_WIDTH)}${oneLine(message)}\n`;
  return advice === undefined
    ? first
    : `${first}${" ".repeat(VERDICT_WIDTH + CHECK_WIDTH)}-> ${oneLine(advice)}\n`;
}

function total(checked: readonly Checked[]): string {
  const count = (verdict: Checked["verdict"]): number =>
    checked.filter((one) => one.verdict === verdict).length;
  const problems = count("problem");
  const warnings = count("warning");
  const found = [
    problems === 0 ? "No problem" : `${problems} problem${problems === 1 ? "" : "s"}`,
    `${warnings} warning${warnings === 1 ? "" : "s"}`,
    `${count("ok")} ok`,
  ];
  return found.join(", ");
}
