import { type Allowance, SIGNAL_UNITS } from "../filter/cel_allowance.ts";
import { type CelValue, celValue } from "../filter/cel_value.ts";
import type { ExpressionField, Seen } from "../filter/seen.ts";
import type { Finding, Normalized } from "../model/finding.ts";
import { isJsonObject, type Json } from "../model/json.ts";
import type { Signal } from "../model/signal.ts";
import type { FilteredReason } from "../model/verdict.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { buildObservation } from "../write/build_observation.ts";
import { place, type PlaceSettings } from "../write/place.ts";
import type { Lane } from "./lane.ts";
import { nameOf } from "./name_of.ts";

/** A filter for all Ingesters, beside their own. */
export interface ClusterFilter {
  /** Why a finding of a source is left out, or undefined when it passes. */
  filter(source: string, finding: Finding, seen: Seen): FilteredReason | undefined;
}

/** What is worked out once for all findings of a signal. */
interface Opened {
  readonly allowance: Allowance;
  readonly converted: WeakMap<object, CelValue>;
}

/** What it works with. */
export interface AdmissionParts {
  readonly place: PlaceSettings;
  readonly metrics: Metrics;
  readonly log: Log;
  /** The filter for all Ingesters, when there is one. */
  readonly clusterFilter?: ClusterFilter | undefined;
}

/** What an Ingester and the operator say of findings: how they read, who they are, and which are left out. */
export class Admission {
  readonly #place: PlaceSettings;
  readonly #metrics: Metrics;
  readonly #log: Log;
  readonly #clusterFilter: ClusterFilter | undefined;
  readonly #opened = new WeakMap<Signal, Opened>();
  /** In which object of its signal a finding was found. */
  readonly #payloads = new WeakMap<Finding, Json>();
  readonly #told = new WeakMap<Lane, Set<ExpressionField>>();

  constructor(parts: AdmissionParts) {
    this.#place = parts.place;
    this.#metrics = parts.metrics;
    this.#log = parts.log;
    this.#clusterFilter = parts.clusterFilter;
  }

  /** What was found, as the Ingester's normalization and deduplication want it. */
  conform(found: Normalized, signal: Signal, lane: Lane): Normalized {
    if (found.kind !== "finding") return found;
    const payload = found.payload ?? signal.payload;
    this.#payloads.set(found.finding, payload);
    if ((lane.conform ?? lane.identify) === undefined) return found;
    const seen = this.#see(payload, signal, lane);
    const finding = lane.conform?.(found.finding, seen) ?? found.finding;
    const identity = lane.identify?.(finding, {
      payload: seen.payload,
      observation: () => seen.observationOf(finding),
      receivedAt: signal.receivedAt,
      origin: signal.origin,
    });
    const conformed = { ...finding, ...identity };
    this.#payloads.set(conformed, payload);
    return { ...found, finding: conformed };
  }

  /** Why a finding is left out, by the filter for all or by the Ingester's own. */
  filter(finding: Finding, signal: Signal, lane: Lane): FilteredReason | undefined {
    const seen = this.#see(this.#payloads.get(finding) ?? signal.payload, signal, lane);
    return lane.filter(finding, seen) ?? this.#clusterFilter?.filter(lane.source, finding, seen);
  }

  #see(payload: Json, signal: Signal, lane: Lane): Seen {
    const { allowance, converted } = this.#open(signal);
    return {
      payload,
      allowance,
      signal: () => {
        if (!isJsonObject(payload)) return celValue(payload);
        const before = converted.get(payload);
        if (before !== undefined) return before;
        const value = celValue(payload);
        converted.set(payload, value);
        return value;
      },
      observationOf: (finding) => this.#observationOf(finding, signal, lane),
      onProblem: (field, message) => this.#onProblem(field, message, lane),
    };
  }

  #open(signal: Signal): Opened {
    const before = this.#opened.get(signal);
    if (before !== undefined) return before;
    const opened = { allowance: { left: SIGNAL_UNITS }, converted: new WeakMap<object, CelValue>() };
    this.#opened.set(signal, opened);
    return opened;
  }

  #observationOf(finding: Finding, signal: Signal, lane: Lane): Json {
    const id = nameOf(finding, signal, lane);
    const observation: unknown = buildObservation(finding, id, {
      source: lane.source,
      namespace: place(
        finding.resource?.namespace,
        lane.ingester.namespace,
        lane.namespaces,
        this.#place,
      ),
      ingester: lane.ingester,
      origin: signal.origin,
      receivedAt: signal.receivedAt,
      ttlSeconds: lane.ttlSeconds(finding.severity),
    });
    return observation as Json;
  }

  /** Counted each time, told once for each Ingester as it stands. */
  #onProblem(field: ExpressionField, message: string, lane: Lane): void {
    this.#metrics.expressionErrors.inc({ source: lane.source, field });
    const told = this.#told.get(lane) ?? new Set<ExpressionField>();
    this.#told.set(lane, told);
    if (told.has(field)) return;
    told.add(field);
    this.#log.warn("Expression could not be evaluated; later ones are only counted", {
      source: lane.source,
      namespace: lane.ingester.namespace,
      ingester: lane.ingester.name,
      field,
      reason: message,
    });
  }
}
