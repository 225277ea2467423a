import assert from "node:assert/strict";
import { stringify } from "yaml";
import { at, type Json } from "../../src/model/json.ts";
import type { IngesterSpec } from "../../src/model/ingester.ts";
import type { Observation } from "../../src/model/observation.ts";
import { systemClock } from "../../src/run/clock.ts";
import { withNulls } from "../churn/merge.ts";
import type { Probe } from "../fields/effects.ts";
import { FIELD_ROWS, type FieldRow } from "../fields/table.ts";
import type { Replica } from "../support/process.ts";
import { until } from "../support/until.ts";
import {
  type AdminClient,
  adminClient,
  EVENTS,
  ingesterObject,
  INGESTERS,
  OBSERVATIONS,
  podEvent,
} from "./admin_client.ts";
import { nodeOf, startFakeKubelet } from "./fake_kubelet.ts";
import { createRunningPod } from "./running_pod.ts";
import { assertStopsSound } from "./soundness.ts";
import { GUARD_MILLISECONDS, HOME, install, untilLeading } from "./installation.ts";

const NAMESPACE = "shop";
const SECOND = "shop-two";
const PATH = "/hooks/edited";
const STREAM_MILLISECONDS = 10;
/** A guard only; what was measured is printed. */
const EFFECT_GUARD_MILLISECONDS = 10_000;

/** How long edits took until they were seen, by what was edited. */
class Times {
  readonly #all: (readonly [string, number])[] = [];

  async measure(what: string, isSeen: () => Promise<boolean>): Promise<void> {
    const start = systemClock.monotonic();
    await until(`${what} is seen`, isSeen, EFFECT_GUARD_MILLISECONDS);
    this.#all.push([what, systemClock.monotonic() - start]);
  }

  print(): void {
    const sorted = [...this.#all].sort(([, a], [, b]) => b - a);
    const median = sorted[Math.floor(sorted.length / 2)]?.[1] ?? Number.NaN;
    const slowest = sorted.slice(0, 3).map(([what, time]) => `${what} ${Math.round(time)} ms`).join(", ");
    console.log(`${sorted.length} edits: median ${Math.round(median)} ms; slowest ${slowest}`);
  }
}

/** An Ingester that is edited, and never anything else. */
class Edited {
  #spec: IngesterSpec | undefined;
  readonly #admin: AdminClient;
  readonly #name: string;

  constructor(admin: AdminClient, name: string) {
    this.#admin = admin;
    this.#name = name;
  }

  async to(spec: IngesterSpec): Promise<void> {
    if (this.#spec === undefined) await this.#admin.create(INGESTERS, HOME, ingesterObject(this.#name, spec));
    else await this.#admin.patch(INGESTERS, HOME, this.#name, { spec: withNulls(this.#spec, spec) });
    this.#spec = spec;
  }
}

interface Answer {
  readonly received: number;
  readonly created: number;
  readonly deduplicated: number;
  readonly filtered: number;
  readonly spooled: number;
  readonly observations: readonly { readonly namespace: string; readonly name: string }[];
}

/** What becomes of a signal of the stream and of a probe. */
const shell = (nonce: string): Json => ({
  rule: "Terminal shell in container",
  priority: "Warning",
  output: "A shell",
  time: "2026-01-02T11:59:00Z",
  output_fields: { "k8s.ns.name": NAMESPACE, "k8s.pod.name": "web", "container.id": nonce },
});

/** Sends one signal after the other until it is ended; every one of them must be taken, whatever its Ingester becomes. */
function stream(
  replica: Replica,
): { end(): Promise<{ readonly told: readonly string[]; readonly sent: number }> } {
  const stop = new AbortController();
  const told: string[] = [];
  let sent = 0;
  const sending = (async () => {
    while (!stop.signal.aborted) {
      const { status, text, json } = await replica.webhook(PATH, shell(`stream-${sent++}`));
      assert.ok([200, 201, 202].includes(status), `A signal of the stream was answered ${status}: ${text}`);
      const answer = json as Answer;
      assert.equal(answer.received, 1);
      assert.equal(answer.created + answer.deduplicated + answer.filtered + answer.spooled, 1, text);
      told.push(...answer.observations.map(({ namespace, name }) => `${namespace}/${name}`));
      await systemClock.sleep(STREAM_MILLISECONDS, stop.signal).catch(() => {});
    }
  })();
  // It may fail while an edit is waited for; whoever ends it is told.
  sending.catch(() => {});
  return {
    async end() {
      stop.abort();
      await sending;
      return { told, sent };
    },
  };
}

let probes = 0;

/** What one sees in the cluster of what a row says. */
async function seenOf({ payloads, shows }: Probe, replica: Replica, admin: AdminClient): Promise<Json> {
  const nonce = `probe-${probes++}`;
  const answers: Answer[] = [];
  for (const payload of payloads) {
    const { status, json } = await replica.webhook(PATH, payload(nonce));
    if (status >= 400) return `status ${status}`;
    answers.push(json as Answer);
  }
  switch (shows.kind) {
    case "verdicts":
      return answers.map((answer) =>
        (["created", "deduplicated", "filtered"] as const).find((one) => answer[one] > 0) ?? "spooled"
      );
    case "staying":
      return answers.filter(({ created }) => created > 0).length;
    case "written": {
      const ref = answers.at(-1)?.observations[0];
      if (ref === undefined) return "no Observation";
      const found = await admin.get(OBSERVATIONS, ref.namespace, ref.name);
      return at(found as unknown as Json, ...shows.path.split(".")) ?? null;
    }
    default:
      return shows satisfies never;
  }
}

/** `filtered severity` is `filtered` on the wire: the reason is in the metrics. */
function onTheWire(value: Json): Json {
  return Array.isArray(value) ? value.map((one) => String(one).split(" ")[0] ?? "") : value;
}

function atPath(spec: IngesterSpec): IngesterSpec {
  return { ...spec, webhook: { ...spec.webhook, path: PATH } };
}

type ProbedRow = FieldRow & { readonly see: Probe };

/** The default of the settings that the compiled table has another value for. */
const TTL = { OBSERVATION_TTL_SECONDS: "3600" };

Deno.test("every field that shapes a finding is in effect at once when it is edited, and no signal is lost", async () => {
  await using installed = await install();
  using admin = adminClient(installed.plane.kubeconfig);
  await installed.createNamespaces(NAMESPACE);
  await using replica = await installed.start(0, TTL);
  await untilLeading(replica);
  const edited = new Edited(admin, "edited");
  const times = new Times();
  const rows = FIELD_ROWS.filter((row): row is ProbedRow => typeof row.see !== "function");
  const told: string[] = [];
  let sent = 0;
  let streaming: ReturnType<typeof stream> | undefined;
  for (const row of rows) {
    // The audit log has other signals; what the stream sends would be none of them.
    const takesStream = row.spec.source !== "audit";
    if (!takesStream && streaming !== undefined) {
      const ended = await streaming.end();
      told.push(...ended.told);
      sent += ended.sent;
      streaming = undefined;
    }
    for (const [spec, wanted] of [[row.without, row.otherwise], [row.spec, row.gives]] as const) {
      await edited.to(atPath(spec));
      let last: Json = null;
      await times.measure(row.field, async () => {
        last = await seenOf(row.see, replica, admin);
        return JSON.stringify(last) === JSON.stringify(onTheWire(inNamespace(wanted)));
      }).catch((cause) => {
        throw new Error(`${row.field} must give ${JSON.stringify(wanted)}, given ${JSON.stringify(last)}`, {
          cause,
        });
      });
    }
    if (takesStream) streaming ??= stream(replica);
  }
  if (streaming !== undefined) {
    const ended = await streaming.end();
    told.push(...ended.told);
    sent += ended.sent;
  }
  times.print();
  const there = new Set(
    (await installed.oracle.observations()).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
  );
  assert.ok(sent > 20, `only ${sent} signals came in meanwhile`);
  console.log(`${sent} signals meanwhile, ${new Set(told).size} Observations told of`);
  assert.deepEqual(told.filter((ref) => !there.has(ref)), []);
  await assertStopsSound(replica);
});

/** The namespace of the watcher is another one than that of the unit tests. */
function inNamespace(value: Json): Json {
  return value === "zen" ? HOME : value;
}

/** Edits of a door, each with what its sender is answered from then on. */
const DOORS: readonly (readonly [string, NonNullable<IngesterSpec["webhook"]>, number])[] = [
  ["auth.type", { auth: { type: "bearer", secretName: "falco-token" } }, 401],
  ["allowedCIDRs", { auth: { type: "none" }, allowedCIDRs: ["198.51.100.0/24"] }, 403],
  ["path", { auth: { type: "none" }, path: "/hooks/moved" }, 404],
  ["methods", { auth: { type: "none" }, methods: ["PUT"] }, 405],
  ["maxBodyBytes", { auth: { type: "none" }, maxBodyBytes: 10 }, 413],
  ["rateLimit", { auth: { type: "none" }, rateLimit: { requestsPerSecond: 0.01, burst: 1 } }, 429],
  ["ack", { auth: { type: "none" }, ack: "spooled" }, 202],
];

Deno.test("every edit of a door and of what is read is in effect at once, and no Event is lost", async (test) => {
  await using installed = await install();
  using admin = adminClient(installed.plane.kubeconfig);
  const { plane } = installed;
  await installed.createNamespaces(NAMESPACE, SECOND);
  await using replica = await installed.start(0);
  await untilLeading(replica);
  const times = new Times();

  await test.step("doors", async () => {
    const edited = new Edited(admin, "door");
    const open: IngesterSpec = { source: "door", webhook: { auth: { type: "none" } } };
    const status = async (): Promise<number> =>
      (await replica.webhook("/ingest/door", { nonce: `door-${probes++}` })).status;
    for (const [field, webhook, wanted] of DOORS) {
      await edited.to(open);
      await times.measure(`${field} taken back`, async () => await status() === 201);
      await edited.to({ source: "door", webhook });
      await times.measure(field, async () => await status() === wanted);
    }
    await edited.to(open);
    await times.measure("ack taken back", async () => await status() === 201);
    await edited.to({ ...open, suspend: true });
    await times.measure("suspend", async () => await status() === 503);
    await edited.to({ ...open, rateLimit: { requestsPerSecond: 1, burst: 1 } });
    await times.measure("spec.rateLimit", async () => await status() === 202);
    await edited.to(open);
    await times.measure("spec.rateLimit taken back", async () => await status() === 201);
    await edited.to({ ...open, rateLimit: { requestsPerSecond: 0.01, burst: 1 } });
    await times.measure("spec.rateLimit of much less", async () => {
      const { text } = await replica.webhook("/ingest/door", [{ nonce: probes++ }, { nonce: probes++ }]);
      return text.includes('"spooled":1');
    });
    await edited.to({ ...open, rateLimit: { requestsPerSecond: 1000 } });
    await times.measure("spec.rateLimit raised, of what waits in the spool", async () => {
      return (await replica.metrics()).sum("zen_watcher_signals_in_flight", { source: "door" }) === 0;
    });
  });

  await test.step("what is read", async () => {
    const edited = new Edited(admin, "read");
    const gvr = { group: "", version: "v1", resource: "events" } as const;
    const base: IngesterSpec = {
      source: "read",
      ingester: "informer",
      namespaces: [NAMESPACE],
      informer: { gvr },
    };
    const stop = new AbortController();
    const streamed: string[] = [];
    const create = async (name: string, namespace: string, labels: Record<string, string>): Promise<void> => {
      const event = podEvent(namespace, name) as { readonly metadata: object };
      await admin.create(EVENTS, namespace, { ...event, metadata: { ...event.metadata, labels } });
    };
    const streaming = (async () => {
      while (!stop.signal.aborted) {
        const name = `stream.${streamed.length}`;
        await create(name, NAMESPACE, { kept: "yes" });
        streamed.push(name);
        await systemClock.sleep(STREAM_MILLISECONDS, stop.signal).catch(() => {});
      }
    })();
    const observed = async (): Promise<ReadonlySet<string>> =>
      new Set((await installed.oracle.observations()).map(({ spec }) => spec.origin?.name ?? ""));
    /** Seen as soon as an Event that only the edited Ingester asks for is observed; each time it is looked for, a new one. */
    const measureBy = async (
      field: string,
      namespace: string,
      labels: Record<string, string>,
    ): Promise<void> => {
      const first = probes;
      await times.measure(field, async () => {
        await create(`probe.${probes++}`, namespace, labels);
        const found = await observed();
        return Array.from({ length: probes - first }, (_, index) => `probe.${first + index}`).some((one) =>
          found.has(one)
        );
      });
    };
    const only = { informer: { gvr, labelSelector: "kept=yes" } };
    await edited.to({ ...base, ...only });
    await measureBy("creation", NAMESPACE, { kept: "yes" });
    await edited.to(base);
    await measureBy("informer.labelSelector", NAMESPACE, { kept: "no" });
    await edited.to({ ...base, informer: { gvr, fieldSelector: "type=Warning,involvedObject.kind=Pod" } });
    await measureBy("informer.fieldSelector", NAMESPACE, {});
    await edited.to({ ...base, namespaces: [NAMESPACE, SECOND] });
    await measureBy("namespaces", SECOND, {});
    await edited.to({ ...base, namespaces: [NAMESPACE, SECOND], informer: { gvr, resyncPeriod: "1h" } });
    await measureBy("informer.resyncPeriod", SECOND, {});
    // The same Events under their other name: what was written of them is known.
    await edited.to({ ...base, informer: { gvr: { ...gvr, group: "events.k8s.io" } } });
    await measureBy("informer.gvr", NAMESPACE, {});
    await edited.to({ ...base, suspend: true });
    await systemClock.sleep(1000, stop.signal);
    await edited.to({ ...base, ttl: { default: "2h" } });
    await measureBy("suspend taken back", NAMESPACE, {});
    stop.abort();
    await streaming;
    await until(
      `all of ${streamed.length} Events are observed`,
      async () => {
        const found = await observed();
        return streamed.every((name) => found.has(name));
      },
      GUARD_MILLISECONDS,
    );
    console.log(`${streamed.length} Events meanwhile, each of them observed`);
    const all = (await installed.oracle.observations()).filter(({ spec }) => spec.source === "read");
    assert.equal(new Set(all.map(({ spec }) => spec.origin?.uid)).size, all.length, "one is there twice");
  });
  await test.step("lines of logs", async () => {
    await using kubelet = await startFakeKubelet();
    await plane.applyYaml(stringify(nodeOf(kubelet)));
    for (const [pod, app] of [["one", "web"], ["two", "other"]] as const) {
      await createRunningPod(plane, { namespace: NAMESPACE, pod, labels: { app }, container: "main" });
    }
    const edited = new Edited(admin, "lines");
    const of = (logs: IngesterSpec["logs"]): IngesterSpec => ({
      source: "lines",
      ingester: "logs",
      namespaces: [NAMESPACE],
      logs: { podSelector: "app=web", ...logs },
    });
    const streamed: string[] = [];
    const stop = new AbortController();
    const whoOf = ({ spec }: Observation): unknown => at(spec.details, "user");
    const observed = async (): Promise<readonly Observation[]> =>
      (await installed.oracle.observations()).filter(({ spec }) => spec.source === "lines");
    /** Seen as soon as a line that was written after the edit is observed as it says. */
    const measureLines = async (
      field: string,
      pod: string,
      isSeen: (observation: Observation) => boolean,
    ): Promise<void> => {
      const first = probes;
      await times.measure(field, async () => {
        kubelet.write(`${NAMESPACE}/${pod}/main`, `denied probe${probes++}`);
        return (await observed()).some((one) =>
          Number(/^probe(\d+)$/.exec(String(whoOf(one)))?.[1] ?? -1) >= first && isSeen(one)
        );
      });
    };
    const regex = "denied (?P<user>\\w+)";
    await edited.to(of({ patterns: [{ regex }] }));
    await measureLines("creation of logs", "one", () => true);
    // What was written before is not asked for: sinceSeconds is 0.
    const streaming = (async () => {
      while (!stop.signal.aborted) {
        const user = `stream${streamed.length}`;
        kubelet.write(`${NAMESPACE}/one/main`, `denied ${user}`);
        streamed.push(user);
        await systemClock.sleep(STREAM_MILLISECONDS, stop.signal).catch(() => {});
      }
    })();
    await edited.to(of({ patterns: [{ regex, eventType: "denied" }] }));
    await measureLines("logs.patterns[].eventType", "one", ({ spec }) => spec.eventType === "denied");
    await edited.to(of({ patterns: [{ regex, severity: "low" }] }));
    await measureLines("logs.patterns[].severity", "one", ({ spec }) => spec.severity === "low");
    await edited.to(of({ patterns: [{ regex: `(?P<all>${regex})` }] }));
    await measureLines("logs.patterns[].regex", "one", ({ spec }) => at(spec.details, "all") !== undefined);
    await edited.to(of({ patterns: [{ regex }], container: "main", sinceSeconds: 60 }));
    await measureLines("logs.container", "one", () => true);
    await edited.to(of({ patterns: [{ regex }], podSelector: "app" }));
    await measureLines("logs.podSelector", "two", ({ spec }) => spec.resource?.name === "two");
    stop.abort();
    await streaming;
    let users: readonly unknown[] = [];
    await until(`all of ${streamed.length} lines are observed`, async () => {
      users = (await observed()).map(whoOf);
      return streamed.every((user) => users.includes(user));
    }, GUARD_MILLISECONDS).catch((cause) => {
      const missing = streamed.filter((user) => !users.includes(user));
      throw new Error(`Missing are ${missing.join(", ")}`, { cause });
    });
    assert.equal(new Set(users).size, users.length, "one is there twice");
    console.log(`${streamed.length} lines meanwhile, each of them observed once`);
    await admin.delete(INGESTERS, HOME, "lines");
    await until("nobody reads the logs any more", () => kubelet.following() === 0);
  });
  times.print();
  await assertStopsSound(replica);
});
