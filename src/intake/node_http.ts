import type { IncomingMessage, ServerResponse } from "node:http";
import { problem } from "./problem.ts";

/** Answers a request of the web platform; what Hono's `fetch` is once its environment is bound. */
export type Fetch = (request: Request) => Response | Promise<Response>;

/** Lets `fetch` answer a request of node:http. */
export async function answerWith(
  fetch: Fetch,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const request = toRequest(incoming);
  const response = request === undefined
    ? problem("bad-request", "The request is malformed")
    : await fetch(request);
  const body = new Uint8Array(await response.arrayBuffer());
  outgoing.statusCode = response.status;
  response.headers.forEach((value, name) => outgoing.setHeader(name, value));
  outgoing.setHeader("Content-Length", body.byteLength);
  outgoing.end(body);
  // What was never asked for is read on all the same, or the connection could not be used again.
  if (request?.bodyUsed === false) await request.body?.cancel();
}

/** The same request in terms of the web platform; undefined when it cannot be told so. */
function toRequest(incoming: IncomingMessage): Request | undefined {
  const { method = "GET", url = "" } = incoming;
  // Only the origin form of RFC 9112, section 3.2.1: this is no proxy. The host has no meaning here.
  if (!url.startsWith("/")) return undefined;
  const isBodiless = method === "GET" || method === "HEAD";
  try {
    const whole = new URL(`http://webhook${url}`);
    // Dot segments, also encoded ones, and backslashes would lead somewhere else than whoever stands before us has read.
    if (whole.pathname !== url.replace(/[?#].*$/s, "")) return undefined;
    return new Request(whole, {
      method,
      headers: headersOf(incoming),
      ...(isBodiless ? {} : { body: bodyOf(incoming), duplex: "half" }),
    });
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
  }
  return headers;
}

/** How much of a body that nobody wants is read on; then its connection is closed. */
const MAX_DISCARDED_BYTES = 64 << 20;

/**
 * The body as it comes in, never faster than it is read. Cancelled, it is read on and thrown away: a sender that
 * finds the connection closed while it still sends does not see the answer.
 */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  let isOver = false;
  let discarded = 0;
  return new ReadableStream<Uint8Array>({
    start(stream) {
      const once = (end: () => void) => (): void => {
        if (!isOver) end();
        isOver = true;
      };
      incoming.pause();
      incoming.on("data", (chunk: Uint8Array) => {
        if (isOver) {
          discarded += chunk.byteLength;
          if (discarded > MAX_DISCARDED_BYTES) incoming.destroy();
          return;
        }
        stream.enqueue(chunk);
        incoming.pause();
      });
      incoming.on("end", once(() => stream.close()));
      incoming.on("error", once(() => stream.error(new TypeError("The sender went away"))));
      incoming.on("close", once(() => stream.error(new TypeError("The sender went away"))));
    },
    pull: () => void incoming.resume(),
    cancel() {
      isOver = true;
      incoming.resume();
    },
  }, { highWaterMark: 0 });
}
