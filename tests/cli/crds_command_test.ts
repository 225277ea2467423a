import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { crdsText } from "../../src/cli/crds_command.ts";
import { customResourceDefinitions } from "../../src/model/crd.ts";

Deno.test("crds prints both CustomResourceDefinitions, each as a document of YAML", () => {
  const documents = parseAllDocuments(crdsText()).map((document) => document.toJS());
  assert.deepEqual(documents, customResourceDefinitions());
});

Deno.test("crds prints no anchors, which not every reader of YAML follows", () => {
  assert.doesNotMatch(crdsText(), /(: |- )[&*]\w/);
});
