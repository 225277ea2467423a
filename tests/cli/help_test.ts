import assert from "node:assert/strict";
import { helpText } from "../../src/cli/help.ts";
import { COMMANDS } from "../../src/cli/parse_arguments.ts";
import { SETTINGS } from "../../src/cli/settings.ts";

const topics = [undefined, ...COMMANDS];

Deno.test("help fits a terminal of 80 columns and ends with one line break", () => {
  for (const topic of topics) {
    const text = helpText(topic, false);
    for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
    assert.match(text, /[^\n]\n$/);
  }
});

Deno.test("help has colours only when it is asked for them", () => {
  for (const topic of topics) {
    assert.ok(!helpText(topic, false).includes("\x1b"));
    assert.ok(helpText(topic, true).includes("\x1b[1mUsage\x1b[0m"));
    assert.equal(
      helpText(topic, true).replaceAll("\x1b[1m", "").replaceAll("\x1b[0m", ""),
      helpText(topic, false),
    );
  }
});

Deno.test("help says every command and every exit code", () => {
  const text = helpText(undefined, false);
  for (const word of [...COMMANDS, "--help", "--version"]) assert.ok(text.includes(word), word);
  for (const topic of topics) {
    for (const code of ["0", "1", "2"]) assert.match(helpText(topic, false), new RegExp(`^  ${code} `, "m"));
  }
});

Deno.test("help of run says every setting that has an effect, with its variable and default", () => {
  const words = helpText("run", false).replace(/\s+/g, " ");
  for (const { flag, env, reader, default: text } of Object.values(SETTINGS)) {
    const entry = `${flag} ${reader.placeholder}${env === undefined ? "" : ` ${env}`} `;
    assert.ok(words.includes(entry), entry);
    if (text) assert.ok(words.includes(`(default ${text})`), `${flag} ${text}`);
  }
});
