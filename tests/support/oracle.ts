import {
  ApiException,
  CoordinationV1Api,
  CoreV1Api,
  createConfiguration,
  CustomObjectsApi,
  KubeConfig,
  type KubernetesObject,
  type RequestContext,
  type SecurityAuthentication,
  ServerConfiguration,
  type V1Lease,
} from "@kubernetes/client-node";
import type { GroupVersionResource, Ingester } from "../../src/model/ingester.ts";
import type { Observation } from "../../src/model/observation.ts";
import { systemClock } from "../../src/run/clock.ts";

/** A core Event as somebody in the cluster would write it. */
export interface NewEvent {
  readonly namespace: string;
  readonly name: string;
  readonly reason: string;
  /** What it is about. */
  readonly about: { readonly apiVersion: string; readonly kind: string; readonly name: string };
  /** Default is Warning. */
  readonly type?: "Warning" | "Normal" | undefined;
  readonly message?: string | undefined;
  /** Default is now. */
  readonly at?: Date | undefined;
}

/**
 * What is in the cluster, read and written by the official client for JavaScript and none of our own code, so that a test
 * does not believe the program about itself.
 */
export interface Oracle extends AsyncDisposable {
  /** All Observations, or those of one namespace. */
  observations(namespace?: string): Promise<readonly Observation[]>;
  /** All Ingesters, or those of one namespace. */
  ingesters(namespace?: string): Promise<readonly Ingester[]>;
  /** Undefined when there is none. */
  lease(namespace: string, name?: string): Promise<V1Lease | undefined>;
  /** Creates Events, at most `parallel` at a time. */
  createEvents(events: Iterable<NewEvent>, parallel?: number): Promise<void>;
  /** Creates custom objects, at most `parallel` at a time; one without namespace is cluster-wide. */
  createObjects(
    resource: GroupVersionResource,
    objects: Iterable<KubernetesObject>,
    parallel?: number,
  ): Promise<void>;
}

const PAGE_SIZE = 500;
const PARALLEL = 16;
/**
 * The client's one timer for all of its connections (undici, lib/util/timers.js) comes to rest at its first tick after the
 * last of them was closed, and ticks every 499 ms; the sanitizers would find it.
 */
const REST_MILLISECONDS = 1000;
const HTTP1 = { allowH2: false } as const;
const LEASE_NAME = "zen-watcher-leader-election";
const OWN = { group: "zen.kube-zen.io", version: "v1alpha1" } as const;

/** Opens the cluster of a kubeconfig. */
export function oracle(kubeconfig: string): Oracle {
  const config = new KubeConfigOfHttp1();
  config.loadFromFile(kubeconfig);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`Cannot read ${kubeconfig}: it must have a current context`);
  const connections = new OnePool(config);
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(cluster.server, {}),
    authMethods: { default: connections },
  });
  const core = new CoreV1Api(configuration);
  const coordination = new CoordinationV1Api(configuration);
  const custom = new CustomObjectsApi(configuration);

  const list = async <T>(plural: string, namespace: string | undefined): Promise<readonly T[]> => {
    const items: T[] = [];
    let _continue: string | undefined;
    do {
      const page = { limit: PAGE_SIZE, ...(_continue === undefined ? {} : { _continue }) };
      const { items: found, metadata } = namespace === undefined
        ? await custom.listCustomObjectForAllNamespaces({ ...OWN, resourcePlural: plural, ...page })
        : await custom.listNamespacedCustomObject({ ...OWN, namespace, plural, ...page });
      items.push(...found);
      _continue = metadata.continue === "" ? undefined : metadata.continue;
    } while (_continue !== undefined);
    return items;
  };

  return {
    observations: (namespace) => list<Observation>("observations", namespace),
    ingesters: (namespace) => list<Ingester>("ingesters", namespace),
    async lease(namespace, name = LEASE_NAME) {
      try {
        return await coordination.readNamespacedLease({ namespace, name });
      } catch (error) {
        if (error instanceof ApiException && error.code === 404) return undefined;
        throw error;
      }
    },
    async createEvents(events, parallel = PARALLEL) {
      await inParallel(
        events,
        parallel,
        ({ namespace, name, reason, about, type, message, at = new Date() }) =>
          core.createNamespacedEvent({
            namespace,
            body: {
              metadata: { namespace, name },
              involvedObject: { ...about, namespace },
              reason,
              message: message ?? `${reason} of ${about.name}`,
              type: type ?? "Warning",
              firstTimestamp: at,
              lastTimestamp: at,
              count: 1,
              source: { component: "oracle" },
            },
          }),
      );
    },
    async createObjects({ group, version, resource: plural }, objects, parallel = PARALLEL) {
      await inParallel(objects, parallel, (body) => {
        const namespace = body.metadata?.namespace;
        return namespace === undefined
          ? custom.createClusterCustomObject({ group, version, plural, body })
          : custom.createNamespacedCustomObject({ group, version, plural, namespace, body });
      });
    },
    [Symbol.asyncDispose]: () => connections.close(),
  };
}

/**
 * Speaks HTTP/1.1: the client would take HTTP/2 where a server offers it, and the runtime's own ended a process once
 * (nghttp2_session.c: Assertion `stream->closed_next == NULL').
 */
class KubeConfigOfHttp1 extends KubeConfig {
  override createDispatcherOptions(
    ...given: Parameters<KubeConfig["createDispatcherOptions"]>
  ): ReturnType<KubeConfig["createDispatcherOptions"]> {
    const options = super.createDispatcherOptions(...given);
    // Read by undici's buildConnector, which the client hands it to.
    return options.type === "agent" ? { ...options, connect: { ...options.connect, ...HTTP1 } } : options;
  }
}

/** Authenticates as the kubeconfig says, over one pool of connections; by itself the client makes one for each request. */
class OnePool implements SecurityAuthentication {
  readonly #config: KubeConfig;
  #pool: ReturnType<RequestContext["getDispatcher"]>;

  constructor(config: KubeConfig) {
    this.#config = config;
  }

  getName(): string {
    return this.#config.getName();
  }

  async applySecurityAuthentication(context: RequestContext): Promise<void> {
    await this.#config.applySecurityAuthentication(context);
    this.#pool ??= context.getDispatcher();
    if (this.#pool !== undefined) context.setDispatcher(this.#pool);
  }

  async close(): Promise<void> {
    if (this.#pool === undefined) return;
    await this.#pool.close();
    await systemClock.sleep(REST_MILLISECONDS, new AbortController().signal);
  }
}

/** The first failure ends it, after what is on its way. */
async function inParallel<T>(
  items: Iterable<T>,
  parallel: number,
  act: (item: T) => Promise<unknown>,
): Promise<void> {
  const queue = Iterator.from(items);
  const work = async (): Promise<void> => {
    for (let next = queue.next(); !next.done; next = queue.next()) await act(next.value);
  };
  const outcomes = await Promise.allSettled(Array.from({ length: parallel }, work));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
