import assert from "node:assert/strict";
import type { KubeObject } from "../../src/kube/api.ts";
import type { Observation } from "../../src/model/observation.ts";
import { systemClock } from "../../src/run/clock.ts";
import { writeKubeconfig } from "../control_plane/kubeconfig.ts";
import { type Replica, startReplica } from "../support/process.ts";
import { until } from "../support/until.ts";
import {
  type AdminClient,
  adminClient,
  EVENTS as EVENTS_PLACE,
  INGESTERS,
  OBSERVATIONS,
  podEvent,
  VULNERABILITY_REPORTS,
  vulnerabilityReport,
} from "./admin_client.ts";
import { type FaultyProxy, type ProxiedRequest, startFaultyProxy } from "./faulty_proxy.ts";
import { GUARD_MILLISECONDS, HOME, install, REPORT_CRDS, untilLeading } from "./installation.ts";
import { assertNoAccident, assertSound, assertStopsSound } from "./soundness.ts";

const NAMESPACE = "shop";
const EVENTS = `/api/v1/namespaces/${NAMESPACE}/events`;
const REPORTS = `/apis/aquasecurity.github.io/v1alpha1/namespaces/${NAMESPACE}/vulnerabilityreports`;
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${HOME}/leases`;
const WATCHED = [EVENTS, REPORTS];
const GVRS = ["v1/events", "aquasecurity.github.io/v1alpha1/vulnerabilityreports"];
const EXIT_LIMIT_MILLISECONDS = 15_000;

const isOfSources = ({ path }: ProxiedRequest): boolean => WATCHED.includes(path);
const isWatchOfSources = (request: ProxiedRequest): boolean => request.isWatch && isOfSources(request);
const isListOfSources = (request: ProxiedRequest): boolean => !request.isWatch && isOfSources(request);

function line(value: unknown): Uint8Array {
  return bytes(`${JSON.stringify(value)}\n`);
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function status(code: number, reason: string, message: string): unknown {
  return { apiVersion: "v1", kind: "Status", status: "Failure", code, reason, message };
}

/** Kinds of trouble of a watch: what is done to those of both sources, and what the metric must say of it. */
const TROUBLES: readonly {
  readonly name: string;
  readonly act: (proxy: FaultyProxy) => void;
  readonly reasons: readonly string[];
}[] = [
  {
    name: "a line of 10 MB",
    act: onEach((proxy, path) => {
      const metadata = { name: "huge", namespace: NAMESPACE, uid: "huge", resourceVersion: "1" };
      proxy.inject(path, line({ type: "ADDED", object: { metadata, message: "x".repeat(10_000_000) } }));
    }),
    reasons: ["line_too_long"],
  },
  {
    name: "a line that is no JSON",
    act: onEach((proxy, path) => proxy.inject(path, bytes('{"type":"ADDED","object":{"metadata"\n'))),
    reasons: ["unparsable"],
  },
  {
    name: "a line that is no event of a watch",
    act: onEach((proxy, path) => proxy.inject(path, line({ type: "SURPRISE", object: [1, 2, 3] }))),
    reasons: ["unparsable"],
  },
  {
    name: "bytes that are no UTF-8",
    act: onEach((proxy, path) => proxy.inject(path, Uint8Array.of(0xff, 0xfe, 0x00, 0x80, 0x0a))),
    reasons: ["unparsable"],
  },
  {
    name: "an object without metadata",
    act: onEach((proxy, path) => proxy.inject(path, line({ type: "ADDED", object: {} }))),
    reasons: ["unparsable"],
  },
  {
    name: "410 Gone in the stream",
    act: onEach((proxy, path) =>
      proxy.inject(path, line({ type: "ERROR", object: status(410, "Expired", "too old resource version") }))
    ),
    reasons: ["expired"],
  },
  {
    name: "410 Gone at the start",
    act: (proxy) => {
      const body = status(410, "Expired", "The resourceVersion for the provided watch is too old.");
      proxy.fail(isWatchOfSources, { kind: "answer", status: 410, body }, 2);
      cut(proxy);
    },
    reasons: ["unreachable", "expired"],
  },
  {
    name: "429 with Retry-After",
    act: (proxy) => {
      const body = status(429, "TooManyRequests", "too many requests, please try again later");
      const headers = { "retry-after": "1" };
      proxy.fail(isWatchOfSources, { kind: "answer", status: 429, body, headers }, 2);
      cut(proxy);
    },
    reasons: ["unreachable", "throttled"],
  },
  {
    name: "500 at every start for a while",
    act: (proxy) => {
      const body = status(500, "InternalError", "etcdserver: request timed out");
      proxy.fail(isOfSources, { kind: "answer", status: 500, body }, 6);
      cut(proxy);
    },
    reasons: ["unreachable", "server_error"],
  },
  {
    name: "500 in the stream",
    act: onEach((proxy, path) =>
      proxy.inject(path, line({ type: "ERROR", object: status(500, "InternalError", "etcd is away") }))
    ),
    reasons: ["server_error"],
  },
  {
    name: "a list without items after 410 Gone",
    act: (proxy) => {
      proxy.fail(isListOfSources, { kind: "answer", status: 200, body: { hello: "world" } }, 2);
      for (const path of WATCHED) {
        proxy.inject(path, line({ type: "ERROR", object: status(410, "Gone", "too old resource version") }));
      }
    },
    reasons: ["expired", "unparsable"],
  },
  { name: "a connection cut in mid-watch", act: cut, reasons: ["unreachable"] },
  {
    name: "a connection cut in mid-line",
    act: onEach((proxy, path) => {
      proxy.inject(path, bytes('{"type":"ADDED","object":{"metadata":{"name":"half'));
      proxy.reset(path);
    }),
    reasons: ["unreachable"],
  },
  {
    name: "a stream that ends in mid-line",
    act: onEach((proxy, path) => {
      proxy.inject(path, bytes('{"type":"ADDED","object":{"metadata":{"name":"half'));
      proxy.close(path);
    }),
    reasons: ["unparsable"],
  },
  {
    name: "a stream that ends, and answers that come late",
    act: (proxy) => {
      proxy.fail(isOfSources, { kind: "delay", milliseconds: 700 }, 4);
      for (const path of WATCHED) proxy.close(path);
    },
    reasons: ["closed"],
  },
];

/** What is done to writes, and what the metric must say of it. */
const WRITE_TROUBLES: readonly {
  readonly name: string;
  readonly answer: {
    readonly status: number;
    readonly body: unknown;
    readonly headers?: Record<string, string>;
  };
  readonly reason: string;
}[] = [
  {
    name: "429 with Retry-After",
    answer: {
      status: 429,
      body: status(429, "TooManyRequests", "slow down"),
      headers: { "retry-after": "1" },
    },
    reason: "throttled",
  },
  {
    name: "500",
    answer: { status: 500, body: status(500, "InternalError", "etcd is away") },
    reason: "server",
  },
  { name: "503 without a Status", answer: { status: 503, body: "no such upstream" }, reason: "server" },
];

function onEach(act: (proxy: FaultyProxy, path: string) => void): (proxy: FaultyProxy) => void {
  return (proxy) => {
    for (const path of WATCHED) act(proxy, path);
  };
}

function cut(proxy: FaultyProxy): void {
  for (const path of WATCHED) proxy.reset(path);
}

/** Creates an Event and a report of one name. */
async function happen(admin: AdminClient, name: string): Promise<void> {
  await admin.create(EVENTS_PLACE, NAMESPACE, podEvent(NAMESPACE, name));
  await admin.create(VULNERABILITY_REPORTS, NAMESPACE, vulnerabilityReport(name, "CVE-2026-1"));
}

/** Waits until the Event and the report of each name, and nothing else, have become one Observation each. */
async function untilObserved(admin: AdminClient, names: readonly string[]): Promise<void> {
  const wanted = names.flatMap((name) => [`Pod/${name}`, `ReplicaSet/${name}`]).sort();
  let seen: readonly string[] = [];
  const areObserved = async (): Promise<boolean> => {
    const all = await admin.list<KubeObject & Observation>(OBSERVATIONS, NAMESPACE);
    seen = all.map(({ spec: { resource } }) => `${resource?.kind}/${resource?.name}`).sort();
    return seen.length >= wanted.length;
  };
  try {
    await until("what happened was observed", areObserved, GUARD_MILLISECONDS);
  } catch (cause) {
    throw new Error(`These must be observed: ${wanted.join(", ")}, given ${seen.join(", ")}`, { cause });
  }
  assert.deepEqual(seen, wanted);
}

async function restarts(replica: Replica, gvr: string, reason: string): Promise<number> {
  return (await replica.metrics()).sum("zenwatcher_source_watch_restarts_total", { gvr, reason });
}

async function createSources(admin: AdminClient): Promise<void> {
  const sources = {
    "kubernetes-events": { namespaces: [NAMESPACE] },
    "trivy": { namespaces: [NAMESPACE], informer: { gvr: VULNERABILITY_REPORTS } },
  };
  for (const [source, rest] of Object.entries(sources)) {
    await admin.create(INGESTERS, HOME, ingester(source, { source, ...rest }));
  }
  const spec = { source: "falco", webhook: { auth: { type: "none" } } };
  await admin.create(INGESTERS, HOME, ingester("falco", spec));
}

function ingester(name: string, spec: unknown): unknown {
  return { apiVersion: "zen.kube-zen.io/v1alpha1", kind: "Ingester", metadata: { name }, spec };
}

function falcoEvent(pod: string): unknown {
  return {
    rule: "Terminal shell in container",
    priority: "Warning",
    output: `A shell in ${pod}`,
    time: "2026-01-02T03:04:05.678901234Z",
    output_fields: { "k8s.ns.name": "default", "k8s.pod.name": pod },
  };
}

Deno.test("whatever becomes of a watch, what happens meanwhile is observed once", async (test) => {
  await using installed = await install({ crds: [REPORT_CRDS] });
  using admin = adminClient(installed.plane.kubeconfig);
  await installed.createNamespaces(NAMESPACE);
  await createSources(admin);
  await using proxy = await startFaultyProxy(await installed.account.kubeconfigFor("zen-watcher-0"));
  const kubeconfig = `${await Deno.makeTempDir({ prefix: "zen-watcher-proxied-" })}/kubeconfig`;
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => Deno.remove(kubeconfig.replace(/\/[^/]*$/, ""), { recursive: true }));
  await writeKubeconfig(kubeconfig, { context: "proxied", cluster: { server: proxy.url }, user: {} });
  const env = { POD_NAMESPACE: HOME, BIND_ADDRESS: "127.0.0.1" };
  await using replica = await startReplica({ kubeconfig, env });
  await replica.waitUntilReady(GUARD_MILLISECONDS);
  const untilWatching = (): Promise<void> =>
    until(
      "both sources are watched",
      () => WATCHED.every((path) => proxy.watching(path) === 1),
      GUARD_MILLISECONDS,
    );
  const names: string[] = [];

  for (const [index, { name, act, reasons }] of TROUBLES.entries()) {
    await test.step(name, async () => {
      await untilWatching();
      const counts = async (): Promise<number[]> =>
        await Promise.all(
          GVRS.flatMap((gvr) => reasons.map((reason) => restarts(replica, gvr, reason))),
        );
      const before = await counts();
      const start = systemClock.monotonic();
      const fresh = ["before", "during", "after"].map((when) => `trouble-${index}-${when}`);
      const [justBefore = "", during = "", after = ""] = fresh;
      await happen(admin, justBefore);
      const release = proxy.hold(isOfSources);
      act(proxy);
      await happen(admin, during);
      release();
      await happen(admin, after);
      names.push(...fresh);
      await untilObserved(admin, names);
      await untilWatching();
      const since = await counts();
      for (const [at, count] of since.entries()) {
        const reason = reasons[at % reasons.length];
        assert.ok(
          count > (before[at] ?? 0),
          `restarts with reason ${reason} must grow, given ${before} ${since}`,
        );
      }
      console.log(`${name}: recovered after ${Math.round(systemClock.monotonic() - start)} ms`);
      assertNoAccident(replica);
    });
  }

  await test.step("Retry-After was obeyed", () => {
    const watches = proxy.requests.filter((request) => request.isWatch && request.path === EVENTS);
    const gaps = watches.slice(1).map(({ at }, index) => at - (watches[index]?.at ?? at));
    assert.ok(watches.length > TROUBLES.length);
    assert.ok(gaps.some((gap) => gap >= 1000), `one gap must be a second, given ${gaps.map(Math.round)}`);
  });

  for (const [index, { name, answer, reason }] of WRITE_TROUBLES.entries()) {
    await test.step(`writes that are answered ${name} are tried again`, async () => {
      await untilWatching();
      const isWrite = ({ method, path }: ProxiedRequest): boolean =>
        method === "POST" && path.endsWith("/observations");
      proxy.fail(isWrite, { kind: "answer", ...answer }, 3);
      const fresh = `write-${index}`;
      await happen(admin, fresh);
      names.push(fresh);
      await untilObserved(admin, names);
      assert.ok((await replica.metrics()).sum("zen_watcher_write_retries_total", { reason }) >= 3);
      assertNoAccident(replica);
    });
  }

  await test.step("garbage on the watches of the Ingesters and of the Lease changes nothing", async () => {
    const ingesters = `/apis/zen.kube-zen.io/v1alpha1/namespaces/${HOME}/ingesters`;
    const rubbish = [
      bytes("garbage\n"),
      line({ type: "ADDED", object: { metadata: { name: "x".repeat(10_000_000) } } }),
      line({ type: "ERROR", object: status(410, "Expired", "too old") }),
    ];
    for (const path of [ingesters, LEASES]) {
      for (const one of rubbish) {
        await until(`${path} is watched`, () => proxy.watching(path) === 1, GUARD_MILLISECONDS);
        const opened = (): number =>
          proxy.requests.filter((request) => request.isWatch && request.path === path).length;
        const before = opened();
        proxy.inject(path, one);
        await until(`${path} is watched again`, () => opened() > before, GUARD_MILLISECONDS);
      }
    }
    await admin.patch(INGESTERS, HOME, "falco", { spec: { suspend: true } });
    await until("the Ingester is suspended", async () => {
      const { status } = await replica.webhook("/ingest/falco", falcoEvent("pod"));
      return status === 503;
    }, GUARD_MILLISECONDS);
    await untilLeading(replica);
    const query = ["get", "lease", "zen-watcher-leader-election", `--namespace=${HOME}`];
    const holder = await installed.plane.ask([...query, "-o", "jsonpath={.spec.holderIdentity}"]);
    assert.equal(holder, replica.name);
  });

  const resident = (await replica.metrics()).sum("process_resident_memory_bytes");
  console.log(`resident: ${(resident / 1e6).toFixed(0)} MB`);
  await assertStopsSound(replica);
});

// The official client is not used here: it speaks HTTP/2, and when an API server stops (GOAWAY) an assertion of nghttp2
// fails below it, which ends the whole process (Deno 2.9.6).
Deno.test("an API server that goes and comes is survived, and nothing of it is lost", async (test) => {
  // Without it a stop waits for the watches of Events, which nothing ends.
  const apiServerArgs = ["--shutdown-watch-termination-grace-period=1s"];
  await using installed = await install({ crds: [REPORT_CRDS], apiServerArgs });
  const { plane } = installed;
  using admin = adminClient(plane.kubeconfig);
  await installed.createNamespaces(NAMESPACE);
  await createSources(admin);
  await using first = await installed.start(0);
  const kubeconfig = await installed.account.kubeconfigFor("zen-watcher-1");
  const env = { POD_NAMESPACE: HOME, BIND_ADDRESS: "127.0.0.1" };
  const names: string[] = [];
  const happens = async (name: string): Promise<void> => {
    await happen(admin, name);
    names.push(name);
  };
  const webhook = async (replica: Replica, pod: string): Promise<number> => {
    const answer = await replica.webhook("/ingest/falco", falcoEvent(pod));
    if (answer.status === 503) {
      assert.match(answer.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
      assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
    }
    return answer.status;
  };
  await untilLeading(first);
  await happens("at-first");
  await untilObserved(admin, names);
  assert.equal(await webhook(first, "at-first"), 201);
  await using cleanup = new AsyncDisposableStack();
  const second: { replica?: Replica } = {};

  await test.step("stopped: webhooks are spooled, and the replica stays ready", async () => {
    await happens("before-stop");
    await plane.stopApiServer();
    assert.equal(await webhook(first, "while-stopped"), 202);
    const ready = await first.observe("/readyz");
    assert.equal(ready.status, 200, await ready.text());
  });

  await test.step("a replica that starts meanwhile waits, is not ready, and answers 503", async () => {
    const replica = cleanup.use(await startReplica({ kubeconfig, name: "zen-watcher-1", env }));
    second.replica = replica;
    await replica.waitForMessage("Listening", GUARD_MILLISECONDS);
    await replica.waitForMessage("Cannot watch Ingesters", GUARD_MILLISECONDS);
    assert.equal(await webhook(replica, "while-stopped"), 503);
    const ready = await replica.observe("/readyz");
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /Ingesters were not synced yet/);
  });

  await test.step("a replica that never saw the API server stops when asked", async () => {
    await using third = await startReplica({ kubeconfig, name: "zen-watcher-2", env });
    await third.waitForMessage("Listening", GUARD_MILLISECONDS);
    await assertStopsInTime(third);
  });

  await test.step("started again: what happened just before and after is observed", async () => {
    await plane.startApiServer();
    await happens("after-stop");
    await untilObserved(admin, names);
    await second.replica?.waitUntilReady(GUARD_MILLISECONDS);
    for (const replica of [first, second.replica]) {
      assert.ok(replica !== undefined);
      await until(`${replica.name} answers 201`, async () => {
        const status = await webhook(replica, `again-${replica.name}-${crypto.randomUUID()}`);
        return status === 201;
      }, GUARD_MILLISECONDS);
    }
  });

  await test.step("killed in mid-watch and started: the same", async () => {
    await happens("before-kill");
    await plane.killApiServer();
    assert.equal(await webhook(first, "while-killed"), 202);
    await plane.startApiServer();
    await happens("after-kill");
    await untilObserved(admin, names);
    await until(
      `${first.name} answers 201`,
      async () => await webhook(first, `after-kill-${crypto.randomUUID()}`) === 201,
      GUARD_MILLISECONDS,
    );
    let counted = 0;
    for (const gvr of GVRS) {
      for (const replica of [first, second.replica]) {
        if (replica !== undefined) counted += await restarts(replica, gvr, "unreachable");
      }
    }
    assert.ok(counted > 0, "restarts with reason unreachable must be counted");
  });

  await test.step("SIGTERM while it is away ends each replica with exit code 0", async () => {
    for (const replica of [first, second.replica]) if (replica !== undefined) await assertSound(replica);
    await plane.killApiServer();
    await Promise.all([first, second.replica].map(async (replica) => {
      if (replica !== undefined) await assertStopsInTime(replica);
    }));
  });
});

async function assertStopsInTime(replica: Replica): Promise<void> {
  const start = systemClock.monotonic();
  assert.deepEqual(await replica.stop(), { code: 0, signal: null });
  const milliseconds = systemClock.monotonic() - start;
  console.log(`${replica.name} stopped ${Math.round(milliseconds)} ms after SIGTERM`);
  assert.ok(milliseconds < EXIT_LIMIT_MILLISECONDS, `${milliseconds} ms`);
  assertNoAccident(replica);
}
