import type { ChurnOptions, ChurnResult } from "./churn.ts";

/** By how much memory may be above what it was before. */
const MOST_GROWTH = 1.2;
/** A few connections are open at one moment and not at the next. */
const MOST_FILES = 8;
/** For so long an idle connection is kept for the next request. */
const IDLE_SECONDS = 90;

/** What went wrong; none: all is well. */
export function complaintsOf(
  { sent, books, before, after, left }: ChurnResult,
  { quietSeconds }: Pick<ChurnOptions, "quietSeconds">,
): readonly string[] {
  const complaints = [...sent.problems.slice(0, 20)];
  if (books.missing.length > 0) {
    complaints.push(`${books.missing.length} missing, e.g. ${books.missing.slice(0, 5).join(", ")}`);
  }
  if (books.doubled.length > 0) {
    complaints.push(`${books.doubled.length} doubled, e.g. ${books.doubled.slice(0, 5).join(", ")}`);
  }
  if (left.length > 0) {
    complaints.push(`${left.length} gauges of what is gone, e.g. ${left.slice(0, 5).join(", ")}`);
  }
  if (after.resident > before.resident * MOST_GROWTH) {
    complaints.push(
      `Resident memory grew from ${before.resident.toFixed(0)} to ${after.resident.toFixed(0)} MB`,
    );
  }
  if (quietSeconds > IDLE_SECONDS && (after.files ?? 0) > (before.files ?? 0) + MOST_FILES) {
    complaints.push(`Open files grew from ${before.files} to ${after.files}`);
  }
  return complaints;
}

/** What came of it, line by line. */
export function linesOf(result: ChurnResult): readonly string[] {
  const { created, edited, deleted, sent, books, evenScrapes, before, after, settledAfter } = result;
  const answers = [...sent.answers].sort().map(([status, count]) => `${status}: ${count}`).join(", ");
  const change = (name: "resident" | "heap" | "files" | "series"): string =>
    `${(before[name] ?? 0).toFixed(0)} -> ${(after[name] ?? 0).toFixed(0)}`;
  return [
    `Ingesters: ${created} created, ${edited} edited, ${deleted} deleted`,
    `signals: ${sent.anchored.size} to the anchor, ${sent.events.size} Events, changing webhooks answered ${answers}`,
    `books: ${books.due} due, ${books.missing.length} missing, ${books.doubled.length} doubled, ` +
    `${Math.round(settledAfter)} ms after the last change`,
    `conservation: even in each of ${evenScrapes} scrapes`,
    `memory: ${change("resident")} MB resident, ${change("heap")} MB heap; open files ${change("files")}; ` +
    `series ${change("series")}`,
  ];
}
