import { FINDING_FIELDS } from "../model/observation.ts";
import { type CelNode, nodesOf } from "./cel_nodes.ts";

const REFERENCE = ["apiVersion", "kind", "name", "namespace"];

/** The fields that an Observation may have, by the path that leads to them; below all others anything goes. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  "observation": ["apiVersion", "kind", "metadata", "spec"],
  "observation.metadata": ["name", "namespace", "labels"],
  "observation.spec": [
    ...FINDING_FIELDS,
    "fingerprint",
    "ttlSecondsAfterCreation",
    "ingester",
    "origin",
  ],
  "observation.spec.resource": REFERENCE,
  "observation.spec.ingester": ["name", "namespace"],
  "observation.spec.origin": [...REFERENCE, "uid", "resourceVersion"],
};

/** The first field that no Observation has, e.g. in `observation.spec.sevrity`: a mistake that is better said at once. */
export function unknownField(
  root: CelNode,
): { readonly node: CelNode; readonly message: string } | undefined {
  for (const node of nodesOf(root)) {
    if (node.op !== "." && node.op !== ".?") continue;
    const [left, name] = node.args as readonly [CelNode, string];
    const path = pathOf(left);
    const fields = path !== undefined && Object.hasOwn(FIELDS, path) ? FIELDS[path] : undefined;
    if (fields === undefined || fields.includes(name)) continue;
    return { node, message: `${path} has no field ${name}; it has ${fields.join(", ")}` };
  }
  return undefined;
}

/** `observation.spec` for such a node; undefined for anything that is no plain chain of names. */
function pathOf(node: CelNode): string | undefined {
  if (node.op === "id") return String(node.args);
  if (node.op !== "." && node.op !== ".?") return undefined;
  const [left, name] = node.args as readonly [CelNode, string];
  const above = pathOf(left);
  return above === undefined ? undefined : `${above}.${name}`;
}
