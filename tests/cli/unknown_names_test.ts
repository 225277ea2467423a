import assert from "node:assert/strict";
import { ENVIRONMENT_NAMES } from "../../src/cli/settings.ts";
import { unknownNames } from "../../src/cli/unknown_names.ts";

const cases: readonly (readonly [string, string | undefined])[] = [
  ["WEBHOK_PORT", "WEBHOOK_PORT"],
  ["WATCH_NAMESPACES", "WATCH_NAMESPACE"],
  ["LOG_LEVLE", "LOG_LEVEL"],
  ["ZEN_WATCHER_LOG_LEVEL", "LOG_LEVEL"],
  ["ZENWATCHER_SECRET", undefined],
];
for (const [name, meant] of cases) {
  Deno.test(`${name} is nobody's, ${meant ?? "and nothing"} is near`, () => {
    assert.deepEqual(unknownNames([name], ENVIRONMENT_NAMES), [{ name, meant }]);
  });
}

Deno.test("what is ours, and what others read, is not named", () => {
  const others = [...ENVIRONMENT_NAMES, "PATH", "NODE_NAME", "POD_IP", "LANG", "TERM", "SSL_CERT_FILE", "TZ"];
  assert.deepEqual(unknownNames(others, ENVIRONMENT_NAMES), []);
});
