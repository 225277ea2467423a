import { isJsonObject, type Json, listAt, textAt } from "../../src/model/json.ts";
import { systemClock } from "../../src/run/clock.ts";
import { withDeadline } from "../../src/run/deadline.ts";
import { retryOnCollision } from "./retry_on_collision.ts";
import { ServerProcess, type ServerStart } from "./server_process.ts";

/** What an etcd is started with. */
export interface EtcdStart extends Pick<ServerStart, "executable" | "guardian"> {
  /** Where its data and its log go. */
  readonly folder: string;
}

const READY_GUARD_MILLISECONDS = 60_000;
const ASK_MILLISECONDS = 10_000;

/**
 * An etcd of one member for tests, which does not wait for the disk. It can be stopped and started again on the same port,
 * with what it held or with an older copy of it.
 */
export class Etcd {
  /** Where it is reached. */
  readonly url: string;
  readonly #data: string;
  readonly #launch: () => Promise<ServerProcess>;
  #process: ServerProcess;

  private constructor(
    url: string,
    data: string,
    launch: () => Promise<ServerProcess>,
    process: ServerProcess,
  ) {
    this.url = url;
    this.#data = data;
    this.#launch = launch;
    this.#process = process;
  }

  /** Starts one and waits until it is ready. */
  static async start(start: EtcdStart): Promise<Etcd> {
    // Its name shows that the port is answered by this one.
    const name = `test-${crypto.randomUUID()}`;
    const data = `${start.folder}/etcd`;
    return await retryOnCollision(async (port) => {
      const url = `http://127.0.0.1:${port}`;
      const launch = (): Promise<ServerProcess> => launchOn(url, name, data, start);
      return new Etcd(url, data, launch, await launch());
    });
  }

  /** The process that runs, or ran last. */
  get process(): ServerProcess {
    return this.#process;
  }

  /**
   * Starts it again and waits until it is ready.
   *
   * @throws when it runs
   */
  async startAgain(): Promise<void> {
    this.#mustBeStopped("start etcd");
    this.#process = await this.#launch();
  }

  /** Stops it as a crash does. */
  kill(): Promise<void> {
    return this.#process.kill();
  }

  /** Copies all it holds into a folder that is not there yet. */
  async backUp(folder: string): Promise<void> {
    this.#mustBeStopped("copy the data of etcd");
    await copyFolder(this.#data, folder);
  }

  /** Puts back what was copied; what came later is forgotten, and its revisions are given again. */
  async restore(folder: string): Promise<void> {
    this.#mustBeStopped("restore the data of etcd");
    await Deno.remove(this.#data, { recursive: true });
    await copyFolder(folder, this.#data);
  }

  /** The revision of the last change; the resourceVersion of objects is such a number. */
  async revision(): Promise<number> {
    const answer = await this.#ask("/v3/kv/range", { key: btoa("/"), count_only: true });
    return Number(textAt(answer, "header", "revision"));
  }

  /**
   * Forgets all history before the last change, so that nobody can watch from before it.
   *
   * @returns the oldest revision that one can watch from
   */
  async compact(): Promise<number> {
    const revision = await this.revision();
    await this.#ask("/v3/kv/compaction", { revision, physical: true });
    return revision;
  }

  async #ask(path: string, body: unknown): Promise<Json> {
    const { response, text } = await withDeadline(ASK_MILLISECONDS, systemClock, async (signal) => {
      const response = await fetch(`${this.url}${path}`, {
        method: "POST",
        body: JSON.stringify(body),
        signal,
      });
      return { response, text: await response.text() };
    }, new AbortController().signal);
    if (!response.ok) throw new Error(`Cannot ask etcd for ${path}: status ${response.status}\n${text}`);
    const answer: unknown = JSON.parse(text);
    if (!isJsonObject(answer)) throw new Error(`Cannot ask etcd for ${path}: it must answer an object`);
    return answer;
  }

  #mustBeStopped(aim: string): void {
    if (!this.#process.hasEnded) throw new Error(`Cannot ${aim}: it must be stopped first`);
  }
}

async function launchOn(
  url: string,
  name: string,
  data: string,
  { executable, guardian, folder }: EtcdStart,
): Promise<ServerProcess> {
  const peer = "http://127.0.0.1:0";
  const process = await ServerProcess.start({
    name: "etcd",
    executable,
    guardian,
    logFile: `${folder}/etcd.log`,
    args: [
      `--name=${name}`,
      `--data-dir=${data}`,
      "--unsafe-no-fsync",
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=${name}=${peer}`,
    ],
  });
  await process.untilReady((signal) => isMember(url, name, signal), READY_GUARD_MILLISECONDS);
  return process;
}

async function isMember(url: string, name: string, signal: AbortSignal): Promise<boolean> {
  const response = await fetch(`${url}/v3/cluster/member/list`, { method: "POST", body: "{}", signal });
  const text = await response.text();
  return response.ok && listAt(JSON.parse(text), "members").some((member) => textAt(member, "name") === name);
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}
