import type { Change, Resource, Store, StoredObject } from "./store.ts";
import type { Happening, Timeline } from "./timeline.ts";

/** Where the lines of a watch go. */
export interface WatchSink {
  line(text: string): void;
  /** The server ends the watch in order. */
  end(): void;
  /** The connection breaks off. */
  break(): void;
}

/** One watch that was asked for. */
export interface WatchRequest {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** Undefined: from what there is, each as ADDED. */
  readonly from: number | undefined;
  readonly hasBookmarks: boolean;
  /** A bookmark says when all that there was has been sent (KEP-3157). */
  readonly endsInitialEvents: boolean;
  readonly timeoutSeconds: number;
  readonly caller: string;
}

interface Watch extends WatchRequest {
  readonly sink: WatchSink;
  /** Changes up to here are not told. */
  readonly after: number;
  readonly timers: Set<Happening>;
}

const BOOKMARK_MILLISECONDS = 60_000;

/** The watches that are open at the API server. */
export class Watches {
  readonly #store: Store;
  readonly #timeline: Timeline;
  readonly #random: () => number;
  readonly #open = new Map<WatchSink, Watch>();

  constructor(store: Store, timeline: Timeline, random: () => number) {
    this.#store = store;
    this.#timeline = timeline;
    this.#random = random;
  }

  /** How many are open for a caller. */
  count(caller: string): number {
    return [...this.#open.values()].filter((watch) => watch.caller === caller).length;
  }

  /** Opens a watch: history first, then what happens. One from the future is silent until then. */
  open(request: WatchRequest, sink: WatchSink): void {
    const after = request.from ?? this.#store.revision;
    const watch: Watch = { ...request, sink, after, timers: new Set() };
    this.#open.set(sink, watch);
    if (request.from === undefined) {
      for (const [key, object] of this.#store.all(request.resource)) {
        if (isOf(key, request)) sink.line(lineOf("ADDED", object));
      }
      if (request.endsInitialEvents) {
        sink.line(this.#bookmark({ "k8s.io/initial-events-end": "true" }));
      }
    } else {
      for (const change of this.#store.changesAfter(request.resource, request.from)) {
        if (isOf(change.key, request)) sink.line(lineOf(change.type, change.object));
      }
    }
    this.#after(watch, request.timeoutSeconds * 1000, () => {
      this.close(sink);
      sink.end();
    });
    if (request.hasBookmarks) this.#bookmarkLater(watch, BOOKMARK_MILLISECONDS * this.#random());
  }

  /** Tells a change to all who watch it. */
  tell(change: Change): void {
    let line: string | undefined;
    for (const watch of [...this.#open.values()]) {
      if (watch.resource !== change.resource || change.revision <= watch.after) continue;
      if (isOf(change.key, watch)) watch.sink.line(line ??= lineOf(change.type, change.object));
    }
  }

  /** The other side has gone. */
  close(sink: WatchSink): void {
    const watch = this.#open.get(sink);
    if (watch === undefined) return;
    this.#open.delete(sink);
    for (const timer of watch.timers) timer.isCancelled = true;
  }

  /** Breaks all watches off, or those of one caller. */
  breakAll(caller?: string): void {
    for (const { sink, ...watch } of [...this.#open.values()]) {
      if (caller !== undefined && watch.caller !== caller) continue;
      this.close(sink);
      sink.break();
    }
  }

  #bookmarkLater(watch: Watch, milliseconds: number): void {
    this.#after(watch, milliseconds, () => {
      // Who watches from the future hears nothing.
      if (this.#store.revision >= watch.after) watch.sink.line(this.#bookmark());
      this.#bookmarkLater(watch, BOOKMARK_MILLISECONDS);
    });
  }

  #after(watch: Watch, milliseconds: number, run: () => void): void {
    const timer = this.#timeline.at(this.#timeline.now + milliseconds, () => {
      watch.timers.delete(timer);
      run();
    });
    watch.timers.add(timer);
  }

  #bookmark(annotations?: Readonly<Record<string, string>>): string {
    const metadata = {
      resourceVersion: String(this.#store.revision),
      ...(annotations === undefined ? {} : { annotations }),
    };
    return JSON.stringify({ type: "BOOKMARK", object: { metadata } });
  }
}

function isOf(
  key: string,
  watch: { readonly namespace: string | undefined; readonly name: string | undefined },
): boolean {
  const slash = key.indexOf("/");
  return (watch.namespace === undefined || key.slice(0, slash) === watch.namespace) &&
    (watch.name === undefined || key.slice(slash + 1) === watch.name);
}

function lineOf(type: Change["type"], object: StoredObject): string {
  return JSON.stringify({ type, object });
}
