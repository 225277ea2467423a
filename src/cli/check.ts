/** What the doctor looks at. */
export type CheckName =
  | "network"
  | "version"
  | "clock"
  | "identity"
  | "definitions"
  | "ingesters"
  | "rights"
  | "lease"
  | "checkpoints"
  | "files"
  | "spool"
  | "ports";

/** One thing that was looked at, and how it is. */
export interface Checked {
  readonly check: CheckName;
  readonly verdict: "ok" | "warning" | "problem";
  /** What was found. */
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string | undefined;
}

/** It is as it must be. */
export function ok(check: CheckName, message: string): Checked {
  return { check, verdict: "ok", message };
}

/** It works, but somebody should know. */
export function warning(check: CheckName, message: string, advice?: string): Checked {
  return { check, verdict: "warning", message, advice };
}

/** It does not work, or not for long. */
export function problem(check: CheckName, message: string, advice?: string): Checked {
  return { check, verdict: "problem", message, advice };
}

/** What an error says, with what caused it. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && !error.message.includes(error.cause.message)
    ? `${error.message}; ${textOf(error.cause)}`
    : error.message;
}
