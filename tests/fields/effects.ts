import { type Compiled, compileIngester } from "../../src/ingesters/compile.ts";
import type { IngesterSpec } from "../../src/model/ingester.ts";
import { at, type Json } from "../../src/model/json.ts";
import type { LogLine } from "../../src/model/log_line.ts";
import { COMPILE_SETTINGS, ingesterOf } from "../support/ingester_of.ts";
import { takingPipeline } from "../support/taking_pipeline.ts";

/** What one can see of an Ingester. */
export type See = (spec: IngesterSpec) => Json | Promise<Json>;

type Running = Exclude<Compiled, { kind: "invalid" | "suspended" }>;

function compiled(spec: IngesterSpec): Compiled {
  return compileIngester(ingesterOf("one", spec), { ...COMPILE_SETTINGS, hasClientCa: true });
}

function running(spec: IngesterSpec): Running {
  const result = compiled(spec);
  if (result.kind === "invalid") throw new Error(`Invalid: ${result.message}`);
  if (result.kind === "suspended") throw new Error("Suspended");
  return result;
}

/** Whether it reads, serves, or stands still. */
export const kindOf: See = (spec) => compiled(spec).kind;

/** The verdicts of payloads, in order. */
export function verdictsOf(...payloads: readonly Json[]): See {
  return async (spec) => {
    const scene = takingPipeline();
    const { lane } = running(spec);
    const verdicts: string[] = [];
    for (const payload of payloads) verdicts.push(...await scene.take(payload, lane));
    return verdicts;
  };
}

/** What is written of the last of some payloads, at a path below the Observation. */
export function writtenOf(path: string, ...payloads: readonly Json[]): See {
  return async (spec) => {
    const scene = takingPipeline();
    const { lane } = running(spec);
    for (const payload of payloads) await scene.take(payload, lane);
    return at(scene.written.at(-1) as unknown as Json, ...path.split(".")) ?? null;
  };
}

/** How many Observations stay of some payloads. */
export function staying(...payloads: readonly Json[]): See {
  return async (spec) => {
    const verdicts = await verdictsOf(...payloads)(spec);
    return (verdicts as readonly string[]).filter((verdict) => verdict === "created").length;
  };
}

/** A value of the door of a webhook, as the server of webhooks is given it. */
export function doorOf(path: string): See {
  return (spec) => {
    const result = running(spec);
    if (result.kind !== "webhook") throw new Error(`It must be a webhook, given ${result.kind}`);
    return path.split(".").reduce<unknown>(
      (value, name) => (value as Readonly<Record<string, unknown>> | undefined)?.[name],
      result.door,
    ) as Json | undefined ?? null;
  };
}

/** A value of each target of an informer or of logs, as its reader is given it. */
export function targetsOf(path: string): See {
  return (spec) => {
    const result = running(spec);
    if (result.kind === "webhook") throw new Error("A webhook has no targets");
    const targets = result.kind === "logs" ? result.logs.targets : result.targets;
    return targets.map((target) => at(target as unknown as Json, ...path.split(".")) ?? null);
  };
}

/** A value of what an Ingester of logs is made into. */
export function logsOf(path: string): See {
  return (spec) => {
    const result = running(spec);
    if (result.kind !== "logs") throw new Error(`It must read logs, given ${result.kind}`);
    return at(result.logs as unknown as Json, ...path.split(".")) ?? null;
  };
}

/** What is written of a line of a log, at a path below the Observation; null for a line that is no finding. */
export function lineWritten(path: string, line: string): See {
  return async (spec) => {
    const result = running(spec);
    if (result.kind !== "logs") throw new Error(`It must read logs, given ${result.kind}`);
    const pattern = result.logs.patterns.patterns.map((one) => one(line)).find((said) => said !== undefined);
    if (pattern === undefined) return null;
    const place = { namespace: "a", podName: "web", podUid: "uid", container: "main" };
    const read: LogLine = { ...place, timestamp: "2026-01-02T12:00:00Z", line, pattern };
    return await writtenOf(path, read as unknown as Json)(spec);
  };
}
