import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { Json } from "../../src/model/json.ts";
import { createCertificateAuthority } from "../control_plane/certificates.ts";

/** A kubelet as kube-apiserver sees it: it serves the logs of containers, and a test writes them. */
export interface FakeKubelet extends AsyncDisposable {
  readonly port: number;
  /** Adds lines to a container's log, each with the time of this moment in nine digits. */
  write(container: string, ...lines: readonly string[]): void;
  /** Ends all streams: as a rotation does, or a cut connection. */
  end(how: "closed" | "cut"): void;
  /** The container is started again with an empty log; what it wrote before can be read as previous. */
  restart(container: string): void;
  /** How often a log was asked for. */
  asked(): number;
  /** How many streams are open. */
  following(): number;
}

interface LogFile {
  lines: string[];
  previous: string[];
}

/** The name of the node whose kubelet it is. */
export const NODE = "node-1";

/** The Node through which kube-apiserver finds it. */
export function nodeOf({ port }: FakeKubelet): Json {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: NODE },
    status: {
      addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    },
  };
}

const PATH = /^\/containerLogs\/([^/]+\/[^/]+\/[^/]+)$/;

/**
 * Serves `/containerLogs/<namespace>/<pod>/<container>` with a certificate of its own, which kube-apiserver takes as long as
 * it is not told an authority for kubelets. Containers are named so: `<namespace>/<pod>/<container>`.
 */
export async function startFakeKubelet(): Promise<FakeKubelet> {
  const { certificate, key } = createCertificateAuthority("kubelet-ca").issue({
    usage: "server",
    commonName: "kubelet",
    addresses: ["127.0.0.1"],
  });
  const files = new Map<string, LogFile>();
  const followers = new Map<ServerResponse, string>();
  let asked = 0;
  let lastStamp = 0n;
  const fileOf = (container: string): LogFile => {
    const file = files.get(container) ?? { lines: [], previous: [] };
    files.set(container, file);
    return file;
  };
  /** The time with nanoseconds, no two lines alike. */
  const stamp = (): string => {
    const now = BigInt(Date.now()) * 1_000_000n;
    lastStamp = now > lastStamp ? now : lastStamp + 1n;
    const seconds = new Date(Number(lastStamp / 1_000_000n)).toISOString().slice(0, 19);
    return `${seconds}.${String(lastStamp % 1_000_000_000n).padStart(9, "0")}Z`;
  };
  const end = (how: "closed" | "cut", only?: string): void => {
    for (const [follower, container] of followers) {
      if (only !== undefined && container !== only) continue;
      followers.delete(follower);
      if (how === "cut") follower.destroy();
      else follower.end();
    }
  };
  const server = createServer({ cert: certificate, key }, (request, response) => {
    const url = new URL(request.url ?? "/", "https://kubelet");
    const [, container] = PATH.exec(url.pathname) ?? [];
    if (container === undefined) return void response.writeHead(404).end("no such path");
    asked++;
    const since = (url.searchParams.get("sinceTime") ?? "").slice(0, 19);
    const { lines, previous } = fileOf(container);
    const isPrevious = url.searchParams.get("previous") === "true";
    response.writeHead(200, { "content-type": "text/plain" });
    response.flushHeaders();
    for (const line of isPrevious ? previous : lines) if (line.slice(0, 19) >= since) response.write(line);
    if (url.searchParams.get("follow") !== "true") return void response.end();
    followers.set(response, container);
    response.on("error", () => {});
    response.on("close", () => followers.delete(response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The kubelet has no port");
  return {
    port: address.port,
    write(container, ...lines) {
      for (const line of lines) {
        const text = `${stamp()} ${line}\n`;
        fileOf(container).lines.push(text);
        for (const [follower, other] of followers) if (other === container) follower.write(text);
      }
    },
    end: (how) => end(how),
    restart(container) {
      const file = fileOf(container);
      file.previous = file.lines;
      file.lines = [];
      end("closed", container);
    },
    asked: () => asked,
    following: () => followers.size,
    async [Symbol.asyncDispose]() {
      end("closed");
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
