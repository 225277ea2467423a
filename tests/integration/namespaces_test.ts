import assert from "node:assert/strict";
import { stringify } from "yaml";
import type { IngesterSpec } from "../../src/model/ingester.ts";
import { type Replica, startReplica } from "../support/process.ts";
import { until } from "../support/until.ts";
import { adminClient, ingesterObject, INGESTERS } from "./admin_client.ts";
import { type AuditedRequest, requestsOf, sentenceOf } from "./audit_log.ts";
import { readyOf } from "./conditions.ts";
import { assertConservation } from "./conservation.ts";
import { type ChartAccount, installAccount } from "./chart_account.ts";
import { GUARD_MILLISECONDS, HOME, install, type Installation, untilLeading } from "./installation.ts";

/** Of the chart: two releases, each with two namespaces to watch. */
const SHARDS = ["shard-prod-critical", "shard-prod-standard"] as const;
/** What the chart says of where a pod looks. */
const SCOPE = ["WATCH_NAMESPACE", "INGESTER_NAMESPACES", "INGESTER_NAMESPACES_EXCLUDE"] as const;
const open = { webhook: { auth: { type: "none" } } } as const;

const documents = (objects: readonly object[]): string => objects.map((one) => stringify(one)).join("---\n");

interface Shard extends ChartAccount {
  readonly watched: readonly string[];
}

/** What the chart has its pods watch. */
function watchedBy({ env }: ChartAccount): readonly string[] {
  return env["WATCH_NAMESPACE"]?.split(",") ?? [];
}

async function startIn(account: ChartAccount): Promise<Replica> {
  const name = `${account.namespace}-0`;
  const kubeconfig = await account.kubeconfigFor(name);
  await using starting = new AsyncDisposableStack();
  const replica = starting.use(
    await startReplica({
      kubeconfig,
      name,
      env: {
        POD_NAMESPACE: account.namespace,
        BIND_ADDRESS: "127.0.0.1",
        GC_INTERVAL: "1s",
        ...Object.fromEntries(
          SCOPE.flatMap((name) => account.env[name] === undefined ? [] : [[name, account.env[name]]]),
        ),
      },
    }),
  );
  await replica.waitUntilReady(GUARD_MILLISECONDS);
  await untilLeading(replica);
  starting.move();
  return replica;
}

/** Namespace and resource of all Observations of Events, in one text. */
async function observed({ oracle }: Installation, source = "kubernetes-events"): Promise<string> {
  return (await oracle.observations()).filter(({ spec }) => spec.source === source)
    .map(({ metadata, spec }) =>
      `${metadata.namespace}/${spec.resource?.name} by ${spec.ingester?.namespace}`
    )
    .sort().join(", ");
}

async function createEvents(
  { oracle }: Installation,
  name: string,
  namespaces: readonly string[],
): Promise<void> {
  const about = { apiVersion: "v1", kind: "Pod", name };
  await oracle.createEvents(
    namespaces.map((namespace) => ({ namespace, name: `${name}.1`, reason: "BackOff", about })),
  );
}

async function reasonOf({ oracle }: Installation, namespace: string, name: string): Promise<string> {
  const found = (await oracle.ingesters(namespace)).find(({ metadata }) => metadata.name === name);
  const ready = found === undefined ? undefined : readyOf(found);
  return `${ready?.reason}: ${ready?.message}`;
}

function falco(pod: string, namespace: string): unknown {
  const output_fields = { "k8s.ns.name": namespace, "k8s.pod.name": pod };
  return { rule: "Shell", priority: "Critical", output: "A shell", output_fields };
}

async function withAuditLog(act: (auditLog: string) => Promise<void>): Promise<void> {
  const auditLog = await Deno.makeTempFile({ prefix: "zen-watcher-audit-" });
  try {
    await act(auditLog);
  } finally {
    await Deno.remove(auditLog);
  }
}

Deno.test("two installations with Roles alone share a cluster: each in its namespaces, nothing refused, no gap", async () => {
  await withAuditLog(async (auditLog) => {
    await using installed = await install({ auditLog });
    const { plane } = installed;
    using admin = adminClient(plane.kubeconfig);
    const shardOf = async (pattern: string): Promise<Shard> => {
      const account = await installAccount(plane, pattern);
      return { ...account, watched: watchedBy(account) };
    };
    const [a, b] = [await shardOf(SHARDS[0]), await shardOf(SHARDS[1])];
    const shards = [a, b];
    const all = shards.flatMap(({ watched }) => watched);
    for (const [{ namespace, watched }, other] of [[a, b], [b, a]] as const) {
      const create = (name: string, spec: IngesterSpec): Promise<unknown> =>
        admin.create(INGESTERS, namespace, ingesterObject(name, spec));
      await create("events", { source: "kubernetes-events" });
      await create("brief", { source: "falco", ...open, ttl: { default: "1s" } });
      // Another's namespaces are named, and not read.
      await create("greedy", {
        source: "kubernetes-events",
        dryRun: true,
        namespaces: [watched[0] ?? "", ...other.watched],
      });
      await create("stranger", { source: "kubernetes-events", namespaces: [...other.watched] });
    }
    await createEvents(installed, "before", all);
    await using replicaOfA = await startIn(a);
    await using replicaOfB = await startIn(b);
    await createEvents(installed, "while", all);

    const expected = shards.flatMap(({ namespace: home, watched }) =>
      watched.flatMap((namespace) => ["before", "while"].map((name) => `${namespace}/${name} by ${home}`))
    ).sort().join(", ");
    await until(
      "each Event is observed by its installation",
      async () => await observed(installed) === expected,
      GUARD_MILLISECONDS,
    );
    for (const [{ namespace: home, watched }, replica] of [[a, replicaOfA], [b, replicaOfB]] as const) {
      assert.equal((await replica.webhook("/ingest/falco", falco("web", watched[1] ?? ""))).status, 201);
      assert.equal((await replica.webhook("/ingest/falco", falco("far", "elsewhere"))).status, 201);
      await until(
        "what has expired is collected, where it lies",
        async () => (await replica.metrics()).sum("zen_watcher_gc_deleted_total") === 2,
        GUARD_MILLISECONDS,
      );
      await until(
        "the others say how they stand",
        async () =>
          /^Invalid: .*spec.namespaces must name/i.test(await reasonOf(installed, home, "stranger")) &&
          new RegExp(`^Running: Watching v1/events in ${watched[0]}$`).test(
            await reasonOf(installed, home, "greedy"),
          ),
        GUARD_MILLISECONDS,
      );
      assert.equal((await installed.oracle.lease(home))?.spec?.holderIdentity, `${home}-0`);
      await assertConservation(replica);
      assert.deepEqual(await replica.stop(), { code: 0, signal: null });
    }
    assert.equal(await observed(installed), expected);

    for (const { namespace: home, user, watched } of shards) {
      const requests = await requestsOf(auditLog, user);
      assert.ok(requests.length > 20);
      const isRefused = ({ responseStatus }: AuditedRequest): boolean => responseStatus?.code === 403;
      assert.deepEqual(requests.filter(isRefused).map(sentenceOf), []);
      const places = new Set(
        requests.flatMap(({ objectRef }) =>
          objectRef === undefined || objectRef.resource === "selfsubjectreviews"
            ? []
            : [objectRef.namespace ?? "all"]
        ),
      );
      assert.deepEqual([...places].sort(), [home, ...watched].sort(), "no other namespace, and never all");
    }
  });
});

Deno.test("an Ingester in a tenant's namespace reads, writes and serves that namespace only", async () => {
  await withAuditLog(async (auditLog) => {
    await using installed = await install({ auditLog, pattern: "tenancy" });
    const { plane, oracle } = installed;
    const [TEAM, OTHER, LEFT_OUT] = ["team-a", "team-b", "team-c"] as const;
    await installed.createNamespaces(TEAM, OTHER, LEFT_OUT);
    // More than any tenant may see, and than the chart gives: what an operator reads elsewhere.
    await plane.applyYaml(documents([{
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "nodes-and-namespaces" },
      rules: [{ apiGroups: [""], resources: ["nodes", "namespaces"], verbs: ["list", "watch"] }],
    }, {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "nodes-and-namespaces" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "nodes-and-namespaces" },
      subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: installed.account.user }],
    }]));
    using admin = adminClient(plane.kubeconfig);
    const create = (namespace: string, name: string, spec: IngesterSpec): Promise<unknown> =>
      admin.create(INGESTERS, namespace, ingesterObject(name, spec));
    const core = (resource: string): IngesterSpec["informer"] => ({
      gvr: { group: "", version: "v1", resource },
    });
    await create(TEAM, "events", { source: "kubernetes-events" });
    await create(TEAM, "others", { source: "kubernetes-events", namespaces: [OTHER] });
    await create(TEAM, "both", { source: "kubernetes-events", namespaces: [TEAM, OTHER], dryRun: true });
    for (const resource of ["nodes", "namespaces", "secrets"]) {
      await create(TEAM, resource, { source: "own", ingester: "informer", informer: core(resource) });
    }
    await create(TEAM, "falco", { source: "falco", ...open });
    await create(TEAM, "above", {
      source: "one",
      webhook: { path: "/../ingest/falco", auth: { type: "none" } },
    });
    await create(TEAM, "beside", {
      source: "two",
      webhook: { path: `/ns/${OTHER}/ingest/falco`, auth: { type: "none" } },
    });
    await create(LEFT_OUT, "falco", { source: "falco", ...open });
    // A path that leads out of the namespace is no resource's name, for the API server neither.
    for (const resource of ["..", "events/..", "../namespaces", "."]) {
      await assert.rejects(
        create(TEAM, "path", { source: "own", ingester: "informer", informer: core(resource) }),
        /Invalid value/,
        resource,
      );
    }
    await createEvents(installed, "web", [TEAM, OTHER]);
    await using replica = await installed.start(0, {
      INGESTER_NAMESPACES: "*",
      INGESTER_NAMESPACES_EXCLUDE: LEFT_OUT,
    });
    await untilLeading(replica);

    const expected: readonly (readonly [name: string, reason: RegExp])[] = [
      ["events", /^Running: Watching v1\/events in team-a$/],
      ["others", /^Invalid: spec\.namespaces must name a namespace that this Ingester may read/],
      ["both", /^Running: Watching v1\/events in team-a$/],
      ["nodes", /^Degraded: .*cannot be watched in single namespaces/],
      ["namespaces", /^Degraded: .*cannot be watched in single namespaces/],
      ["secrets", /^Invalid: .*must not be secrets/],
      ["falco", /^Running: Serving \/ns\/team-a\/ingest\/falco$/],
      ["above", /^Invalid: .*no empty segment/],
      ["beside", /^Running: Serving \/ns\/team-a\/ns\/team-b\/ingest\/falco$/],
    ];
    for (const [name, reason] of expected) {
      await until(
        `${name} stands as ${reason}, given ${await reasonOf(installed, TEAM, name)}`,
        async () => reason.test(await reasonOf(installed, TEAM, name)),
        GUARD_MILLISECONDS,
      );
    }
    // What it says of another namespace lies in its own.
    const status = async (path: string): Promise<number> =>
      (await replica.webhook(path, falco("web", OTHER))).status;
    assert.equal(await status(`/ns/${TEAM}/ingest/falco`), 201);
    for (const path of ["/ingest/falco", `/ns/${OTHER}/ingest/falco`, `/ns/${LEFT_OUT}/ingest/falco`]) {
      assert.equal(await status(path), 404, path);
    }
    assert.equal(await observed(installed), `${TEAM}/web by ${TEAM}`);
    assert.equal(await observed(installed, "falco"), `${TEAM}/web by ${TEAM}`);
    for (const namespace of [OTHER, LEFT_OUT, HOME]) {
      assert.deepEqual(await oracle.observations(namespace), [], namespace);
    }
    assert.equal(await reasonOf(installed, LEFT_OUT, "falco"), "undefined: undefined");
    await assertConservation(replica);
    assert.deepEqual(await replica.stop(), { code: 0, signal: null });

    const asked = new Set(
      (await requestsOf(auditLog, installed.account.user)).map(({ objectRef }) =>
        `${objectRef?.resource} ${objectRef?.namespace ?? "all"}`
      ),
    );
    for (const forbidden of ["events all", `events ${OTHER}`, "nodes all", "namespaces all", "secrets all"]) {
      assert.ok(!asked.has(forbidden), `${forbidden} was asked for`);
    }
  });
});

Deno.test("what Ingesters beyond the watched namespaces wrote is collected where it lies", async () => {
  await using installed = await install();
  using admin = adminClient(installed.plane.kubeconfig);
  const account = await installAccount(installed.plane, "teams");
  const brief = ingesterObject("brief", { source: "falco", ...open, ttl: { default: "1s" } });
  await admin.create(INGESTERS, "team-a", brief);
  await using replica = await startIn(account);
  const { status } = await replica.webhook("/ns/team-a/ingest/falco", falco("web", "shop"));
  assert.equal(status, 201);
  await until(
    "it is collected",
    async () => (await replica.metrics()).sum("zen_watcher_gc_deleted_total") === 1,
    GUARD_MILLISECONDS,
  );
  assert.deepEqual(await installed.oracle.observations("team-a"), []);
  assert.equal((await replica.stop()).code, 0);
});
