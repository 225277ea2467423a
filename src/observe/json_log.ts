import {
  compareLogLevel,
  getTextFormatter,
  type LogLevel,
  type LogRecord,
  sanitizeControlSequences,
  type TextFormatter,
} from "@logtape/logtape";
import type { Clock } from "../run/clock.ts";
import type { Log, LogFields } from "./log.ts";

/** From the most to the least talkative. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
/** `LOG_FORMAT`: for machines, or for people. */
export const LOG_FORMATS = ["json", "text"] as const;

/** What {@link createLog} needs. */
export interface LogOptions {
  readonly level: (typeof LOG_LEVELS)[number];
  readonly format: (typeof LOG_FORMATS)[number];
  readonly clock: Clock;
  /** Takes one line, without its line ending. */
  readonly write: (line: string) => void;
  /** Text only; for a terminal whose user did not set NO_COLOR. */
  readonly isColoured?: boolean | undefined;
}

/** Longer strings are cut to this many UTF-16 units. */
const MAX_TEXT = 1024;
const SECRET_NAME = /(token|passw(or)?d|authorization|secret|apikey|cookie)(next)?$/;
const RESERVED: readonly string[] = ["time", "level", "msg", "component"];

const LEVELS: Readonly<Record<LogOptions["level"], LogLevel>> = {
  debug: "debug",
  info: "info",
  warn: "warning",
  error: "error",
};

/**
 * Makes a log of its own. LogTape's records, levels and formatters do the work; its loggers do not, because
 * they live on one global tree and read the clock themselves.
 */
export function createLog(options: LogOptions): Log {
  const format = options.format === "json" ? formatJson : textFormatter(options.isColoured ?? false);
  return componentLog(options, format, "main");
}

function componentLog(options: LogOptions, format: TextFormatter, component: string): Log {
  const least = LEVELS[options.level];
  const at = (name: LogOptions["level"]) => (message: string, fields: LogFields = {}): void => {
    const level = LEVELS[name];
    if (compareLogLevel(level, least) < 0) return;
    const text = cut(message);
    options.write(format({
      category: [component],
      level,
      message: [text],
      rawMessage: text,
      timestamp: options.clock.now(),
      properties: harmless(fields),
    }));
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    component: (name) => componentLog(options, format, name),
  };
}

/** Bounds every value and hides what is named like a secret. */
function harmless(fields: LogFields): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const name = RESERVED.includes(key) ? `${key}_` : key;
    if (namesSecret(key)) clean[name] = "[redacted]";
    else if (typeof value === "string") clean[name] = cut(value);
    else if (typeof value === "number" && !Number.isFinite(value)) clean[name] = String(value);
    else clean[name] = value;
  }
  return clean;
}

function namesSecret(key: string): boolean {
  return SECRET_NAME.test(key.toLowerCase().replace(/[^a-z]/g, ""));
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`;
}

function formatJson(record: LogRecord): string {
  const line = JSON.stringify({
    time: new Date(record.timestamp).toISOString(),
    level: record.level === "warning" ? "warn" : record.level,
    msg: String(record.message[0]),
    component: record.category[0],
    ...record.properties,
  });
  // Legal in JSON, but some terminals and readers take them for control codes or line ends.
  return line.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** As in `12:00:00.000 INFO  leadership  leader acquired identity=a`. */
function textFormatter(isColoured: boolean): TextFormatter {
  const format = getTextFormatter({
    timestamp: "time",
    level: (level) => isColoured ? `${COLOURS[level]}${LABELS[level]}\x1b[0m` : LABELS[level],
    category: (category) => (category[0] ?? "").padEnd(10),
    sanitize: { sgr: "escape", newlines: "escape" },
    format: ({ timestamp, level, category, message, record }) =>
      `${timestamp} ${level} ${category}  ${message}${textFields(record.properties)}`,
  });
  return (record) => format(record).trimEnd();
}

const LABELS: Readonly<Record<LogLevel, string>> = {
  trace: "TRACE",
  debug: "DEBUG",
  info: "INFO ",
  warning: "WARN ",
  error: "ERROR",
  fatal: "FATAL",
};

const COLOURS: Readonly<Record<LogLevel, string>> = {
  trace: "\x1b[2m",
  debug: "\x1b[2m",
  info: "\x1b[32m",
  warning: "\x1b[33m",
  error: "\x1b[31m",
  fatal: "\x1b[31m",
};

function textFields(fields: Record<string, unknown>): string {
  return Object.entries(fields).map(([key, value]) => ` ${key}=${textValue(value)}`).join("");
}

function textValue(value: unknown): string {
  const text = String(value);
  const isPlain = typeof value !== "string" || /^[^\s"=\\]+$/.test(text);
  return sanitizeControlSequences(isPlain ? text : JSON.stringify(text), {
    sgr: "escape",
    newlines: "escape",
  });
}
