import { aborted } from "../../src/run/aborted.ts";
import { Screen } from "./screen.ts";
import { showWhatToTry } from "./show.ts";
import { tell } from "./story.ts";

const USAGE = `Usage: deno task demo [--once]

Shows the main job on a real etcd and kube-apiserver: real payloads of Trivy, Kyverno,
Falco, the audit log and Kubernetes Events become Observations, by two replicas, one of
them leading. The leader is killed once, and what was sent is compared with what is
there. Then everything stays up until Ctrl-C.

The first start builds both servers with Go and takes some minutes, unless
KUBEBUILDER_ASSETS names a folder that holds them. With KUBECONFIG set, the cluster that
it names is used, in a namespace of its own.

  --once   ends by itself: exit code 0 when everything was there once, else 1
  --help   shows this`;
const EXIT = { done: 0, failed: 1, mistake: 2 } as const;
const FLAGS = ["--once", "--help", "-h"];
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const ASKED = new DOMException("Asked to stop", "AbortError");

Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.filter((arg) => !FLAGS.includes(arg));
  if (unknown.length > 0) {
    console.error(`Cannot start the demo: it takes --once and --help, given ${unknown.join(" ")}`);
    return EXIT.mistake;
  }
  if (args.includes("--help") || args.includes("-h")) {
    console.log(USAGE);
    return EXIT.done;
  }
  return await show(args.includes("--once"));
}

/** Tells the story and resolves to the exit code. */
async function show(isOnce: boolean): Promise<number> {
  const isTerminal = Deno.stdout.isTerminal();
  const screen = new Screen(isTerminal, isTerminal && (Deno.env.get("NO_COLOR") ?? "") === "");
  const end = new AbortController();
  const whenAsked = isOnce ? EXIT.failed : EXIT.done;
  let isAcquired = false;
  let isEven = true;
  for (const name of SIGNALS) {
    Deno.addSignalListener(name, () => {
      // What was started so far ends with this process. Asked a second time: at once.
      if (!isAcquired || end.signal.aborted) Deno.exit(whenAsked);
      screen.line();
      screen.line("Stopping");
      end.abort(ASKED);
    });
  }
  screen.title("zen-watcher: signals in, Observations out");
  try {
    await using stack = new AsyncDisposableStack();
    const onAcquired = (): void => void (isAcquired = true);
    const fail = (error: Error): void => end.abort(error);
    try {
      isEven = await play(isOnce, screen, stack, onAcquired, fail, end.signal);
    } catch (error) {
      if (!end.signal.aborted) throw error;
    }
    if (end.signal.aborted && end.signal.reason !== ASKED) throw end.signal.reason;
  } catch (error) {
    console.error(`\nThe demo failed: ${textOf(error)}`);
    return EXIT.failed;
  }
  if (!isEven) return EXIT.failed;
  if (!end.signal.aborted) return EXIT.done;
  if (isOnce) console.error("The demo was stopped before its end");
  return whenAsked;
}

/** Resolves at the end to whether everything was there, once. */
async function play(
  isOnce: boolean,
  screen: Screen,
  stack: AsyncDisposableStack,
  onAcquired: () => void,
  fail: (error: Error) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const { stage, survivor, isEven } = await tell(screen, stack, onAcquired, fail, signal);
  if (!isEven) {
    console.error("\nThe demo failed: what was sent and what is there must be the same, see above");
  }
  if (isOnce) {
    screen.line();
    screen.line("Stopping");
  } else {
    showWhatToTry(stage, survivor, screen);
    await aborted(signal);
  }
  return isEven;
}

function textOf(error: unknown): string {
  if (error instanceof SuppressedError) return `${textOf(error.error)}; before: ${textOf(error.suppressed)}`;
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${textOf(error.cause)}`;
}
