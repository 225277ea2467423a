import { definitionYaml } from "../../src/cli/crds_command.ts";
import { customResourceDefinitions } from "../../src/model/crd.ts";
import { GROUP } from "../../src/model/observation.ts";

/** A generated file below chart/crds. */
export interface DefinitionFile {
  readonly name: string;
  readonly path: URL;
  readonly text: string;
}

/** The files of chart/crds as the schemas say they must be. */
export function definitionFiles(): readonly DefinitionFile[] {
  return customResourceDefinitions().map((definition) => {
    const plural = definition.metadata.name.slice(0, -GROUP.length - 1);
    const name = `chart/crds/${GROUP}_${plural}.yaml`;
    return {
      name,
      path: new URL(`../../${name}`, import.meta.url),
      text: `# Generated from src/model by \`deno task crds:write\`; do not edit.\n${
        definitionYaml(definition)
      }`,
    };
  });
}
