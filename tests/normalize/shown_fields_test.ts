import assert from "node:assert/strict";
import { shownFields } from "../../src/normalize/shown_fields.ts";

Deno.test("Named fields are shown in camelCase, as they are, and no others", () => {
  const item = { file_path: "/a", file_line_range: [1, 2], guideline: "g", secret: "s" };
  assert.deepEqual(shownFields(item, ["file_path", "file_line_range", "guideline"]), {
    filePath: "/a",
    fileLineRange: [1, 2],
    guideline: "g",
  });
  assert.deepEqual(shownFields(item, ["constructor"]), { constructor: undefined });
});
