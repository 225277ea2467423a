import type { Pattern } from "./patterns.ts";

/** What Helm said. */
export interface HelmAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const ROOT = new URL("../../", import.meta.url);

/** Where what a pattern renders is kept. */
export function goldenOf({ name }: Pattern): URL {
  return new URL(`golden/${name}.yaml`, import.meta.url);
}

/** What the chart renders, notes and all left out. */
export async function render(helm: string, pattern: Pattern): Promise<string> {
  const { release, namespace, args } = pattern;
  const answer = await runHelm(helm, [
    "template",
    release,
    "chart",
    `--namespace=${namespace}`,
    "--kube-version=1.36.3",
    ...args,
  ]);
  if (answer.code !== 0) throw new Error(`Cannot render pattern ${pattern.name}: ${answer.stderr.trim()}`);
  return answer.stdout;
}

/** Runs Helm in the checkout. */
export async function runHelm(helm: string, args: readonly string[]): Promise<HelmAnswer> {
  const { code, stdout, stderr } = await new Deno.Command(helm, { args: [...args], cwd: ROOT }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
