import { stringify } from "yaml";
import { type CustomResourceDefinition, customResourceDefinitions } from "../model/crd.ts";

/** One CustomResourceDefinition as YAML. */
export function definitionYaml(definition: CustomResourceDefinition): string {
  return stringify(definition, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** What `zen-watcher crds` prints: both CustomResourceDefinitions, ready for `kubectl apply -f -`. */
export function crdsText(): string {
  return customResourceDefinitions().map((definition) => `---\n${definitionYaml(definition)}`).join("");
}
