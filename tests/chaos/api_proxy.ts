import type { CertificateAuthority } from "../control_plane/certificates.ts";

/** What an overloaded or failing API server does to a request. */
export type ServerFault =
  /** 429 with Retry-After; nothing was done. */
  | "throttled"
  /** 500; nothing was done. */
  | "failed"
  /** It was done, and the answer is 500 all the same: whoever asked does not know. */
  | "done-and-failed";

/** Decides over a request; undefined lets it pass. */
export type Judge = () => ServerFault | undefined;

/** A proxy in front of an API server, on https like it, that answers some requests as a server in trouble does. */
export interface ApiProxy extends AsyncDisposable {
  readonly port: number;
  /** How many requests were answered with a fault. */
  readonly faults: number;
  /** Sets who decides over requests from now on; undefined lets all pass. */
  judgeBy(judge: Judge | undefined): void;
}

/** Where the API server is, and what the proxy shows of itself. */
export interface ApiProxyStart {
  /** Address of the API server, without a slash at its end. */
  readonly url: string;
  /** Certificate of the authority that certified it, in PEM; undefined on http. */
  readonly ca: string | undefined;
  /** Certifies the proxy for 127.0.0.1. */
  readonly authority: CertificateAuthority;
}

/** What is said on the way back; the length is told anew, and nothing is encoded. */
const PASSED_BACK = ["content-type", "retry-after", "warning", "x-kubernetes-pf-flowschema-uid"];
const PASSED_ON = ["accept", "authorization", "content-type", "user-agent"];
const RETRY_AFTER_SECONDS = 1;

/** Starts one on a free port of 127.0.0.1; whoever asks is known to the API server by its own token. */
export function startApiProxy({ url, ca, authority }: ApiProxyStart): ApiProxy {
  const client = Deno.createHttpClient({ http2: false, ...(ca === undefined ? {} : { caCerts: [ca] }) });
  const { certificate, key } = authority.issue({
    usage: "server",
    commonName: "api-proxy",
    addresses: ["127.0.0.1"],
  });
  const over = new AbortController();
  const open = new Set<ReadableStreamDefaultReader<Uint8Array>>();
  const ending = new Set<Promise<unknown>>();
  let judge: Judge | undefined;
  let faults = 0;

  /** The stream of an answer, which ends with the proxy, with its reader or with its source. */
  const passed = (body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> => {
    const reader = body.getReader();
    open.add(reader);
    return new ReadableStream({
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            open.delete(reader);
            controller.close();
          } else controller.enqueue(value);
        } catch (error) {
          open.delete(reader);
          controller.error(error);
        }
      },
      async cancel() {
        open.delete(reader);
        await reader.cancel().catch(() => {});
      },
    });
  };

  const forward = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    const body = request.body === null ? undefined : await request.arrayBuffer();
    const answer = await fetch(`${url}${pathname}${search}`, {
      method: request.method,
      headers: chosen(request.headers, PASSED_ON),
      ...(body === undefined ? {} : { body }),
      client,
      redirect: "manual",
      signal: over.signal,
    });
    const init = { status: answer.status, headers: chosen(answer.headers, PASSED_BACK) };
    return new Response(answer.body === null ? null : passed(answer.body), init);
  };

  const listener = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: certificate,
    key,
    onListen: () => {},
    // The API server is away, or broke off; a gateway says so.
    onError: () => new Response(null, { status: 502 }),
  }, async (request) => {
    const fault = judge?.();
    if (fault === undefined) return await forward(request);
    faults++;
    if (fault === "done-and-failed") {
      const answer = await forward(request);
      const cancelled = answer.body?.cancel().finally(() => ending.delete(cancelled!));
      if (cancelled !== undefined) ending.add(cancelled);
    } else await request.body?.cancel();
    return refusal(fault);
  });
  return {
    port: listener.addr.port,
    get faults() {
      return faults;
    },
    judgeBy: (next) => void (judge = next),
    async [Symbol.asyncDispose]() {
      over.abort();
      await Promise.allSettled([...ending, ...[...open].map((reader) => reader.cancel())]);
      await listener.shutdown();
      client.close();
    },
  };
}

function chosen(from: Headers, names: readonly string[]): Headers {
  const headers = new Headers();
  for (const name of names) {
    const value = from.get(name);
    if (value !== null) headers.set(name, value);
  }
  return headers;
}

/** In the words of metav1.Status. */
function refusal(fault: ServerFault): Response {
  const status = { apiVersion: "v1", kind: "Status", metadata: {}, status: "Failure" };
  if (fault === "throttled") {
    return Response.json(
      {
        ...status,
        code: 429,
        reason: "TooManyRequests",
        message: "Too many requests, please try again later",
      },
      { status: 429, headers: { "retry-after": String(RETRY_AFTER_SECONDS) } },
    );
  }
  return Response.json(
    { ...status, code: 500, reason: "InternalError", message: "Internal error occurred: by the schedule" },
    { status: 500 },
  );
}
