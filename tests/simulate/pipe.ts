import type { ApiServer } from "./api_server.ts";
import type { Machine } from "./machine.ts";
import type { Timeline } from "./timeline.ts";
import type { WatchSink } from "./watches.ts";
import { delayOf, type Weather } from "./weather.ts";

type Piece = { readonly kind: "bytes"; readonly bytes: Uint8Array } | { readonly kind: "end" | "break" };

const encoder = new TextEncoder();

/** The way of one stream from the API server to a process: in order, late, held up, broken off, or dead without a word. */
export class Pipe {
  readonly sink: WatchSink;
  readonly stream: ReadableStream<Uint8Array>;
  readonly #timeline: Timeline;
  readonly #machine: Machine;
  readonly #server: ApiServer;
  readonly #weather: Weather;
  readonly #random: () => number;
  readonly #onClosed: () => void;
  readonly #pieces: Piece[] = [];
  #controller: ReadableByteStreamController | undefined;
  #lastDue = 0;
  #state: "open" | "dead" | "closed" = "open";

  constructor(
    parts: {
      readonly timeline: Timeline;
      readonly machine: Machine;
      readonly server: ApiServer;
      readonly weather: Weather;
      readonly random: () => number;
    },
    onClosed: () => void,
  ) {
    this.#timeline = parts.timeline;
    this.#machine = parts.machine;
    this.#server = parts.server;
    this.#weather = parts.weather;
    this.#random = parts.random;
    this.#onClosed = onClosed;
    this.stream = new ReadableStream({
      type: "bytes",
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => this.close(),
    });
    this.sink = {
      line: (text) => this.#line(text),
      end: () => this.#send({ kind: "end" }),
      break: () => this.#send({ kind: "break" }),
    };
  }

  /** From now on nothing comes any more, and nobody says so. */
  die(): void {
    if (this.#state === "open") this.#state = "dead";
  }

  /** Nobody listens any more. */
  close(): void {
    this.#state = "closed";
    this.#server.watches.close(this.sink);
    this.#onClosed();
  }

  #line(text: string): void {
    const bytes = encoder.encode(`${text}\n`);
    if (this.#weather.trouble > 0 && this.#random() < this.#weather.trouble / 4) return this.#mishap(bytes);
    this.#send({ kind: "bytes", bytes });
  }

  /** A line that does not come whole. */
  #mishap(bytes: Uint8Array): void {
    if (this.#random() < 0.3) return this.die();
    if (this.#random() < 0.5) {
      this.#send({ kind: "bytes", bytes: bytes.slice(0, Math.ceil(bytes.length * this.#random())) });
    }
    this.#server.watches.close(this.sink);
    this.#send({ kind: "break" });
  }

  #send(piece: Piece): void {
    if (this.#state !== "open") return;
    this.#pieces.push(piece);
    const delay = delayOf(this.#weather, this.#random);
    // What a cut holds up comes when it is over.
    const from = Math.max(
      this.#timeline.now,
      this.#weather.cutKind === "swallowed" ? this.#weather.cutUntil : 0,
    );
    this.#lastDue = Math.max(this.#lastDue, from + delay);
    this.#timeline.at(this.#lastDue, () => {
      if (this.#state === "open") this.#machine.post(this.#timeline.now, () => this.#deliver());
    });
  }

  #deliver(): void {
    const piece = this.#pieces.shift();
    const controller = this.#controller;
    if (piece === undefined || controller === undefined || this.#state === "closed") return;
    switch (piece.kind) {
      case "bytes":
        if (piece.bytes.length > 0) controller.enqueue(piece.bytes);
        break;
      case "end":
        this.#state = "closed";
        controller.close();
        controller.byobRequest?.respond(0);
        this.#onClosed();
        break;
      case "break":
        this.#state = "closed";
        controller.error(new TypeError("error reading a body from connection"));
        this.#onClosed();
        break;
      default:
        piece satisfies never;
    }
  }
}
