import type { ApiRequest } from "../../src/kube/api.ts";
import { mergePatch } from "../support/merge_patch.ts";
import { EPOCH } from "./machine.ts";
import { discoveryAt, keyOf, type Named, readPath } from "./paths.ts";
import type { Change, Resource, StoredObject } from "./store.ts";
import { Store } from "./store.ts";
import type { Timeline } from "./timeline.ts";
import { Watches, type WatchRequest, type WatchSink } from "./watches.ts";

/** An answer of the API server. */
export interface Reply {
  readonly status: number;
  readonly reason?: string;
  readonly body?: unknown;
}

/** Who asks for what. */
export interface Asked {
  readonly caller: string;
  readonly resource: Resource;
  readonly namespace: string | undefined;
}

/** Who looks on: everything that was accepted and asked, before anybody hears of it. */
export interface Onlooker {
  /** A write took effect. */
  onChange(change: Change): void;
  /** A write of a replica took effect. */
  onWrite(caller: string, resource: Resource, before: StoredObject | undefined, after: StoredObject): void;
  /** A whole list began, or a streaming list: what is not in it is gone for who asked. */
  onList(asked: Asked, revision: number): void;
  /** A resourceVersion was told by a list of one item. */
  onPeek(asked: Asked, revision: number): void;
  /** A watch was opened from a resourceVersion. */
  onWatch(asked: Asked, from: number, revision: number): void;
  /** A position was refused since its history is gone. */
  onExpired(asked: Asked): void;
}

interface Continue {
  readonly revision: number;
  readonly after: string;
}

/** The kinds that are served from the watch cache, which does not outlive the API server. */
const CACHED: readonly Resource[] = ["policyreports", "leases", "configmaps", "observations"];
/** How long the watch cache keeps what it dropped at the earliest. */
const CACHE_MILLISECONDS = 75_000;

/** A model of kube-apiserver: lists, watches, writes with optimistic lock, history that ends. */
export class ApiServer {
  readonly store: Store;
  readonly watches: Watches;
  readonly #timeline: Timeline;
  readonly #random: () => number;
  readonly #onlooker: Onlooker;
  /** Positions before this one are not in the watch cache any more, by kind. */
  readonly #cacheFloor = new Map<Resource, number>();
  /** Revisions as they were at a time. */
  #ages: { readonly at: number; readonly revision: number }[] = [];
  readonly #mostInPage: number;
  readonly #paths = new Map<string, Named | "nothing">();
  #uid = 0;
  #isUp = true;

  constructor(
    options: { readonly mostInPage: number; readonly random: () => number },
    timeline: Timeline,
    onlooker: Onlooker,
  ) {
    this.#timeline = timeline;
    this.#random = options.random;
    this.#mostInPage = options.mostInPage;
    this.#onlooker = onlooker;
    this.store = new Store((change) => {
      onlooker.onChange(change);
      this.watches.tell(change);
    });
    this.watches = new Watches(this.store, timeline, options.random);
    for (const resource of CACHED) this.#cacheFloor.set(resource, this.store.revision);
    this.#age();
  }

  /** Whether it answers. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** It goes away: every stream is cut. */
  goDown(): void {
    this.#isUp = false;
    this.watches.breakAll();
  }

  /** It is back, with an empty watch cache. */
  comeUp(): void {
    this.#isUp = true;
    for (const resource of CACHED) this.#cacheFloor.set(resource, this.store.revision);
  }

  /** Goes back to a backup; the API server is down meanwhile. */
  restore(revision: number): void {
    this.store.restore(revision);
    this.#ages = this.#ages.filter((age) => age.revision <= revision);
    this.#age();
  }

  /** The watch cache drops what it may. */
  trimCache(): void {
    const revision = this.revisionAt(this.#timeline.now - CACHE_MILLISECONDS);
    for (const [resource, floor] of this.#cacheFloor) {
      this.#cacheFloor.set(resource, Math.max(floor, revision));
    }
  }

  /** What the revision was at a time. */
  revisionAt(time: number): number {
    return this.#ages.findLast(({ at }) => at <= time)?.revision ?? 0;
  }

  /** Creates, changes or deletes an object by hand, as somebody else than a replica. */
  put(
    resource: Resource,
    namespace: string,
    name: string,
    fields: Readonly<Record<string, unknown>>,
  ): StoredObject {
    const before = this.store.get(resource, keyOf(namespace, name));
    const metadata = before?.metadata ?? this.#metadata(namespace, name);
    return this.#stored(() => this.store.put(resource, keyOf(namespace, name), { ...fields, metadata }));
  }

  /** Deletes an object by hand, if it is there. */
  remove(resource: Resource, namespace: string, name: string): void {
    this.#stored(() => this.store.delete(resource, keyOf(namespace, name)));
  }

  /** Answers a request of a replica; what it does takes effect at once. */
  handle(request: ApiRequest, caller: string): Reply {
    const named = this.#read(request.path);
    if (named === undefined) {
      const discovered = discoveryAt(request.path);
      return discovered === undefined ? refusal(404, "NotFound") : { status: 200, body: discovered };
    }
    switch (request.method) {
      case "GET":
        return named.name === undefined ? this.#list(named, request, caller) : this.#get(named);
      case "POST":
        return this.#create(named, request, caller);
      case "PUT":
        return this.#update(named, caller, () => request.body);
      case "PATCH":
        return this.#update(named, caller, (before) => mergePatch(before, request.body));
      case "DELETE":
        return this.#delete(named);
      default:
        return request.method satisfies never;
    }
  }

  /** Opens a watch; what is not 200 is refused. */
  watch(request: ApiRequest, caller: string, sink: WatchSink): Reply {
    const named = this.#read(request.path);
    if (named === undefined) return refusal(404, "NotFound");
    const { query } = request;
    const given = query?.["resourceVersion"];
    const from = given === undefined || given === "" || given === "0" ? undefined : Number(given);
    const { resource, namespace } = named;
    const asked = { caller, resource, namespace };
    const hasInitialEvents = String(query?.["sendInitialEvents"] ?? false) === "true";
    if (hasInitialEvents && query?.["resourceVersionMatch"] !== "NotOlderThan") {
      return refusal(422, "Invalid");
    }
    if (from !== undefined && !hasInitialEvents) {
      this.#onlooker.onWatch(asked, from, this.store.revision);
      if (from < this.#floorOf(resource)) {
        this.#onlooker.onExpired(asked);
        if (resource === "events" && this.#random() < 0.5) return refusal(410, "Expired");
        sink.line(errorLine());
        sink.end();
        return { status: 200 };
      }
    }
    const selector = String(query?.["fieldSelector"] ?? "");
    const watch: WatchRequest = {
      resource,
      namespace,
      name: selector.startsWith("metadata.name=") ? selector.slice("metadata.name=".length) : undefined,
      from: hasInitialEvents ? undefined : from,
      hasBookmarks: resource !== "events" && String(query?.["allowWatchBookmarks"] ?? false) !== "false",
      endsInitialEvents: hasInitialEvents,
      timeoutSeconds: Number(query?.["timeoutSeconds"] ?? 1800),
      caller,
    };
    this.watches.open(watch, sink);
    return { status: 200 };
  }

  /** The same few paths are asked for again and again. */
  #read(path: string): Named | undefined {
    let named = this.#paths.get(path);
    if (named === undefined) this.#paths.set(path, named = readPath(path) ?? "nothing");
    return named === "nothing" ? undefined : named;
  }

  #floorOf(resource: Resource): number {
    return resource === "events" ? this.store.compacted : this.#cacheFloor.get(resource) ?? 0;
  }

  #list(named: Named, request: ApiRequest, caller: string): Reply {
    const { resource, namespace } = named;
    const limit = Number(request.query?.["limit"] ?? Infinity);
    const token = request.query?.["continue"];
    const start = token === undefined || token === ""
      ? undefined
      : JSON.parse(atob(String(token))) as Continue;
    if (
      start !== undefined && (start.revision < this.store.compacted || start.revision > this.store.revision)
    ) {
      return refusal(410, "Expired");
    }
    const revision = start?.revision ?? this.store.revision;
    if (start === undefined) {
      const asked = { caller, resource, namespace };
      if (limit === 1) this.#onlooker.onPeek(asked, revision);
      else this.#onlooker.onList(asked, revision);
    }
    const found = this.store.allAt(resource, revision).filter(([key]) =>
      (namespace === undefined || key.startsWith(`${namespace}/`)) &&
      (start === undefined || key > start.after)
    );
    // A server may send fewer than it was asked for.
    const page = found.slice(0, Math.min(limit, this.#mostInPage));
    const isLast = page.length === found.length;
    const next: Continue = { revision, after: page.at(-1)?.[0] ?? "" };
    return {
      status: 200,
      body: {
        metadata: {
          resourceVersion: String(revision),
          ...(isLast ? {} : { continue: btoa(JSON.stringify(next)) }),
        },
        items: page.map(([, object]) => object),
      },
    };
  }

  #get(named: Named): Reply {
    const object = this.store.get(named.resource, keyOf(named.namespace ?? "", named.name ?? ""));
    return object === undefined ? refusal(404, "NotFound") : { status: 200, body: object };
  }

  #create(named: Named, request: ApiRequest, caller: string): Reply {
    const body = request.body as StoredObject;
    const namespace = named.namespace ?? "";
    const { name } = body.metadata;
    if (this.store.get(named.resource, keyOf(namespace, name)) !== undefined) {
      return refusal(409, "AlreadyExists");
    }
    const metadata = { ...body.metadata, ...this.#metadata(namespace, name) };
    return this.#accept(named.resource, keyOf(namespace, name), { ...body, metadata }, caller);
  }

  #update(named: Named, caller: string, change: (before: StoredObject) => unknown): Reply {
    // A subresource of what the model does not look at.
    if (named.resource === "ingesters") return { status: 200, body: {} };
    const key = keyOf(named.namespace ?? "", named.name ?? "");
    const before = this.store.get(named.resource, key);
    if (before === undefined) return refusal(404, "NotFound");
    const after = change(before) as StoredObject;
    const { resourceVersion } = after.metadata;
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion) {
      return refusal(409, "Conflict");
    }
    const { uid, creationTimestamp } = before.metadata;
    const metadata = { ...after.metadata, uid, creationTimestamp };
    return this.#accept(named.resource, key, { ...after, metadata }, caller);
  }

  #delete(named: Named): Reply {
    const key = keyOf(named.namespace ?? "", named.name ?? "");
    const deleted = this.#stored(() => this.store.delete(named.resource, key));
    return deleted === undefined ? refusal(404, "NotFound") : { status: 200, body: deleted };
  }

  #accept(resource: Resource, key: string, object: StoredObject, caller: string): Reply {
    const before = this.store.get(resource, key);
    const after = this.#stored(() => this.store.put(resource, key, object));
    this.#onlooker.onWrite(caller, resource, before, after);
    return { status: before === undefined ? 201 : 200, body: after };
  }

  #stored<T>(store: () => T): T {
    const stored = store();
    this.#age();
    return stored;
  }

  #age(): void {
    this.#ages.push({ at: this.#timeline.now, revision: this.store.revision });
  }

  #metadata(namespace: string, name: string): Omit<StoredObject["metadata"], "resourceVersion"> {
    return {
      name,
      namespace,
      uid: `uid-${++this.#uid}`,
      creationTimestamp: new Date(Math.floor((EPOCH + this.#timeline.now) / 1000) * 1000).toISOString(),
    };
  }
}

function refusal(status: number, reason: string): Reply {
  return { status, reason, body: { kind: "Status", reason, code: status } };
}

function errorLine(): string {
  const object = {
    kind: "Status",
    status: "Failure",
    reason: "Expired",
    message: "too old resource version",
    code: 410,
  };
  return JSON.stringify({ type: "ERROR", object });
}
