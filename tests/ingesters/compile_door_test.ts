import assert from "node:assert/strict";
import {
  type CompiledDoor,
  compileDoor,
  type DoorSettings,
  pathOf,
} from "../../src/ingesters/compile_door.ts";
import type { WebhookSpec } from "../../src/model/ingester.ts";
import { presetOf } from "../../src/model/preset.ts";
import { ingesterOf } from "../support/ingester_of.ts";

const MEBIBYTE = 1024 * 1024;
const settings: DoorSettings = { podNamespace: "zen", maxRequestBytes: 12 * MEBIBYTE, hasClientCa: false };

function compile(webhook: WebhookSpec, own: Partial<DoorSettings> = {}, source = "falco"): CompiledDoor {
  const ingester = ingesterOf("one", { source, webhook });
  return compileDoor(ingester, ingester.spec, presetOf(source), { ...settings, ...own });
}

function problemsOf(compiled: CompiledDoor): readonly string[] {
  return compiled.kind === "problems" ? compiled.messages : [];
}

Deno.test("Every field of spec.webhook is in the door", () => {
  const auth = { type: "mtls", allowedSubjects: ["CN=falco"], allowedSANs: ["falco.example"] } as const;
  const rateLimit = { requestsPerSecond: 5, burst: 10 };
  const compiled = compile({
    path: "/hook",
    methods: ["PUT"],
    auth,
    allowedCIDRs: ["10.0.0.0/8", "fd00::/8"],
    rateLimit,
    maxBodyBytes: 7,
    ack: "spooled",
  }, { hasClientCa: true });
  assert.ok(compiled.kind === "door");
  const { allowedRanges, ...door } = compiled.door;
  assert.deepEqual(door, {
    path: "/hook",
    methods: ["PUT"],
    auth,
    rateLimit,
    maxBodyBytes: 7,
    ack: "spooled",
  });
  assert.deepEqual(allowedRanges.map(({ bits }) => bits), [32, 128]);
});

Deno.test("What cannot work is said, all of it", () => {
  const cases: readonly (readonly [WebhookSpec, readonly RegExp[]])[] = [
    [{ allowedCIDRs: ["10.0.0.0/8", "10.0.0.0/33", "anywhere"] }, [
      /^spec\.webhook\.allowedCIDRs\[1\] must be an IP range such as .*, given "10\.0\.0\.0\/33"$/,
      /allowedCIDRs\[2\].*"anywhere"/,
    ]],
    [{ auth: { type: "mtls" } }, [/type mtls needs TLS_CLIENT_CA_FILE/]],
    [{ auth: { type: "bearer", secretName: "s", allowedSubjects: ["CN=a"] } }, [
      /^spec\.webhook\.auth\.allowedSubjects needs type mtls, given bearer$/,
    ]],
    [{ auth: { type: "none", allowedSANs: ["a"] } }, [/allowedSANs needs type mtls/]],
    [{ maxBodyBytes: 12 * MEBIBYTE + 1 }, [
      /at most MAX_REQUEST_BYTES of this watcher, 12582912, given 12582913$/,
    ]],
    [{ path: "/a/../b" }, [/must have no empty segment/]],
    [{ path: "/ns/other" }, [/must not begin with \/ns\//]],
  ];
  for (const [webhook, expected] of cases) {
    const problems = problemsOf(compile(webhook));
    assert.equal(problems.length, expected.length, JSON.stringify(problems));
    for (const [index, message] of expected.entries()) assert.match(problems[index] ?? "", message);
  }
});

Deno.test("MAX_REQUEST_BYTES is a ceiling: the presets' own limits fit by default, and are lowered to it", () => {
  const limit = (source: string, maxRequestBytes: number): number => {
    const compiled = compile({}, { maxRequestBytes }, source);
    assert.ok(compiled.kind === "door");
    return compiled.door.maxBodyBytes;
  };
  assert.equal(limit("audit", 12 * MEBIBYTE), 12 * MEBIBYTE);
  assert.equal(limit("falco", 12 * MEBIBYTE), MEBIBYTE);
  assert.equal(limit("audit", 2 * MEBIBYTE), 2 * MEBIBYTE);
  assert.equal(limit("falco", 1024), 1024);
});

Deno.test("A path of another namespace lies below /ns", () => {
  const ingester = ingesterOf("one", { source: "own" }, { namespace: "team" });
  assert.equal(pathOf(ingester, settings), "/ns/team/ingest/own");
});
