/** One series and its value. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", '"': '"', "\\": "\\" };

/** What a process exported at one moment. */
export class Metrics {
  readonly samples: readonly Sample[];

  constructor(samples: readonly Sample[]) {
    this.samples = samples;
  }

  /**
   * Reads the Prometheus text format, version 0.0.4.
   *
   * @throws when a line is neither a sample nor a comment
   */
  static parse(text: string): Metrics {
    const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
    return new Metrics(lines.map(sampleOf));
  }

  /** The sum of all series of a name whose labels say what is asked; 0 when there is none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.find(name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  /** The value of the one series of a name whose labels say what is asked; undefined when there is none or more. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.find(name, labels);
    return found.length === 1 ? found[0]?.value : undefined;
  }

  /** All series of a name whose labels say what is asked. */
  find(name: string, labels: Readonly<Record<string, string>> = {}): readonly Sample[] {
    const wanted = Object.entries(labels);
    return this.samples.filter((sample) =>
      sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value)
    );
  }
}

function sampleOf(line: string): Sample {
  const [, name, inner = "", value = ""] = LINE.exec(line.trim()) ?? [];
  if (name === undefined) {
    throw new Error(`Cannot read metrics: a line must be a sample or a comment, given ${line}`);
  }
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < inner.length) {
    const found = LABEL.exec(inner);
    if (found === null) throw new Error(`Cannot read metrics: labels must be name="value", given ${inner}`);
    const [, label = "", text = ""] = found;
    labels[label] = text.replace(/\\(.)/g, (whole, escaped: string) => ESCAPES[escaped] ?? whole);
  }
  return { name, labels, value: numberOf(value) };
}

function numberOf(text: string): number {
  if (/^[+-]?Inf$/.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  const value = Number(text);
  if (Number.isNaN(value) && text !== "NaN") {
    throw new Error(`Cannot read metrics: a value must be a number, given ${text}`);
  }
  return value;
}
