import { freePort } from "./ports.ts";

/** How a replica is started. */
export interface ReplicaOptions {
  readonly kubeconfig: string;
  /** `POD_NAME`, so the identity that the Lease shows; default is a random one. */
  readonly name?: string | undefined;
  /** Further environment; the replica sees nothing of the test's own but where Deno keeps its files. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** What it is asked to do; default is `run`. */
  readonly command?: string | undefined;
  /** Further arguments, after `run --kubeconfig FILE`. */
  readonly args?: readonly string[] | undefined;
  /**
   * What is started, in front of `run`: default is what `ZEN_WATCHER_REPLICA` names, a compiled program that stands alone;
   * else `deno run -P main.ts`, with the permissions that a person gives it.
   */
  readonly program?: readonly string[] | undefined;
}

/** How the process of a replica is started, and where it is reached. */
export interface ReplicaCommand {
  readonly executable: string;
  readonly args: readonly string[];
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly name: string;
  readonly webhookPort: number;
  readonly metricsPort: number;
}

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);
const FROM_SOURCE = [Deno.execPath(), "run", "--no-prompt", "-P", `${ROOT}main.ts`];
/** What Deno itself needs to find its files and packages; a compiled program has them in it. */
const DENO_FINDS_BY = ["HOME", "PATH", "DENO_DIR", "XDG_CACHE_HOME", "NPM_CONFIG_REGISTRY"];

/** Fills in what the options leave open: name, ports, program and environment. The environment wins. */
export function replicaCommand(options: ReplicaOptions): ReplicaCommand {
  const compiled = options.program === undefined ? inEnvironment("ZEN_WATCHER_REPLICA") : undefined;
  const { kubeconfig, program = compiled === undefined ? FROM_SOURCE : [compiled] } = options;
  const [executable, ...leading] = program;
  if (executable === undefined) throw new Error("Cannot start a replica: a program must be named");
  const name = options.name ?? `zen-watcher-${crypto.randomUUID().slice(0, 8)}`;
  const webhookPort = freePort();
  const env = {
    ...environmentOf(["TMPDIR", ...compiled === undefined ? DENO_FINDS_BY : []]),
    NO_COLOR: "1",
    POD_NAME: name,
    WEBHOOK_PORT: String(webhookPort),
    METRICS_PORT: String(freePort(webhookPort)),
    ...options.env,
  };
  return {
    executable,
    args: [...leading, options.command ?? "run", "--kubeconfig", kubeconfig, ...options.args ?? []],
    env,
    name: env.POD_NAME,
    webhookPort: Number(env.WEBHOOK_PORT),
    metricsPort: Number(env.METRICS_PORT),
  };
}

function environmentOf(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => {
    const value = inEnvironment(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

/** Undefined when it is absent or empty. */
function inEnvironment(name: string): string | undefined {
  const value = Deno.env.get(name);
  return value === "" ? undefined : value;
}
