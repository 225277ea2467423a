import { isApiError } from "../kube/errors.ts";
import { GROUP, type Observation, type Origin } from "../model/observation.ts";
import type { ObservationRef } from "../model/verdict.ts";
import type { Log } from "../observe/log.ts";
import type { Clock } from "../run/clock.ts";
import { originLabel } from "./build_observation.ts";
import { contentHash, contentPatch } from "./content.ts";
import type { FollowedReport } from "./followed_report.ts";
import { ingesterLabel } from "./label_value.ts";
import type { ObservationPatch, ObservationStore } from "./observation_store.ts";
import { persist } from "./persist.ts";
import { TermEndedError, type WriteTerms } from "./writer.ts";

/** Which reports one watch brings. */
export interface Coverage {
  /** API group of the reports; "" is the core group. */
  readonly group: string;
  readonly kind: string;
  /** Undefined: all. */
  readonly namespace: string | undefined;
}

/** An Observation that stands, as far as it must be known. */
interface Standing {
  readonly ref: ObservationRef;
  readonly resourceVersion: string | undefined;
  readonly isActive: boolean;
  readonly hash: string;
  readonly count: number;
  readonly origin: Origin | undefined;
}

/** What is known to stand of one report, while its findings are gone through. */
export interface ReportStanding {
  readonly rest: Map<string, Standing>;
  /** What was confirmed or written already: a report may say the same twice. */
  readonly met: Set<string>;
}

type Standings = ReadonlyMap<string, Standing>;

/** A list that goes on: what stood when it began, and which reports it has brought. */
export interface ReportList {
  readonly before: ReadonlyMap<string, Standings>;
  readonly listed: Set<string>;
}

/** What {@link FollowedReports} works with. */
export interface FollowedParts {
  readonly store: ObservationStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly terms: Omit<WriteTerms, "isDryRun">;
  /** The Ingester that owns what is followed. */
  readonly ingester: { readonly namespace: string; readonly name: string };
  /** How many watches bring its reports. */
  readonly watches: number;
  /** Whether another Ingester still sees to what it owns: it is there, and not suspended. */
  readonly isOwnerActive: (ingester: { readonly namespace: string; readonly name: string }) => boolean;
}

/** Lists that begin within this time of each other share what they know to stand. */
const TOGETHER_MILLISECONDS = 10_000;
const INGESTER_LABEL = `${GROUP}/ingester`;
const ORIGIN_LABEL = `${GROUP}/origin`;

/**
 * Keeps the Observations of one Ingester true to its reports: what a report says no longer is Resolved, what it says again is
 * Active, what it says otherwise is changed in place. It remembers nothing between reports but while a list goes on; what
 * stands is read from the API (contract, section 5).
 */
export class FollowedReports {
  readonly #parts: FollowedParts;
  readonly #log: Log;
  /** What stood when the last list began, by origin label; lists that begin together share it. */
  #snapshot:
    | { readonly takenAt: number; readonly all: Promise<ReadonlyMap<string, Standings>> }
    | undefined;
  readonly #covered = new Map<string, Coverage>();

  constructor(parts: FollowedParts) {
    this.#parts = parts;
    this.#log = parts.log.component("pipeline");
  }

  /**
   * What stands of a report now, before its findings are written.
   *
   * @param list the list that brings it, if one goes on: it has read what stands
   */
  async standing(origin: Origin, list: ReportList | undefined, signal: AbortSignal): Promise<ReportStanding> {
    const label = originLabel(origin);
    if (list !== undefined) {
      list.listed.add(label);
      return { rest: new Map(list.before.get(label)), met: new Set() };
    }
    const read = await this.#persist(async (inner) => {
      const found = new Map<string, Standing>();
      for await (const observation of this.#parts.store.list(this.#labels(label), inner)) {
        add(found, observation);
      }
      return found;
    }, signal);
    return { rest: read ?? new Map(), met: new Set() };
  }

  /**
   * A finding is in its report. True when its Observation is known to stand, and says that now; false when it is to be
   * created.
   */
  async confirm(standing: ReportStanding, wanted: Observation, signal: AbortSignal): Promise<boolean> {
    const key = keyOf(wanted.metadata);
    if (standing.met.has(key)) return true;
    standing.met.add(key);
    const before = standing.rest.get(key);
    if (before === undefined) return false;
    standing.rest.delete(key);
    const saysSo = before.hash === contentHash(wanted) &&
      (wanted.status?.count ?? before.count) === before.count;
    if (before.isActive && saysSo) return true;
    await this.#adopt(wanted, signal);
    return true;
  }

  /** The report says nothing more than what was confirmed: the rest is Resolved. */
  async resolveRest(standing: ReportStanding, signal: AbortSignal): Promise<void> {
    await this.#resolveAll(standing.rest, signal);
  }

  /** One report while it is taken; `list` is the list that brings it, if one goes on. */
  report(origin: Origin, list: ReportList | undefined): FollowedReport {
    let standing: ReportStanding = { rest: new Map(), met: new Set() };
    return {
      begin: async (signal) => {
        standing = await this.standing(origin, list, signal);
      },
      confirm: (wanted, signal) => this.confirm(standing, wanted, signal),
      meet: (wanted, signal) => this.#adopt(wanted, signal),
      end: (signal) => this.resolveRest(standing, signal),
    };
  }

  /** A report was deleted. */
  async deleted(origin: Origin, signal: AbortSignal): Promise<void> {
    await this.resolveRest(await this.standing(origin, undefined, signal), signal);
  }

  /** A watch begins to list everything: what stands is read once for all reports, and for all watches that begin with it. */
  async beginList(signal: AbortSignal): Promise<ReportList> {
    const now = this.#parts.clock.monotonic();
    if (this.#snapshot === undefined || now - this.#snapshot.takenAt > TOGETHER_MILLISECONDS) {
      this.#snapshot = { takenAt: now, all: this.#readAll(signal) };
    }
    return { before: await this.#snapshot.all, listed: new Set() };
  }

  /** A report was listed that says what it said before. */
  unchanged(origin: Origin, list: ReportList): void {
    list.listed.add(originLabel(origin));
  }

  /** A watch has listed everything: of the reports that it did not list, what stands is Resolved. */
  async endList(list: ReportList, coverage: Coverage, signal: AbortSignal): Promise<void> {
    this.#covered.set(JSON.stringify(coverage), coverage);
    await this.#resolveGone(list, (origin) => covers(coverage, origin), signal);
    // When each watch has said what it brings, what none of them brings is asked for no longer.
    if (this.#covered.size < this.#parts.watches) return;
    this.#snapshot = undefined;
    const all = [...this.#covered.values()];
    await this.#resolveGone(list, (origin) => !all.some((one) => covers(one, origin)), signal);
  }

  async #resolveGone(
    list: ReportList,
    isMeant: (origin: Origin) => boolean,
    signal: AbortSignal,
  ): Promise<void> {
    for (const [label, standing] of list.before) {
      const [first] = standing.values();
      if (list.listed.has(label) || first?.origin === undefined || !isMeant(first.origin)) continue;
      list.listed.add(label);
      await this.#resolveAll(standing, signal);
    }
  }

  async #resolveAll(standing: Standings, signal: AbortSignal): Promise<void> {
    for (const one of standing.values()) if (one.isActive) await this.#resolve(one, signal);
  }

  async #readAll(signal: AbortSignal): Promise<ReadonlyMap<string, Standings>> {
    const read = await this.#persist(async (inner) => {
      const all = new Map<string, Map<string, Standing>>();
      for await (const observation of this.#parts.store.list(this.#labels(undefined), inner)) {
        const label = observation.metadata.labels?.[ORIGIN_LABEL];
        if (label === undefined) continue;
        const standing = all.get(label) ?? new Map<string, Standing>();
        all.set(label, standing);
        add(standing, observation);
      }
      return all;
    }, signal);
    return read ?? new Map();
  }

  /** Makes an Observation say what is wanted, and be Active, where it is ours to do so. */
  async #adopt(wanted: Observation, signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#parts;
    const { namespace, name } = wanted.metadata;
    await this.#persist(async (inner) => {
      const there = await store.get({ namespace, name }, inner);
      if (there === undefined || !this.#isOurs(there, wanted)) return;
      let { resourceVersion } = there.metadata;
      const isSame = contentHash(there) === contentHash(wanted) &&
        sameText(there.spec.ingester, wanted.spec.ingester) &&
        sameOrigin(there.spec.origin, wanted.spec.origin);
      if (!isSame) {
        const { spec, labels } = contentPatch(wanted);
        const patch = { metadata: { resourceVersion, labels }, spec };
        ({ resourceVersion } = await this.#patch({ namespace, name }, patch, undefined, inner));
      }
      const lastSeen = new Date(clock.now()).toISOString();
      const count = wanted.status?.count;
      const status = {
        ...(there.status?.phase === "Resolved" ? { phase: "Active", resolvedAt: null, lastSeen } : {}),
        ...(count === undefined || count === countOf(there) ? {} : { count }),
      };
      if (Object.keys(status).length === 0) return;
      await this.#patch({ namespace, name }, { metadata: { resourceVersion }, status }, "status", inner);
    }, signal);
  }

  /** One finding is one Observation, of whoever saw it first, until that one lets it go (contract, section 5). */
  #isOurs(there: Observation, wanted: Observation): boolean {
    const owner = there.spec.ingester;
    const isGone = there.status?.phase === "Resolved";
    if (sameText(owner, wanted.spec.ingester)) {
      return isGone || sameOrigin(there.spec.origin, wanted.spec.origin);
    }
    return isGone || owner === undefined || !this.#parts.isOwnerActive(owner);
  }

  async #resolve(one: Standing, signal: AbortSignal): Promise<void> {
    const { store, clock, ingester } = this.#parts;
    const now = new Date(clock.now()).toISOString();
    let version = one.resourceVersion;
    await this.#persist(async (inner) => {
      try {
        const status = { phase: "Resolved", resolvedAt: now };
        await this.#patch(one.ref, { metadata: { resourceVersion: version }, status }, "status", inner);
      } catch (error) {
        if (isApiError(error, "not-found")) return;
        if (!isApiError(error, "conflict")) throw error;
        const there = await store.get(one.ref, inner);
        // Somebody took it over, or it was resolved already.
        if (there === undefined || there.status?.phase === "Resolved") return;
        if (!sameText(there.spec.ingester, ingester) || !sameOrigin(there.spec.origin, one.origin)) return;
        version = there.metadata.resourceVersion;
        throw error;
      }
    }, signal);
  }

  /** Asked at the last moment: the term may have ended while an answer was awaited. */
  async #patch(
    ref: ObservationRef,
    patch: ObservationPatch,
    subresource: "status" | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly resourceVersion: string | undefined }> {
    if (!this.#parts.terms.mayWrite()) throw new TermEndedError();
    return await this.#parts.store.patch(ref, patch, subresource, signal);
  }

  /** Undefined: the API server refuses it for good, which is said. */
  async #persist<T>(task: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    const persisted = await persist(task, this.#parts.terms, this.#parts.clock, signal);
    if (persisted.kind === "done") return persisted.value;
    const { namespace, name } = this.#parts.ingester;
    this.#log.error("Observations cannot be kept true to their report", {
      namespace,
      ingester: name,
      error: persisted.message,
    });
    return undefined;
  }

  #labels(origin: string | undefined): Readonly<Record<string, string>> {
    const { namespace, name } = this.#parts.ingester;
    return {
      [INGESTER_LABEL]: ingesterLabel(namespace, name),
      ...(origin === undefined ? {} : { [ORIGIN_LABEL]: origin }),
    };
  }
}

function add(standing: Map<string, Standing>, observation: Observation): void {
  // What happened lives for its ttl: that its object says it no longer ends nothing.
  if (observation.spec.ttlSecondsAfterCreation !== undefined) return;
  const { namespace, name, resourceVersion } = observation.metadata;
  standing.set(keyOf(observation.metadata), {
    ref: { namespace, name },
    resourceVersion,
    isActive: observation.status?.phase !== "Resolved",
    hash: contentHash(observation),
    count: countOf(observation),
    origin: observation.spec.origin,
  });
}

function countOf({ status }: Observation): number {
  return status?.count ?? 1;
}

function keyOf({ namespace, name }: ObservationRef): string {
  return `${namespace}/${name}`;
}

function groupOf(apiVersion: string | undefined): string {
  return apiVersion?.includes("/") === true ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
}

function covers(coverage: Coverage, origin: Origin): boolean {
  return coverage.kind === origin.kind && coverage.group === groupOf(origin.apiVersion) &&
    (coverage.namespace === undefined || coverage.namespace === origin.namespace);
}

/** Whether both are of the same report; one that was made anew under its name is the same. */
function sameOrigin(a: Origin | undefined, b: Origin | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return originLabel(a) === originLabel(b);
}

function sameText(
  a: { readonly namespace: string; readonly name: string } | undefined,
  b: { readonly namespace: string; readonly name: string } | undefined,
): boolean {
  return a?.namespace === b?.namespace && a?.name === b?.name;
}
