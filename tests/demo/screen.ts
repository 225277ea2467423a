import type { Severity } from "../../src/model/severity.ts";

/** How a text stands out on a terminal. */
export type Tone = "bold" | "dim" | "good" | "bad" | Severity;

const CODES: Readonly<Record<Tone, string>> = {
  bold: "1",
  dim: "2",
  good: "32",
  bad: "1;31",
  critical: "1;31",
  high: "31",
  medium: "33",
  low: "36",
  info: "2",
};
const INDENT = "  ";
const WIDEST = 100;
const CLEAR_LINE = "\r\x1b[2K";
/** Without a terminal, what changes is said again at most so often. */
const REPEAT_MILLISECONDS = 1000;

/** Where the story is told: standard output, in colours and with lines that change only on a terminal. */
export class Screen {
  readonly #isTerminal: boolean;
  readonly #isColoured: boolean;
  /** When the last line was begun that may be replaced, or written without a terminal; undefined: there is none. */
  #liveSince: number | undefined;

  constructor(isTerminal: boolean, isColoured: boolean) {
    this.#isTerminal = isTerminal;
    this.#isColoured = isColoured;
  }

  /** Columns that a line may fill. */
  get width(): number {
    if (!this.#isTerminal) return WIDEST;
    // Columns are 0 where a terminal does not say.
    return Math.min(WIDEST, Deno.consoleSize().columns || WIDEST);
  }

  /** The text in a tone, or as it is where there are no colours. */
  paint(tone: Tone, text: string): string {
    return this.#isColoured ? `\x1b[${CODES[tone]}m${text}\x1b[0m` : text;
  }

  /** The first line of all. */
  title(text: string): void {
    this.#print(this.paint("bold", text));
  }

  /** A line of its own, not indented, with an empty one before it. */
  heading(text: string): void {
    this.#print(`\n${this.paint("bold", text)}`);
  }

  /** An indented line. */
  line(text = ""): void {
    this.#print(text === "" ? "" : INDENT + text);
  }

  /**
   * An indented line that the next call replaces; `isLast` makes it stay. Without a terminal it is one line now and then,
   * and the last.
   */
  live(text: string, isLast = false): void {
    if (this.#isTerminal) {
      write(CLEAR_LINE + INDENT + text + (isLast ? "\n" : ""));
      this.#liveSince = isLast ? undefined : 0;
      return;
    }
    const now = performance.now();
    this.#liveSince ??= now;
    if (!isLast && now - this.#liveSince < REPEAT_MILLISECONDS) return;
    write(`${INDENT}${text}\n`);
    this.#liveSince = isLast ? undefined : now;
  }

  /** How something goes on: on a terminal a line that changes, as long as it fits; else one line each time. */
  progress(text: string): void {
    if (this.#isTerminal && text.length + INDENT.length < this.width) this.live(text);
    else this.line(text);
  }

  #print(text: string): void {
    const start = this.#isTerminal && this.#liveSince !== undefined ? CLEAR_LINE : "";
    this.#liveSince = undefined;
    write(`${start}${text}\n`);
  }
}

function write(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
}
