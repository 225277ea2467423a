import assert from "node:assert/strict";
import { stringify } from "yaml";
import type { IngesterSpec } from "../../src/model/ingester.ts";
import { type Replica, startReplica } from "../support/process.ts";
import { until } from "../support/until.ts";
import { adminClient, ingesterObject, INGESTERS } from "./admin_client.ts";
import { type AuditedRequest, requestsOf, sentenceOf } from "./audit_log.ts";
import { readyOf } from "./conditions.ts";
import { assertConservation } from "./conservation.ts";
import {
  GUARD_MILLISECONDS,
  HOME,
  install,
  type Installation,
  untilLeading,
  userOf,
} from "./installation.ts";

const ACCOUNT = "zen-watcher";
const LEASE = "zen-watcher-leader-election";
const open = { webhook: { auth: { type: "none" } } } as const;

const rule = (group: string, resource: string, verbs: string, ...resourceNames: string[]): object => ({
  apiGroups: [group],
  resources: [resource],
  verbs: verbs.split(" "),
  ...(resourceNames.length === 0 ? {} : { resourceNames }),
});
/** What the program needs in a namespace that it watches. */
const WATCHED: readonly object[] = [
  rule("zen.kube-zen.io", "ingesters", "list watch"),
  rule("zen.kube-zen.io", "ingesters/status", "patch"),
  rule("zen.kube-zen.io", "observations", "create get list patch delete"),
  rule("zen.kube-zen.io", "observations/status", "patch"),
  rule("", "events", "list watch create"),
];
/** And in its own, beside that. */
const OWN: readonly object[] = [
  rule("coordination.k8s.io", "leases", "create"),
  rule("coordination.k8s.io", "leases", "get update watch", LEASE),
  rule("", "configmaps", "create"),
  rule("", "configmaps", "get patch", `${LEASE}-checkpoints`, `${LEASE}-checkpoints-1`),
];

/** A ServiceAccount with Roles in these namespaces, and no ClusterRole. */
function rightsOf(home: string, watched: readonly string[]): readonly object[] {
  const subject = { kind: "ServiceAccount", name: ACCOUNT, namespace: home };
  const metadata = (namespace: string): object => ({ name: `${home}-watcher`, namespace });
  const group = "rbac.authorization.k8s.io";
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: ACCOUNT, namespace: home } },
    ...[home, ...watched].flatMap((namespace) => [
      {
        apiVersion: `${group}/v1`,
        kind: "Role",
        metadata: metadata(namespace),
        rules: namespace === home ? [...OWN, ...WATCHED] : WATCHED,
      },
      {
        apiVersion: `${group}/v1`,
        kind: "RoleBinding",
        metadata: metadata(namespace),
        roleRef: { apiGroup: group, kind: "Role", name: `${home}-watcher` },
        subjects: [subject],
      },
    ]),
  ];
}

const userIn = (home: string): string => `system:serviceaccount:${home}:${ACCOUNT}`;
const documents = (objects: readonly object[]): string => objects.map((one) => stringify(one)).join("---\n");

async function startIn({ plane }: Installation, home: string, env: Record<string, string>): Promise<Replica> {
  const kubeconfig = await plane.kubeconfigFor({ serviceAccount: { namespace: home, name: ACCOUNT } });
  await using starting = new AsyncDisposableStack();
  const replica = starting.use(
    await startReplica({
      kubeconfig,
      name: `${home}-0`,
      env: { POD_NAMESPACE: home, BIND_ADDRESS: "127.0.0.1", GC_INTERVAL: "1s", ...env },
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
    const homes = { "zen-a": ["shop-1", "shop-2"], "zen-b": ["shop-3", "shop-4"] } as const;
    // Ingesters lie there, beyond what their installation watches.
    const teams = { "zen-a": "team-a", "zen-b": "team-b" } as const;
    await installed.createNamespaces(
      "zen-a",
      "zen-b",
      ...Object.values(homes).flat(),
      ...Object.values(teams),
    );
    using admin = adminClient(plane.kubeconfig);
    for (const home of ["zen-a", "zen-b"] as const) {
      const watched = homes[home];
      await plane.applyYaml(documents(rightsOf(home, [...watched, teams[home]])));
      const create = (name: string, spec: IngesterSpec): Promise<unknown> =>
        admin.create(INGESTERS, home, ingesterObject(name, spec));
      await create("events", { source: "kubernetes-events" });
      await create("brief", { source: "falco", ...open, ttl: { default: "1s" } });
      const brief = ingesterObject("brief", { source: "falco", ...open, ttl: { default: "1s" } });
      await admin.create(INGESTERS, teams[home], brief);
      // Another's namespaces are named, and not read.
      const other = home === "zen-a" ? homes["zen-b"] : homes["zen-a"];
      await create("greedy", {
        source: "kubernetes-events",
        dryRun: true,
        namespaces: [watched[0], ...other],
      });
      await create("stranger", { source: "kubernetes-events", namespaces: other });
    }
    await createEvents(installed, "before", Object.values(homes).flat());
    const settings = (home: keyof typeof homes): Record<string, string> => ({
      WATCH_NAMESPACE: homes[home].join(","),
      INGESTER_NAMESPACES: [home, ...homes[home], teams[home]].join(","),
    });
    await using a = await startIn(installed, "zen-a", settings("zen-a"));
    await using b = await startIn(installed, "zen-b", settings("zen-b"));
    await createEvents(installed, "while", Object.values(homes).flat());

    const expected = Object.entries(homes).flatMap(([home, watched]) =>
      watched.flatMap((namespace) => ["before", "while"].map((name) => `${namespace}/${name} by ${home}`))
    ).sort().join(", ");
    await until(
      "each Event is observed by its installation",
      async () => await observed(installed) === expected,
      GUARD_MILLISECONDS,
    );
    for (const [home, replica] of [["zen-a", a], ["zen-b", b]] as const) {
      const own = homes[home];
      assert.equal((await replica.webhook("/ingest/falco", falco("web", own[1]))).status, 201);
      assert.equal((await replica.webhook("/ingest/falco", falco("far", "elsewhere"))).status, 201);
      const team = `/ns/${teams[home]}/ingest/falco`;
      assert.equal((await replica.webhook(team, falco("web", own[1]))).status, 201);
      await until(
        "what has expired is collected, where it lies",
        async () => (await replica.metrics()).sum("zen_watcher_gc_deleted_total") === 3,
        GUARD_MILLISECONDS,
      );
      await until(
        "the others say how they stand",
        async () =>
          /^Invalid: .*spec.namespaces must name/i.test(await reasonOf(installed, home, "stranger")) &&
          new RegExp(`^Running: Watching v1/events in ${own[0]}$`).test(
            await reasonOf(installed, home, "greedy"),
          ),
        GUARD_MILLISECONDS,
      );
      assert.equal((await installed.oracle.lease(home))?.spec?.holderIdentity, `${home}-0`);
      await assertConservation(replica);
      assert.deepEqual(await replica.stop(), { code: 0, signal: null });
    }
    assert.equal(await observed(installed), expected);

    for (const home of ["zen-a", "zen-b"] as const) {
      const requests = await requestsOf(auditLog, userIn(home));
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
      const expectedPlaces = [home, ...homes[home], teams[home]].sort();
      assert.deepEqual([...places].sort(), expectedPlaces, "no other namespace, and never all");
    }
  });
});

Deno.test("an Ingester in a tenant's namespace reads, writes and serves that namespace only", async () => {
  await withAuditLog(async (auditLog) => {
    await using installed = await install({ auditLog });
    const { plane, oracle } = installed;
    const [TEAM, OTHER, LEFT_OUT] = ["team-a", "team-b", "team-c"] as const;
    await installed.createNamespaces(TEAM, OTHER, LEFT_OUT);
    await plane.applyYaml(documents([{
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "zen-watcher-tenancy" },
      rules: [
        rule("zen.kube-zen.io", "ingesters", "list watch"),
        rule("zen.kube-zen.io", "ingesters/status", "patch"),
        rule("", "events", "create"),
        // More than any tenant may see.
        rule("", "nodes", "list watch"),
        rule("", "namespaces", "list watch"),
      ],
    }, {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "zen-watcher-tenancy" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "zen-watcher-tenancy" },
      subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: userOf(0) }],
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
      ["others", /^Invalid: Spec\.namespaces must name a namespace that this Ingester may read/],
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
      (await requestsOf(auditLog, userOf(0))).map(({ objectRef }) =>
        `${objectRef?.resource} ${objectRef?.namespace ?? "all"}`
      ),
    );
    for (const forbidden of ["events all", `events ${OTHER}`, "nodes all", "namespaces all", "secrets all"]) {
      assert.ok(!asked.has(forbidden), `${forbidden} was asked for`);
    }
  });
});
