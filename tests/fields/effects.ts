import { type Compiled, compileIngester } from "../../src/ingesters/compile.ts";
import type { IngesterSpec } from "../../src/model/ingester.ts";
import { at, type Json } from "../../src/model/json.ts";
import type { LogLine } from "../../src/model/log_line.ts";
import { COMPILE_SETTINGS, ingesterOf } from "../support/ingester_of.ts";
import { takingPipeline } from "../support/taking_pipeline.ts";

/** What one can see of an Ingester as it was compiled. */
export type Look = (spec: IngesterSpec) => Json | Promise<Json>;

/** Makes a payload that is another finding for another nonce. */
export type Payload = (nonce: string) => Json;

/** What one can see of what becomes of signals, here or in a cluster. */
export interface Probe {
  readonly payloads: readonly Payload[];
  /** The verdicts, how many were created, or a value of the last Observation. */
  readonly shows: { readonly kind: "verdicts" } | { readonly kind: "staying" } | {
    readonly kind: "written";
    readonly path: string;
  };
}

type Running = Exclude<Compiled, { kind: "invalid" | "suspended" }>;

function compiled(spec: IngesterSpec): Compiled {
  return compileIngester(ingesterOf("one", spec), {
    ...COMPILE_SETTINGS,
    hasClientCa: true,
    destinationAllowlist: [{ group: "example.com", version: "v1", resource: "findings" }],
  });
}

function running(spec: IngesterSpec): Running {
  const result = compiled(spec);
  if (result.kind === "invalid") throw new Error(`Invalid: ${result.message}`);
  if (result.kind === "suspended") throw new Error("Suspended");
  return result;
}

/** Whether it reads, serves, or stands still. */
export const kindOf: Look = (spec) => compiled(spec).kind;

/** The verdicts of payloads, in order. */
export function verdictsOf(...payloads: readonly Payload[]): Probe {
  return { payloads, shows: { kind: "verdicts" } };
}

/** What is written of the last of some payloads, at a path below the Observation. */
export function writtenOf(path: string, ...payloads: readonly Payload[]): Probe {
  return { payloads, shows: { kind: "written", path } };
}

/** How many Observations stay of some payloads. */
export function staying(...payloads: readonly Payload[]): Probe {
  return { payloads, shows: { kind: "staying" } };
}

/** What one sees of an Ingester, worked out here. */
export async function seen(see: Look | Probe, spec: IngesterSpec): Promise<Json> {
  if (typeof see === "function") return await see(spec);
  const { payloads, shows } = see;
  const scene = takingPipeline();
  const { lane } = running(spec);
  const verdicts: string[] = [];
  for (const payload of payloads) verdicts.push(...await scene.take(payload("0"), lane));
  switch (shows.kind) {
    case "verdicts":
      return verdicts;
    case "staying":
      return verdicts.filter((verdict) => verdict === "created").length;
    case "written":
      return at(scene.written.at(-1) as unknown as Json, ...shows.path.split(".")) ?? null;
    default:
      return shows satisfies never;
  }
}

/** A value of what a running Ingester was made into, at a path below it. */
export function compiledOf(path: string): Look {
  return (spec) => valueAt(running(spec), path);
}

/** A value of the door of a webhook, as the server of webhooks is given it. */
export function doorOf(path: string): Look {
  return compiledOf(`door.${path}`);
}

/** A value of each target of an informer or of logs, as its reader is given it. */
export function targetsOf(path: string): Look {
  return (spec) => {
    const result = running(spec);
    if (result.kind === "webhook") throw new Error("A webhook has no targets");
    const targets = result.kind === "logs" ? result.logs.targets : result.targets;
    return targets.map((target) => valueAt(target, path));
  };
}

function valueAt(value: unknown, path: string): Json {
  return path.split(".").reduce(
    (at, name) => (at as Readonly<Record<string, unknown>> | undefined)?.[name],
    value,
  ) as Json | undefined ?? null;
}

/** What is written of a line of a log, at a path below the Observation; null for a line that is no finding. */
export function lineWritten(path: string, line: string): Look {
  return async (spec) => {
    const result = running(spec);
    if (result.kind !== "logs") throw new Error(`It must read logs, given ${result.kind}`);
    const pattern = result.logs.patterns.patterns.map((one) => one(line)).find((said) => said !== undefined);
    if (pattern === undefined) return null;
    const place = { namespace: "a", podName: "web", podUid: "uid", container: "main" };
    const read: LogLine = { ...place, timestamp: "2026-01-02T12:00:00Z", line, pattern };
    return await seen(writtenOf(path, () => read as unknown as Json), spec);
  };
}
