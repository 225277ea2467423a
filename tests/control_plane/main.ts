import { systemClock } from "../../src/run/clock.ts";
import { startControlPlane } from "./control_plane.ts";

const USAGE = `Usage: deno task control-plane [--crds PATH]...

Starts a real etcd and a real kube-apiserver with the CustomResourceDefinitions of this
project, prints the path of a kubeconfig, and stays until Ctrl-C. The first start builds
both servers with Go and takes some minutes, unless KUBEBUILDER_ASSETS names a folder
that holds them.

  --crds PATH   installs further CustomResourceDefinitions: a file, or the YAML files
                of a folder
  --help        shows this`;
const EXIT = { done: 0, failed: 1, mistake: 2 } as const;
const OWN_CRDS = decodeURIComponent(new URL("../../chart/crds", import.meta.url).pathname);

Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    console.log(USAGE);
    return EXIT.done;
  }
  const crds = crdPaths(args);
  if (crds === undefined) {
    console.error(`Cannot start a control plane: it takes --crds PATH, given ${args.join(" ")}`);
    return EXIT.mistake;
  }
  try {
    return await run([OWN_CRDS, ...crds]);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return EXIT.failed;
  }
}

async function run(crds: readonly string[]): Promise<number> {
  const asked = Promise.withResolvers<"asked">();
  const ask = (): void => asked.resolve("asked");
  const start = systemClock.monotonic();
  const progress = (line: string): void => console.error(line);
  const starting = startControlPlane({ report: progress });
  await using controlPlane = await starting;
  for (const name of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(name, ask);
  await controlPlane.installCrds(...crds);
  const seconds = ((systemClock.monotonic() - start) / 1000).toFixed(1);
  console.log(`
KUBECONFIG: ${controlPlane.kubeconfig}

The control plane is up after ${seconds} s, at ${controlPlane.url}. In another terminal:

  export KUBECONFIG=${controlPlane.kubeconfig}
  kubectl get ingesters,observations --all-namespaces
  deno task start

The servers log to
  ${controlPlane.logFiles.join("\n  ")}

Ctrl-C ends it, and all that is in it is gone.`);
  const end = await Promise.race([asked.promise, controlPlane.broken]);
  if (end !== "asked") throw end;
  console.error("Stopping the control plane");
  return EXIT.done;
}

/** The paths after `--crds` or `--crds=`; undefined when there is anything else. */
function crdPaths(args: readonly string[]): readonly string[] | undefined {
  const paths: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const [, inline] = /^--crds=(.+)$/.exec(args[index] ?? "") ?? [];
    const path = inline ?? (args[index] === "--crds" ? args[++index] : undefined);
    if (path === undefined) return undefined;
    paths.push(path);
  }
  return paths;
}
