/** A TCP connection on which a test says what it likes, as slowly as it likes. */
export class RawConnection implements Disposable {
  readonly #connection: Deno.Conn;
  #heard = "";

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Connects to a port of this machine. */
  static async open(port: number): Promise<RawConnection> {
    return new RawConnection(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends text as it is. */
  async say(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.byteLength;) at += await this.#connection.write(bytes.subarray(at));
  }

  /** All that was heard when it matches. Throws when the other end closes before. */
  async hearUntil(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#heard)) {
      if (!(await this.#hear())) throw new Error(`closed after ${JSON.stringify(this.#heard)}`);
    }
    return this.#heard;
  }

  /** All that was heard when the other end closed. */
  async hearAll(): Promise<string> {
    while (await this.#hear());
    return this.#heard;
  }

  async #hear(): Promise<boolean> {
    const buffer = new Uint8Array(65536);
    let length: number | null;
    try {
      length = await this.#connection.read(buffer);
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionReset) return false;
      throw error;
    }
    this.#heard += new TextDecoder().decode(buffer.subarray(0, length ?? 0));
    return length !== null;
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}
