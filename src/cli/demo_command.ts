import { fileURLToPath } from "node:url";

/** Where the demo lies in a checkout, beside main.ts. */
const DEMO_MODULE = "tests/demo/main.ts";

/** Whether the demo can be started from here, and how. */
export type DemoPlan =
  | { readonly kind: "start"; readonly arguments: readonly string[] }
  | { readonly kind: "impossible"; readonly message: string };

/**
 * Plans the start of the demo, which brings its own control plane and therefore starts other programs: something that this
 * program gives itself no right to.
 *
 * @param mainModule URL of main.ts
 * @param mayRun whether this process may start programs
 * @param exists whether a file is there
 */
export function planDemo(
  isOnce: boolean,
  mainModule: string,
  mayRun: boolean,
  exists: (path: string) => boolean,
): DemoPlan {
  const url = new URL(DEMO_MODULE, mainModule);
  const path = url.protocol === "file:" ? fileURLToPath(url) : undefined;
  if (path === undefined || !exists(path)) {
    return {
      kind: "impossible",
      message:
        "Cannot start the demo: it must be run in a checkout of the project, with `npx -y deno@2.9.6 task demo`",
    };
  }
  if (!mayRun) {
    return {
      kind: "impossible",
      message:
        "Cannot start the demo: it starts other programs and must be run with `npx -y deno@2.9.6 task demo`",
    };
  }
  return { kind: "start", arguments: ["run", "--allow-all", path, ...(isOnce ? ["--once"] : [])] };
}
