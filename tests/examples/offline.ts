import { type Compiled, compileIngester } from "../../src/ingesters/compile.ts";
import type { GroupVersionResource } from "../../src/model/ingester.ts";
import type { Json, JsonObject } from "../../src/model/json.ts";
import type { LogLine } from "../../src/model/log_line.ts";
import type { Signal } from "../../src/model/signal.ts";
import type { Lane } from "../../src/pipeline/lane.ts";
import { COMPILE_SETTINGS } from "../support/ingester_of.ts";
import { takingPipeline } from "../support/taking_pipeline.ts";
import {
  type Example,
  EXAMPLES_HOME,
  type LogSignal,
  type ObjectSignal,
  type SampleSignal,
} from "./examples.ts";
import { type Shown, shown } from "./shown.ts";

/** What the operator allows whose watcher the examples are for. */
export const EXAMPLE_DESTINATIONS: readonly GroupVersionResource[] = [
  { group: "security.example.com", version: "v1", resource: "findings" },
];

/** When the samples come in. */
export const RECEIVED_AT = "2026-01-02T12:00:00Z";

/** What becomes of the signals of an example, worked out by the program's own parts without a cluster. */
export async function runOffline(example: Example): Promise<Shown> {
  const compiled = compileIngester(example.ingester, {
    ...COMPILE_SETTINGS,
    podNamespace: EXAMPLES_HOME,
    hasClientCa: true,
    destinationAllowlist: EXAMPLE_DESTINATIONS,
    observationTtlSeconds: 7 * 24 * 60 * 60,
  });
  if (compiled.kind === "invalid") {
    throw new Error(`Cannot run example ${example.name}: it is Invalid: ${compiled.message}`);
  }
  if (compiled.kind === "suspended") return { verdicts: [], observations: [] };
  const scene = takingPipeline(undefined, EXAMPLES_HOME);
  const verdicts: string[] = [];
  for (const signal of example.signals) {
    for (const { payload, ...more } of payloadsOf(signal, compiled, example.name)) {
      verdicts.push(...await scene.take(payload, compiled.lane, { receivedAt: RECEIVED_AT, ...more }));
    }
  }
  // A dry run asks the API server what it would say, and nothing stays.
  return shown(
    verdicts,
    compiled.lane.isDryRun ? [] : scene.written,
    scene.elsewhere,
    example.setByServer,
  );
}

type Incoming = Pick<Signal, "payload"> & Partial<Signal>;

function payloadsOf(
  signal: SampleSignal,
  compiled: Extract<Compiled, { readonly lane: Lane }>,
  name: string,
): readonly Incoming[] {
  if (signal.kind === "webhook" && compiled.kind === "webhook") return [{ payload: signal.payload }];
  if (signal.kind === "object" && compiled.kind === "informer") return signal.isRead ? [asRead(signal)] : [];
  if (signal.kind === "log" && compiled.kind === "logs") {
    return linesRead(signal, compiled.logs.patterns.patterns);
  }
  throw new Error(`Cannot run example ${name}: its signal is of kind ${signal.kind}, it is ${compiled.kind}`);
}

/** An object as an informer hands it on; its uid is what the API server says, so any will do. */
function asRead({ object }: ObjectSignal): Incoming {
  const metadata = { ...object.metadata as JsonObject, uid: "uid", resourceVersion: "1" };
  const { apiVersion, kind } = object as { readonly apiVersion: string; readonly kind: string };
  const { name, namespace, uid, resourceVersion } = metadata as Readonly<Record<string, string>>;
  return {
    payload: { ...object, metadata: { ...metadata, creationTimestamp: RECEIVED_AT } },
    origin: { apiVersion, kind, name, namespace, uid, resourceVersion },
    createdAt: RECEIVED_AT,
  };
}

function linesRead(
  { namespace, pod, container, lines }: LogSignal,
  patterns: readonly ((line: string) => LogLine["pattern"] | undefined)[],
): readonly Incoming[] {
  return lines.flatMap((line, index) => {
    const pattern = patterns.map((one) => one(line)).find((said) => said !== undefined);
    if (pattern === undefined) return [];
    const timestamp = `2026-01-02T12:00:00.00000000${index}Z`;
    const read: LogLine = { namespace, podName: pod, podUid: "uid", container, timestamp, line, pattern };
    const origin = { apiVersion: "v1", kind: "Pod", name: pod, namespace, uid: "uid" };
    return [{ payload: read as unknown as Json, origin }];
  });
}
