import {
  compileSettingsOf,
  type Config,
  identityOf,
  isLookedIn,
  listedIn,
  namespacesOf,
  placeSettingsOf,
} from "./cli/config.ts";
import { RecentNames } from "./deduplicate/recent_names.ts";
import { spoolFolder } from "./cli/spool_folder.ts";
import { Activities } from "./ingesters/activities.ts";
import { FilterConfigMap } from "./ingesters/filter_configmap.ts";
import { watchIngesters } from "./ingesters/ingester_watch.ts";
import { KeptIngesters } from "./ingesters/kept_ingesters.ts";
import { Overlaps } from "./ingesters/overlaps.ts";
import { ReadinessView } from "./ingesters/readiness_view.ts";
import { budgetRulesOf } from "./ingesters/count_observations.ts";
import { IngesterRegistry } from "./ingesters/registry.ts";
import { createRouteTable, laneNow } from "./ingesters/route_table.ts";
import { WatchedSecrets } from "./ingesters/secrets.ts";
import { SourceSeries } from "./ingesters/source_series.ts";
import { doTermWork } from "./ingesters/term_work.ts";
import { bodiesMaxBytes, BodyMemory } from "./intake/body_memory.ts";
import { createIntakeApp } from "./intake/intake_app.ts";
import { listen, LISTENER_LIMITS } from "./intake/listener.ts";
import { keepLetterDesk } from "./intake/letter_desk.ts";
import { Replay } from "./intake/replay.ts";
import { Spool } from "./intake/spool.ts";
import { SeenSignatures } from "./intake/seen_signatures.ts";
import { SenderLimits } from "./intake/sender_limits.ts";
import type { TlsFiles } from "./intake/tls_files.ts";
import { WebhookSpool } from "./intake/webhook_spool.ts";
import { KubeClient } from "./kube/client.ts";
import type { CredentialSources } from "./kube/credentials.ts";
import { findCluster } from "./kube/find_cluster.ts";
import { ownName } from "./kube/own_name.ts";
import { createElector } from "./leadership/create_elector.ts";
import { TermStuckError } from "./leadership/elector.ts";
import type { Term } from "./leadership/term.ts";
import { parseIpRange } from "./model/ip_ranges.ts";
import type { ObservationRef } from "./model/verdict.ts";
import { Health } from "./observe/health.ts";
import type { Log } from "./observe/log.ts";
import { createMetrics, type Metrics } from "./observe/metrics.ts";
import { createObserveApp } from "./observe/observe_app.ts";
import { tokenFile } from "./observe/reader_access.ts";
import { serveObserve } from "./observe/server.ts";
import { Ledger } from "./pipeline/ledger.ts";
import { Pipeline } from "./pipeline/pipeline.ts";
import type { Clock } from "./run/clock.ts";
import { Group } from "./run/group.ts";
import { aborted } from "./run/aborted.ts";
import { systemDisk } from "./run/disk.ts";
import { FolderLocks } from "./run/folder_lock.ts";
import { openPort } from "./run/open_port.ts";
import { type BudgetRule, Budgets } from "./write/budget.ts";
import { DeadLetters } from "./write/dead_letters.ts";
import { ObservationStore } from "./write/observation_store.ts";
import { placesOf } from "./write/place.ts";
import { Repeats } from "./write/repeats.ts";
import { ToldStates } from "./write/told_states.ts";
import { ObservationWriter } from "./write/writer.ts";

/** What the program needs of the machine. */
export interface Surroundings {
  readonly sources: CredentialSources;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
}

/** How long what lies in the spool may still be written when the program was asked to stop. */
const DRAIN_MILLISECONDS = 10_000;
/** After so long without the API server the Ingesters of an earlier start are used. */
const KEPT_AFTER_MILLISECONDS = 2_000;

/**
 * Runs the program until `signal` aborts: the one place where everything is built, in start order. What was opened last is
 * closed first.
 *
 * @throws CredentialsError when no API server can be found or used
 * @throws what ended the program when nobody asked it to end
 */
export async function runApp(config: Config, around: Surroundings, signal: AbortSignal): Promise<void> {
  const { clock, log, version } = around;
  const startedAt = clock.monotonic();
  const credentials = findCluster(config.cluster, around.sources);
  const { podNamespace, ingesters: scope } = namespacesOf(config, credentials.namespace);
  const identity = identityOf(config, clock);
  const ingesterNamespaces = listedIn(scope);
  const place = placeSettingsOf(config, podNamespace);
  const places = placesOf(place, ingesterNamespaces);
  const metrics = createMetrics(version);
  const health = new Health(clock);
  await using stack = new AsyncDisposableStack();
  const api = stack.use(new KubeClient(credentials, clock, `zen-watcher/${version}`));
  log.info("Starting", { version, identity, namespace: podNamespace, server: credentials.server });

  const registry = new IngesterRegistry(compileSettingsOf(config, podNamespace));
  const activities = new Activities();
  const budgets = new Budgets({
    metrics,
    publishedOf: (key) => registry.entries.get(key)?.ingester.status?.observations,
    onTurn: (key, used) => activities.setNote(key, used === undefined ? undefined : usedUp(used)),
  });
  registry.onChange(() => {
    activities.keepOnly(registry.entries);
    budgets.follow(budgetRulesOf(registry));
  });
  const series = new SourceSeries({ registry, metrics, clock });
  const recent = new RecentNames(config.deduplication, clock);
  const writer = new ObservationWriter(
    { concurrency: config.writeConcurrency, fallbackNamespace: podNamespace },
    { api, clock, metrics },
  );
  const ledger = new Ledger(metrics);
  const deadLetters = new DeadLetters({ disk: systemDisk, clock, metrics, log });
  let username: string | undefined;
  const clusterFilter = config.filterConfigMapName === undefined ? undefined : new FilterConfigMap(
    { namespace: podNamespace, name: config.filterConfigMapName },
    { api, clock, metrics, log },
  );
  const store = new ObservationStore(api, places);
  const repeats = new Repeats({ maxSize: config.deduplication.maxSize }, { store, clock, metrics, log });
  const pipeline = new Pipeline({
    writer,
    store,
    budgets,
    repeats,
    toldStates: new ToldStates({ store, clock }),
    recent,
    metrics,
    ledger,
    deadLetters,
    clock,
    log,
    place,
    self: () => ({ username, namespace: podNamespace, podNames: [identity] }),
    clusterFilter,
  });
  const secrets = new WatchedSecrets({ api, clock, log, activities });
  const elector = createElector(config.leaderElection, {
    identity,
    namespace: podNamespace,
    release: config.releaseName,
    api,
    clock,
    metrics,
    log,
  });
  const readiness = new ReadinessView({ registry, activities, metrics });

  const observe = stack.use(
    await openPort("METRICS_PORT", config.listen.metricsPort, () =>
      serveObserve({
        app: createObserveApp({
          registry: metrics.registry,
          health,
          status: () => ({
            version,
            identity,
            leader: elector.isLeading,
            leaseHolder: elector.holder,
            uptimeSeconds: Math.round((clock.monotonic() - startedAt) / 1000),
            ready: health.readyz().kind === "passing",
            ingesters: readiness.lines(),
          }),
          readToken: tokenFile(config.boardTokenFile),
          log,
        }),
        hostname: config.listen.address,
        port: config.listen.metricsPort,
        clock,
      })),
  );
  const unsynced = new Set<string | undefined>(ingesterNamespaces ?? [undefined]);
  let areRemembered = false;
  const knownState = (): "ready" | "remembered" | "not-synced" =>
    unsynced.size === 0 ? "ready" : areRemembered ? "remembered" : "not-synced";
  const spoolRoot = spoolFolder(config.spool.folder, around.sources.environment);
  const spool = new Spool(
    { root: spoolRoot, identity, maxBytes: config.spool.maxBytes },
    {
      disk: systemDisk,
      locks: new FolderLocks(clock),
      clock,
      metrics,
      log,
      ledger,
      deadLetters,
      onUsable: (isUsable) => health.markSpoolWritable(isUsable),
    },
  );
  const kept = new KeptIngesters(JSON.stringify([podNamespace, scope]), {
    root: spoolRoot,
    folder: () => spool.folder,
    registry,
    disk: systemDisk,
    clock,
    log,
  });
  await kept.find();
  await spool.open(signal);
  await kept.rescue();
  stack.defer(() => spool.close());
  const replay = new Replay({
    spool,
    pipeline,
    writer,
    ledger,
    deadLetters,
    laneOf: (ingester) => laneNow(ingester, { registry, activities, state: knownState }),
    maxAgeMilliseconds: config.spool.maxAgeMilliseconds,
    clock,
    log,
  });
  registry.onChange(() => replay.nudge());
  const spoolEnd = new AbortController();
  const routes = createRouteTable({
    registry,
    activities,
    spool: new WebhookSpool({ spool, replay, pipeline, writer, ledger, clock }),
    clock,
    // Up to then whoever still has a connection, or still finds this replica, is served.
    state: () => spoolEnd.signal.aborted ? "draining" : knownState(),
  });
  const intakeApp = createIntakeApp({
    routes,
    secrets,
    seen: new SeenSignatures(),
    limits: new SenderLimits(clock),
    bodies: new BodyMemory(bodiesMaxBytes(config.maxRequestBytes), metrics.webhookBodyBytes),
    trustedProxies: config.trustedProxyCidrs.map(parseIpRange).filter((range) => range !== undefined),
    metrics,
    clock,
    log,
  });
  const intake = stack.use(
    await openPort("WEBHOOK_PORT", config.listen.webhookPort, () =>
      listen({
        hostname: config.listen.address,
        port: config.listen.webhookPort,
        tls: tlsFilesOf(config),
        limits: LISTENER_LIMITS,
        answer: (request, peer, inner) => intakeApp.fetch(request, { signal: inner, peer }),
        clock,
        log,
      })),
  );
  health.markListenersUp(true);
  log.info("Listening", { webhook_port: intake.port, metrics_port: observe.port });

  await using program = new Group(signal);
  program.run("tick", (inner) => health.keepTicking(inner));
  program.run("own name", async (inner) => {
    username = await ownName(api, clock, inner);
  });
  const synced = (what: string | undefined): void => {
    if (unsynced.delete(what) && unsynced.size === 0) {
      health.markIngestersSynced();
      log.info("Ready", { ingesters: registry.entries.size });
      replay.nudge();
    }
  };
  if (clusterFilter !== undefined) {
    unsynced.add(FILTER_CONFIGMAP);
    program.run("filter", (inner) => clusterFilter.follow(() => synced(FILTER_CONFIGMAP), inner));
  }
  for (const namespace of ingesterNamespaces ?? [undefined]) {
    const watched = { namespaces: ingesterNamespaces, exclude: scope.kind === "all" ? scope.except : [] };
    const onSynced = (): void => {
      kept.confirm(namespace);
      synced(namespace);
    };
    program.run(
      "ingesters",
      (inner) => watchIngesters(namespace, watched, registry, onSynced, { api, clock, log }, inner),
    );
  }
  program.run("kept ingesters", async (inner) => {
    await clock.sleep(KEPT_AFTER_MILLISECONDS, inner);
    if (unsynced.size > 0 && kept.use()) {
      areRemembered = true;
      health.markIngestersSynced();
      replay.nudge();
    }
    await kept.keep(() => unsynced.size === 0, inner);
  });
  program.run("spool", (inner) => spool.keep(inner));
  const desk = { folder: () => spool.folder, deadLetters, spool, ledger, disk: systemDisk, clock, log };
  program.run("letter desk", (inner) => keepLetterDesk(desk, inner));
  // These outlive the others: webhooks are served for a while, and what they leave behind is written.
  program.run("replay", () => replay.run(spoolEnd.signal));
  program.run("series", (inner) => series.keepSweeping(inner));
  program.run("repeats", () => repeats.keepFolding(spoolEnd.signal));
  program.run("secrets", () => secrets.follow(registry, spoolEnd.signal));
  const collector = {
    intervalMilliseconds: config.gcIntervalMilliseconds,
    namespaces: places,
    isOwnIngester: (namespace: string) => isLookedIn(scope, namespace),
    defaultTtlSeconds: config.observationTtlSeconds,
    onDeleted: (observation: ObservationRef) => recent.remove(observation),
  };
  const work = {
    registry,
    overlaps: new Overlaps(registry),
    activities,
    pipeline,
    api,
    clock,
    metrics,
    log,
    collector,
    store,
    budgets,
    isOwnerActive: ({ namespace, name }: { readonly namespace: string; readonly name: string }) => {
      // What lies where this installation does not look is another one's to see to.
      if (!isLookedIn(scope, namespace)) return true;
      const kind = registry.entries.get(`${namespace}/${name}`)?.compiled.kind;
      return kind !== undefined && kind !== "suspended";
    },
    checkpoints: {
      namespace: podNamespace,
      name: `${config.leaderElection.leaseName}-checkpoints`,
      identity,
    },
    areIngestersSynced: () => unsynced.size === 0,
    maxWatches: config.maxWatches,
    clusterFilter,
  };
  let stuck: TermStuckError | undefined;
  program.run("leadership", async (inner) => {
    try {
      await clusterFilter?.known(inner);
      await elector.run(async (term) => {
        const onResumed = observeFailover(term, metrics, clock, log);
        await doTermWork(work, term, onResumed, term.signal);
      }, inner);
    } catch (error) {
      if (error instanceof TermStuckError) {
        health.markTermStuck();
        stuck = error;
      }
      throw error;
    }
  });
  program.run("drain", async (inner) => {
    await aborted(inner);
    health.markStopping();
    log.info("Stopping");
    try {
      await intake[Symbol.asyncDispose]();
      await replay.drained(DRAIN_MILLISECONDS);
    } finally {
      spoolEnd.abort(new DOMException("The spool was drained", "AbortError"));
    }
  });
  await program.settled();
  // The group takes it for obedience when this comes after the stop was asked for; it is none.
  if (stuck !== undefined) throw stuck;
  log.info("Stopped");
}

/** What readiness waits for beside the namespaces of Ingesters; no namespace has such a name. */
const FILTER_CONFIGMAP = "filter ConfigMap";

/** What the condition says of a budget that is used up. */
function usedUp({ maxObservations, onExceed }: BudgetRule): string {
  const then = onExceed === "rollup" ? "further findings are rolled up" : "further findings are rejected";
  return `The budget of ${maxObservations} Observations is used up: ${then}, but for critical ones`;
}

/** Observes how long the hand-over took, when the first source of a term has its first answer. */
function observeFailover(term: Term, metrics: Metrics, clock: Clock, log: Log): () => void {
  let isObserved = false;
  return () => {
    const { kind, sinceMonotonic } = term.takeover;
    if (isObserved || sinceMonotonic === undefined) return;
    isObserved = true;
    const milliseconds = clock.monotonic() - sinceMonotonic;
    metrics.failoverDuration.observe(milliseconds / 1000);
    log.info("New leader resumed the first source", {
      previous: kind,
      duration_ms: Math.round(milliseconds),
    });
  };
}

function tlsFilesOf(config: Config): TlsFiles | undefined {
  const { certificateFile, keyFile, clientCaFile } = config.tls;
  return certificateFile === undefined || keyFile === undefined
    ? undefined
    : { certFile: certificateFile, keyFile, clientCaFile };
}
