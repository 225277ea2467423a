import assert from "node:assert/strict";
import { eventTypeOf, snakeCase } from "../../src/normalize/event_type.ts";

Deno.test("A rule's name becomes an event type of at most 63 characters that begins and ends in a letter or digit", () => {
  const cases: readonly [string, string][] = [
    ["Terminal shell in container", "terminal_shell_in_container"],
    ["Attach/Exec Pod", "attach_exec_pod"],
    ["  --Änd: 2 -- ", "nd_2"],
    ["__a__", "a"],
    ["日本語", "none"],
    ["", "none"],
    ["x".repeat(70), "x".repeat(63)],
    [`${"x".repeat(62)} y`, "x".repeat(62)],
  ];
  for (const [name, expected] of cases) assert.equal(eventTypeOf(name, "none"), expected, name);
});

Deno.test("A reason becomes snake_case", () => {
  const cases: readonly [string, string][] = [
    ["FailedMount", "failed_mount"],
    ["BackOff", "back_off"],
    ["Killing", "killing"],
    ["OOMKilling", "oom_killing"],
    ["SystemOOM", "system_oom"],
    ["NodeHasSufficientPID", "node_has_sufficient_pid"],
    ["CIDRNotAvailable", "cidr_not_available"],
    ["Resource Passed", "resource_passed"],
    ["already_snake", "already_snake"],
    ["", "event"],
  ];
  for (const [reason, expected] of cases) assert.equal(snakeCase(reason, "event"), expected, reason);
});

Deno.test("A reason without end takes no time without end", () => {
  assert.equal(snakeCase("A".repeat(5_000_000), "event"), "a".repeat(63));
});
