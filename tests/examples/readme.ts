import { type Example, EXAMPLES } from "./examples.ts";

/** The list of the examples. */
export const README: URL = new URL("README.md", EXAMPLES);

/** The list as the examples say it must be. */
export function readmeText(all: readonly Example[]): string {
  const rows = all.map(({ name, text, ingester }) =>
    `| [${name}.yaml](${name}.yaml) | \`${ingester.spec.source}\` | ${aboutOf(text)} |`
  );
  return `# Examples

<!-- Written by \`deno task examples:write\`; do not edit. -->

One Ingester for each preset and each feature. Copy one, change it, and apply it with
\`kubectl apply --validate=strict -f FILE\`. What each field means is in
[docs/ingester.md](../../docs/ingester.md). Where an example names the Secret \`webhook-token\`, make it first:

\`\`\`sh
kubectl create secret generic webhook-token -n zen-system --from-literal=token=change-me
\`\`\`

The signals that each is tested with lie in \`tests/examples/signals\`, and the Observations that they give in
\`tests/examples/golden\`.

<!-- deno-fmt-ignore-start -->
| file | source | what it is for |
| --- | --- | --- |
${rows.join("\n")}
<!-- deno-fmt-ignore-end -->
`;
}

/** The first sentence of the comment that an example begins with. */
function aboutOf(text: string): string {
  const lines = text.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("#"));
  const comment = lines.slice(0, end).map((line) => line.replace(/^# ?/, "")).join(" ");
  return (/^.*?[.:](?= |$)/.exec(comment)?.[0] ?? comment).replace(/[.:]$/, "").replaceAll("|", "\\|");
}
