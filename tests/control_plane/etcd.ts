import { listAt, textAt } from "../../src/model/json.ts";
import { retryOnCollision } from "./retry_on_collision.ts";
import { ServerProcess, type ServerStart } from "./server_process.ts";

/** An etcd that is ready, and where it is reached. */
export interface Etcd {
  readonly process: ServerProcess;
  readonly url: string;
}

const READY_GUARD_MILLISECONDS = 60_000;

/**
 * Starts an etcd of one member for tests: it does not wait for the disk.
 *
 * @param folder where its data and its log go
 */
export async function startEtcd(
  { executable, guardian }: Pick<ServerStart, "executable" | "guardian">,
  folder: string,
): Promise<Etcd> {
  // Its name shows that the port is answered by this one.
  const name = `test-${crypto.randomUUID()}`;
  return await retryOnCollision(async (port) => {
    const url = `http://127.0.0.1:${port}`;
    const peer = "http://127.0.0.1:0";
    const process = await ServerProcess.start({
      name: "etcd",
      executable,
      guardian,
      logFile: `${folder}/etcd.log`,
      args: [
        `--name=${name}`,
        `--data-dir=${folder}/etcd`,
        "--unsafe-no-fsync",
        `--listen-client-urls=${url}`,
        `--advertise-client-urls=${url}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=${name}=${peer}`,
      ],
    });
    await process.untilReady((signal) => isMember(url, name, signal), READY_GUARD_MILLISECONDS);
    return { process, url };
  });
}

async function isMember(url: string, name: string, signal: AbortSignal): Promise<boolean> {
  const response = await fetch(`${url}/v3/cluster/member/list`, { method: "POST", body: "{}", signal });
  const text = await response.text();
  return response.ok && listAt(JSON.parse(text), "members").some((member) => textAt(member, "name") === name);
}
