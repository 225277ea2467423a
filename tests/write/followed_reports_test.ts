import assert from "node:assert/strict";
import { ApiError } from "../../src/kube/errors.ts";
import type { Observation, Origin } from "../../src/model/observation.ts";
import { FollowedReports, type ReportList } from "../../src/write/followed_reports.ts";
import { ObservationStore } from "../../src/write/observation_store.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryObservations } from "../support/memory_observations.ts";
import { observationOf, reportOf } from "../support/observation_of.ts";
import { silentLog } from "../support/silent_log.ts";

const never = new AbortController().signal;
const COVERAGE = { group: "aquasecurity.github.io", kind: "VulnerabilityReport", namespace: "a" };

interface Scene {
  readonly api: MemoryObservations;
  readonly clock: FakeClock;
  readonly reports: FollowedReports;
  /** Takes a report with these findings, as the pipeline does; says what was to be created. */
  take(origin: Origin, findings: readonly Observation[], list?: ReportList): Promise<string[]>;
  /** `name phase` of everything that stands. */
  standing(): string[];
}

function scene(
  more: {
    ingester?: string;
    watches?: number;
    isOwnerActive?: (name: string) => boolean;
    api?: MemoryObservations;
    mayWrite?: () => boolean;
  } = {},
): Scene {
  const api = more.api ?? new MemoryObservations();
  const clock = new FakeClock();
  const reports = new FollowedReports({
    store: new ObservationStore(api, undefined),
    clock,
    log: silentLog,
    terms: {
      patienceMilliseconds: Infinity,
      mayWrite: more.mayWrite ?? ((): boolean => true),
      onStall: () => {},
    },
    ingester: { namespace: "zen", name: more.ingester ?? "trivy" },
    watches: more.watches ?? 1,
    isOwnerActive: ({ name }) => more.isOwnerActive?.(name) ?? true,
  });
  return {
    api,
    clock,
    reports,
    async take(origin, findings, list) {
      const created: string[] = [];
      const report = reports.report(origin, list);
      await report.begin(never);
      for (const wanted of findings) {
        if (await report.confirm(wanted, never)) continue;
        const { namespace, name } = wanted.metadata;
        if (api.stored.has(`${namespace}/${name}`)) await report.meet(wanted, never);
        else {
          api.put(wanted);
          created.push(name);
        }
      }
      await report.end(never);
      return created;
    },
    standing: () =>
      [...api.stored.values()].map(({ metadata, status }) => `${metadata.name} ${status?.phase}`).sort(),
  };
}

Deno.test("What happened is not ended by its object, which says it no longer", async () => {
  const { take, standing, reports } = scene();
  const happened = observationOf("a", { finding: { isState: false } });
  await take(reportOf("web"), [happened, observationOf("b")]);
  await take(reportOf("web"), []);
  await reports.endList(await reports.beginList(never), COVERAGE, never);
  assert.deepEqual(standing(), ["a Active", "b Resolved"]);
});

Deno.test("A finding that is gone from its report is Resolved, and Active again when it comes back", async () => {
  const { take, standing, api } = scene();
  assert.deepEqual(await take(reportOf("web"), [observationOf("a"), observationOf("b")]), ["a", "b"]);
  await take(reportOf("web"), [observationOf("a")]);
  assert.deepEqual(standing(), ["a Active", "b Resolved"]);
  assert.ok(api.named("b")?.status?.resolvedAt !== undefined);
  assert.deepEqual(await take(reportOf("web"), [observationOf("a"), observationOf("b")]), []);
  assert.deepEqual(standing(), ["a Active", "b Active"]);
  assert.equal(api.named("b")?.status?.resolvedAt, undefined);
});

Deno.test("What stands and says the same is not written again", async () => {
  const { take, api } = scene();
  const findings = [observationOf("a"), observationOf("b"), observationOf("c")];
  await take(reportOf("web"), findings);
  const before = api.requests.filter(({ method }) => method !== "GET").length;
  await take({ ...reportOf("web"), uid: "another", resourceVersion: "7" }, findings);
  assert.equal(api.requests.filter(({ method }) => method !== "GET").length, before);
});

Deno.test("A finding whose content has changed is changed in place, labels too", async () => {
  const { take, api } = scene();
  await take(reportOf("web"), [
    observationOf("a", { finding: { description: "old", details: { fixed: "1" } } }),
  ]);
  const changed = observationOf("a", {
    finding: { severity: "critical", title: "worse", details: { other: 1 } },
  });
  assert.deepEqual(await take(reportOf("web"), [changed]), []);
  const there = api.named("a");
  assert.deepEqual([there?.spec.severity, there?.spec.title, there?.spec.description], [
    "critical",
    "worse",
    undefined,
  ]);
  assert.equal(there?.metadata.labels?.["zen.kube-zen.io/severity"], "critical");
});

Deno.test("A report that is deleted has nothing that stands, and no other report is touched", async () => {
  const { take, reports, standing } = scene();
  await take(reportOf("web"), [observationOf("a"), observationOf("b")]);
  await take(reportOf("db"), [observationOf("c", { origin: reportOf("db") })]);
  await reports.deleted(reportOf("web"), never);
  assert.deepEqual(standing(), ["a Resolved", "b Resolved", "c Active"]);
});

Deno.test("A list resolves what stands of reports that are no more, and of no other resource", async () => {
  const { take, reports, standing, api } = scene({ watches: 2 });
  await take(reportOf("web"), [observationOf("a")]);
  await take(reportOf("gone"), [observationOf("b", { origin: reportOf("gone") })]);
  const other = { ...reportOf("gone"), kind: "ConfigAuditReport" };
  await take(other, [observationOf("c", { origin: other })]);
  const elsewhere = { ...reportOf("gone"), namespace: "z" };
  await take(elsewhere, [observationOf("d", { origin: elsewhere })]);
  const lists = api.count("GET");
  const list = await reports.beginList(never);
  await take(reportOf("web"), [observationOf("a")], list);
  assert.ok(api.count("GET") - lists <= 3, "what stands is read once, not for each report");
  await reports.endList(list, COVERAGE, never);
  assert.deepEqual(standing(), ["a Active", "b Resolved", "c Active", "d Active"]);
});

Deno.test("A report that is listed unchanged keeps what stands of it", async () => {
  const { take, reports, standing } = scene();
  await take(reportOf("web"), [observationOf("a")]);
  const list = await reports.beginList(never);
  reports.unchanged(reportOf("web"), list);
  await reports.endList(list, COVERAGE, never);
  assert.deepEqual(standing(), ["a Active"]);
});

Deno.test("When every watch has listed, what none of them brings any more is Resolved", async () => {
  const { take, reports, standing } = scene({ watches: 2 });
  await take(reportOf("web"), [observationOf("a")]);
  const dropped = { ...reportOf("web"), namespace: "no-longer-selected" };
  await take(dropped, [observationOf("b", { origin: dropped })]);
  const first = await reports.beginList(never);
  const second = await reports.beginList(never);
  await take(reportOf("web"), [observationOf("a")], first);
  await reports.endList(first, COVERAGE, never);
  assert.deepEqual(standing(), ["a Active", "b Active"]);
  await reports.endList(second, { ...COVERAGE, kind: "ConfigAuditReport" }, never);
  assert.deepEqual(standing(), ["a Active", "b Resolved"]);
});

Deno.test("Another Ingester's Observation is patched by nobody else, until that one lets it go", async () => {
  const api = new MemoryObservations();
  const owner = scene({ api });
  await owner.take(reportOf("web"), [observationOf("a")]);
  let isActive = true;
  const other = scene({ api, ingester: "second", isOwnerActive: () => isActive });
  const sight = observationOf("a", { ingester: "second", finding: { severity: "low" } });
  await other.take(reportOf("web"), [sight]);
  assert.deepEqual([api.named("a")?.spec.ingester?.name, api.named("a")?.spec.severity], ["trivy", "high"]);
  await other.take(reportOf("web"), []);
  assert.deepEqual(owner.standing(), ["a Active"], "who does not own it does not resolve it");
  isActive = false;
  await other.take(reportOf("web"), [sight]);
  assert.deepEqual([api.named("a")?.spec.ingester?.name, api.named("a")?.spec.severity], ["second", "low"]);
  assert.equal(api.named("a")?.metadata.labels?.["zen.kube-zen.io/ingester"], "zen.second");
});

Deno.test("A finding of two reports is resolved only by the one that it was read from", async () => {
  const { take, standing } = scene();
  await take(reportOf("web"), [observationOf("a")]);
  await take(reportOf("same"), [observationOf("a", { origin: reportOf("same") })]);
  await take(reportOf("same"), []);
  assert.deepEqual(standing(), ["a Active"]);
  await take(reportOf("web"), []);
  assert.deepEqual(standing(), ["a Resolved"]);
});

Deno.test("The same finding twice in one report is written once", async () => {
  const { take, api } = scene();
  await take(reportOf("web"), [observationOf("a"), observationOf("a", { finding: { severity: "low" } })]);
  assert.equal(api.named("a")?.spec.severity, "high");
  const before = api.requests.filter(({ method }) => method === "PATCH").length;
  await take(reportOf("web"), [observationOf("a"), observationOf("a", { finding: { severity: "low" } })]);
  assert.equal(api.requests.filter(({ method }) => method === "PATCH").length, before);
});

Deno.test("A term that ends while an answer is awaited writes nothing any more", async () => {
  let holds = true;
  const { take, standing, api } = scene({ mayWrite: () => holds });
  await take(reportOf("web"), [observationOf("a"), observationOf("b")]);
  await take(reportOf("web"), [observationOf("a")]);
  api.before = ({ method, path }) => {
    if (method === "GET" && path.endsWith("/b")) holds = false;
  };
  await assert.rejects(
    take(reportOf("web"), [observationOf("a"), observationOf("b")]),
    /the term as a leader/,
  );
  assert.deepEqual(standing(), ["a Active", "b Resolved"]);
});

Deno.test("A conflict is read again, and a server that is away is waited for", async () => {
  const { take, standing, api, clock } = scene();
  await take(reportOf("web"), [observationOf("a"), observationOf("b")]);
  let failures = 3;
  api.before = ({ method, path }) => {
    if (method !== "PATCH" || failures === 0) return;
    failures--;
    if (failures === 2) {
      const there = api.named("b");
      if (there !== undefined) api.put({ ...there, status: { ...there.status, count: 5 } });
    } else throw new ApiError(`${path} is away`, { code: 503 });
  };
  const taking = take(reportOf("web"), [observationOf("a")]);
  await clock.advance(10_000);
  await taking;
  assert.deepEqual(standing(), ["a Active", "b Resolved"]);
  assert.equal(api.named("b")?.status?.count, 5);
});
