const LEAST_BYTES = 32 * 1024 * 1024;
/** What larger bodies leave to small ones, which are most. */
const RESERVED_BYTES = 4 * 1024 * 1024;
/** A body of at most so many bytes is small. */
export const SMALL_BYTES: number = 64 * 1024;

/**
 * How large all bodies together may be where one may have `maxRequestBytes`: 32 MiB, or what two of the largest take beside the
 * small ones.
 */
export function bodiesMaxBytes(maxRequestBytes: number): number {
  return Math.max(LEAST_BYTES, 2 * maxRequestBytes + RESERVED_BYTES);
}

/** What of the memory the body of one request takes; disposing it gives that back. */
export interface BodyShare extends Disposable {
  /** Whether a body of so many bytes would find room now; takes none. */
  hasRoom(bytes: number): boolean;
  /** Takes room for bytes that came in; false when there is none, and then nothing is taken. */
  grow(bytes: number): boolean;
}

/**
 * The bodies of all requests that are being read or answered: together they are never larger than `maxBytes` (promise P7).
 * Room is taken as the bytes come in, so that a sender who only says that much will come holds nothing. The last of it is for
 * small bodies alone: however many large ones come in, and however slowly, most senders are served meanwhile.
 */
export class BodyMemory {
  readonly #maxBytes: number;
  readonly #gauge: { set(bytes: number): void };
  #bytes = 0;

  constructor(maxBytes: number, gauge: { set(bytes: number): void }) {
    this.#maxBytes = maxBytes;
    this.#gauge = gauge;
  }

  /** The share of a request that comes in. */
  share(): BodyShare {
    let own = 0;
    const hasRoom = (bytes: number): boolean => {
      const reserved = own + bytes <= SMALL_BYTES ? 0 : Math.min(RESERVED_BYTES, this.#maxBytes / 8);
      return this.#bytes + bytes <= this.#maxBytes - reserved;
    };
    return {
      hasRoom,
      grow: (bytes) => {
        if (!hasRoom(bytes)) return false;
        own += bytes;
        this.#add(bytes);
        return true;
      },
      [Symbol.dispose]: () => {
        this.#add(-own);
        own = 0;
      },
    };
  }

  #add(bytes: number): void {
    this.#bytes += bytes;
    this.#gauge.set(this.#bytes);
  }
}
