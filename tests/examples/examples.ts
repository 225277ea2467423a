import { parse } from "yaml";
import type { Ingester } from "../../src/model/ingester.ts";
import { isJsonObject, type Json, type JsonObject } from "../../src/model/json.ts";
import { readSample } from "../normalize/samples.ts";

/** An object of the API as a sample. */
export interface ObjectSignal {
  readonly kind: "object";
  readonly object: JsonObject;
  /** False: one that the Ingester must leave unread. */
  readonly isRead: boolean;
}

/** Lines of a container's log as samples. */
export interface LogSignal {
  readonly kind: "log";
  readonly namespace: string;
  readonly pod: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly container: string;
  readonly lines: readonly string[];
}

/** What an example is shown with. */
export type SampleSignal = ObjectSignal | LogSignal | { readonly kind: "webhook"; readonly payload: Json };

/** An Ingester of config/examples with the signals that it is shown with. */
export interface Example {
  readonly name: string;
  /** The text of its file. */
  readonly text: string;
  readonly ingester: Ingester;
  /** Paths of what only the API server, or the time of receipt, can say. */
  readonly setByServer: readonly string[];
  readonly signals: readonly SampleSignal[];
}

/** The folder of the examples. */
export const EXAMPLES: URL = new URL("../../config/examples/", import.meta.url);
const SIGNALS = new URL("signals/", import.meta.url);
/** The namespace of the watcher that the examples are written for. */
export const EXAMPLES_HOME = "zen-system";
const OBJECT_SAMPLES = /^(trivy|kyverno|openreports)\//;

/** The names of all examples, in order. */
export function exampleNames(): readonly string[] {
  return [...Deno.readDirSync(EXAMPLES)].flatMap(({ name }) => /^(.*)\.yaml$/.exec(name)?.[1] ?? []).sort();
}

/** All examples, in the order of their names; `now` (RFC 3339) stands where a sample must have happened just now. */
export function examples(now: string): readonly Example[] {
  return exampleNames().map((name) => {
    const text = Deno.readTextFileSync(new URL(`${name}.yaml`, EXAMPLES));
    const { setByServer = [], signals } = parse(
      Deno.readTextFileSync(new URL(`${name}.yaml`, SIGNALS)),
    ) as { readonly setByServer?: readonly string[]; readonly signals: readonly JsonObject[] };
    return {
      name,
      text,
      ingester: ingesterIn(text),
      setByServer: [...ALWAYS_SET_BY_SERVER, ...setByServer],
      signals: signals.flatMap((signal) => signalsOf(filled(signal, now) as JsonObject)),
    };
  });
}

/** The Ingester of an example as the API server would show it. */
function ingesterIn(text: string): Ingester {
  const { apiVersion, kind, metadata, spec } = parse(text) as Ingester;
  const own = { uid: `uid-of-${metadata.name}`, resourceVersion: "1", generation: 1 };
  return {
    apiVersion,
    kind,
    metadata: { ...own, ...metadata, creationTimestamp: "2026-01-01T00:00:00Z" },
    spec,
  };
}

const ALWAYS_SET_BY_SERVER = ["spec.origin.uid", "spec.origin.resourceVersion"];

function signalsOf(signal: JsonObject): readonly SampleSignal[] {
  const { file, object, webhook, log, isRead = true } = signal;
  if (typeof file === "string") {
    const payloads = readSample(file).payloads ?? [];
    if (payloads.length === 0) throw new Error(`Cannot use sample ${file}: it must hold JSON or YAML`);
    return payloads.map((payload) =>
      OBJECT_SAMPLES.test(file) ? objectSignal(payload, true) : {
        kind: "webhook",
        payload,
      }
    );
  }
  if (object !== undefined) return [objectSignal(object, isRead === true)];
  if (isJsonObject(log)) return [{ kind: "log", ...log } as unknown as LogSignal];
  if (webhook !== undefined) return [{ kind: "webhook", payload: webhook }];
  throw new Error(
    `Cannot use a sample: it must have file, object, webhook or log, given ${JSON.stringify(signal)}`,
  );
}

/** What only the cluster knew from which a sample came is left out. */
function objectSignal(payload: Json, isRead: boolean): ObjectSignal {
  if (!isJsonObject(payload) || !isJsonObject(payload.metadata)) {
    throw new Error("An object must have metadata");
  }
  const { name, namespace, labels, annotations, ownerReferences } = payload.metadata;
  const metadata = Object.fromEntries(
    Object.entries({ name, namespace, labels, annotations, ownerReferences: complete(ownerReferences) })
      .filter(([, value]) => value !== undefined),
  ) as JsonObject;
  return { kind: "object", object: { ...payload, metadata }, isRead };
}

function complete(owners: Json | undefined): Json | undefined {
  if (!Array.isArray(owners)) return undefined;
  const whole = owners.filter((owner) => isJsonObject(owner) && owner.uid !== undefined);
  return whole.length === 0 ? undefined : whole;
}

/** `$now`, `$now+<hours>h` and `$file:<sample>` stand for what they name. */
function filled(value: Json, now: string): Json {
  const later = typeof value === "string" ? /^\$now(?:\+(\d+)h)?$/.exec(value) : null;
  if (later !== null) return timeAfter(now, Number(later[1] ?? 0));
  if (typeof value === "string" && value.startsWith("$file:")) return readSample(value.slice(6)).text;
  if (Array.isArray(value)) return value.map((item) => filled(item, now));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item ?? null, now)]));
}

function timeAfter(now: string, hours: number): string {
  return new Date(Date.parse(now) + hours * 3_600_000).toISOString().replace(/\.\d+/, "");
}
