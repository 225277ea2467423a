import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
} from "node:http";
import {
  createServer as createSecureServer,
  type Server as SecureServer,
  type ServerOptions as SecureServerOptions,
} from "node:https";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Log } from "../observe/log.ts";
import type { Clock } from "../run/clock.ts";
import { answerWith } from "./node_http.ts";
import type { Peer } from "./serve_webhook.ts";
import { followTlsFiles, readTlsPair, type TlsFiles, type TlsPair } from "./tls_files.ts";

/** What a connection may do (contract, section 8). */
export interface ListenerLimits {
  /** From the connection, or the request before, to the end of the headers. */
  readonly headersMilliseconds: number;
  /** From there to the end of the body. */
  readonly requestMilliseconds: number;
  /**
   * How long a connection may wait for its next request. The sender should be the first to close it, or else a POST
   * may meet a closed connection; Go's client closes after 90 s.
   */
  readonly keepAliveMilliseconds: number;
  /** How often the first two are looked at; as node:http has it, they are that much less exact. */
  readonly checkMilliseconds: number;
  readonly maxConnections: number;
  /**
   * For how long it goes on serving when it closes, each answer being the last of its connection, while any connection is
   * open: who closes an idle one may meet a request that is on its way.
   */
  readonly lingerMilliseconds: number;
  /** How long requests under way may take after that. */
  readonly drainMilliseconds: number;
}

/** The limits of the contract. */
export const LISTENER_LIMITS: ListenerLimits = {
  headersMilliseconds: 10_000,
  requestMilliseconds: 30_000,
  keepAliveMilliseconds: 95_000,
  checkMilliseconds: 1_000,
  maxConnections: 2_000,
  lingerMilliseconds: 3_000,
  drainMilliseconds: 10_000,
};

/** What {@link listen} needs. */
export interface ListenerOptions {
  /** BIND_ADDRESS. */
  readonly hostname: string;
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
  readonly limits: ListenerLimits;
  /** Answers; the signal aborts when requests under way have had their time at the close. */
  readonly answer: (request: Request, peer: Peer, signal: AbortSignal) => Response | Promise<Response>;
  readonly clock: Clock;
  readonly log: Log;
}

/** An open WEBHOOK_PORT; disposing it sends its senders elsewhere, lets requests under way finish, then closes it. */
export interface Listener extends AsyncDisposable {
  /** The port that was taken; of use when 0 was asked for. */
  readonly port: number;
}

/** How long requests may take to obey when their signal aborts. */
const OBEY_MILLISECONDS = 1_000;

/** Opens WEBHOOK_PORT. Rejects when the address cannot be bound, or the TLS files cannot be used. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { clock, limits, log } = options;
  const pair = options.tls === undefined ? undefined : await readTlsPair(options.tls);
  const running = new Set<Promise<void>>();
  const connections = new Set<Promise<void>>();
  const cut = new AbortController();
  const over = new AbortController();
  let closing: Promise<void> | undefined;

  const server = createNodeServer(limits, pair, (incoming, outgoing) => {
    const answer = async (request: Request): Promise<Response> => {
      const response = await options.answer(request, peerOf(incoming), cut.signal);
      if (closing !== undefined) outgoing.setHeader("Connection", "close");
      return response;
    };
    const sent = new Promise<void>((resolve) => outgoing.once("close", resolve));
    const task = answerWith(answer, incoming, outgoing).then(() => sent, (error: unknown) => {
      log.error("Request failed", { error: error instanceof Error ? error.message : String(error) });
      outgoing.destroy();
    }).then(() => void running.delete(task));
    running.add(task);
  });
  server.on("connection", (socket: Socket) => {
    const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()))
      .then(() => void connections.delete(gone));
    connections.add(gone);
  });
  await bind(server, options.hostname, options.port);
  server.on("error", (error) => log.error("Listener failed", { error: error.message }));
  server.on("tlsClientError", (error: Error) => log.debug("TLS handshake failed", { error: error.message }));
  const following = pair === undefined || options.tls === undefined
    ? Promise.resolve()
    : followTlsFiles(options.tls, pair, (renewed) => renew(server, renewed), options, over.signal).catch(
      () => {},
    );

  const within = async (milliseconds: number, task: Promise<unknown>): Promise<void> => {
    const done = new AbortController();
    const late = clock.sleep(milliseconds, done.signal).catch(() => {});
    await Promise.race([task, late]);
    done.abort();
    await late;
  };
  const close = async (): Promise<void> => {
    await within(limits.lingerMilliseconds, allOf(connections));
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    await within(limits.drainMilliseconds, allOf(running));
    cut.abort(new DOMException("The listener is closed", "AbortError"));
    await within(OBEY_MILLISECONDS, allOf(running));
    server.closeAllConnections();
    over.abort();
    await following;
    // In Deno 2.4 an idle connection outlives that (ran): whoever keeps one must not hold up the stop.
    await within(OBEY_MILLISECONDS, closed);
  };
  return { port: portOf(server), [Symbol.asyncDispose]: () => closing ??= close() };
}

function createNodeServer(limits: ListenerLimits, pair: TlsPair | undefined, serve: RequestListener): Server {
  const options: ServerOptions = {
    headersTimeout: limits.headersMilliseconds,
    requestTimeout: limits.requestMilliseconds,
    keepAliveTimeout: limits.keepAliveMilliseconds,
    connectionsCheckingInterval: limits.checkMilliseconds,
  };
  const server = pair === undefined ? createServer(options, serve) : createSecureServer(
    { ...options, ...secureContextOf(pair), handshakeTimeout: limits.headersMilliseconds },
    serve,
  );
  server.maxConnections = limits.maxConnections;
  return server;
}

function renew(server: Server | SecureServer, pair: TlsPair): void {
  if ("setSecureContext" in server) server.setSecureContext(secureContextOf(pair));
}

/** Everyone may open a connection; whether a certificate is needed the Ingester says whose webhook is asked for. */
function secureContextOf({ cert, key, clientCa }: TlsPair): SecureServerOptions {
  return clientCa === undefined
    ? { cert, key }
    : { cert, key, ca: clientCa, requestCert: true, rejectUnauthorized: false };
}

function peerOf({ socket }: IncomingMessage): Peer {
  return {
    address: socket.remoteAddress,
    certificate() {
      const { authorized, getPeerCertificate } = socket as Partial<TLSSocket>;
      // A runtime without these knows of no certificates, so nobody has shown one.
      if (authorized !== true || getPeerCertificate === undefined) return undefined;
      return getPeerCertificate.call(socket).raw;
    },
  };
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error(`Cannot tell the port of ${address}`);
  return address.port;
}

/** Resolves when none is left, those included that come meanwhile. */
async function allOf(running: ReadonlySet<Promise<void>>): Promise<void> {
  while (running.size > 0) await Promise.race(running);
}
