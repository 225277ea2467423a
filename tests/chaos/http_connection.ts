/** What was answered to one request. */
export interface Answered {
  readonly status: number;
  readonly text: string;
  /** True: the connection is good for nothing more. */
  readonly isLast: boolean;
}

const HEAD_END = "\r\n\r\n";
const CHUNK_BYTES = 16 * 1024;

/**
 * A connection of HTTP/1.1 that sends what it is told, once, and hides nothing: the clients of the runtime send a request
 * again by themselves when an idle connection turns out to be closed.
 */
export class HttpConnection implements Disposable {
  readonly #connection: Deno.TcpConn;
  #heard = "";
  #isOver = false;
  #isDisposed = false;
  #wake: () => void = () => {};

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    void this.#listen();
  }

  /** Connects to a port of this machine. */
  static async open(port: number): Promise<HttpConnection> {
    return new HttpConnection(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Whether the other end has closed it, as far as is known here. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sends a request; undefined when the connection ends without a whole answer. */
  async ask(request: string): Promise<Answered | undefined> {
    this.#heard = "";
    try {
      const bytes = new TextEncoder().encode(request);
      for (let sent = 0; sent < bytes.length;) sent += await this.#connection.write(bytes.subarray(sent));
    } catch {
      // It was closed meanwhile; an answer may have come all the same.
    }
    while (true) {
      const answered = answerIn(this.#heard, this.#isOver);
      if (answered !== undefined || this.#isOver) return answered;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#connection.close();
  }

  async #listen(): Promise<void> {
    const chunk = new Uint8Array(CHUNK_BYTES);
    // One character for each byte, so that lengths are the same.
    const decoder = new TextDecoder("latin1");
    try {
      for (
        let length = await this.#connection.read(chunk);
        length !== null;
        length = await this.#connection.read(chunk)
      ) {
        this.#heard += decoder.decode(chunk.subarray(0, length));
        this.#wake();
      }
    } catch {
      // Reset, or closed at this end.
    }
    this.#isOver = true;
    this.#wake();
  }
}

/** The answer at the beginning of what was heard, when all of it is there. */
function answerIn(heard: string, isOver: boolean): Answered | undefined {
  const end = heard.indexOf(HEAD_END);
  if (end < 0) return undefined;
  const head = heard.slice(0, end);
  const text = heard.slice(end + HEAD_END.length);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? Number.NaN);
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? Number.NaN);
  if (Number.isNaN(length) ? !isOver : text.length < length) return undefined;
  return { status, text, isLast: isOver || Number.isNaN(length) || /^connection: *close/im.test(head) };
}
