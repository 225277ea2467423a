import { type WatchApi, watchResource } from "../kube/watcher.ts";
import { isJsonObject } from "../model/json.ts";
import type { Ingester } from "../model/ingester.ts";
import { GROUP, VERSION } from "../model/observation.ts";
import type { Log } from "../observe/log.ts";
import type { Clock } from "../run/clock.ts";
import { type IngesterRegistry, keyOfIngester } from "./registry.ts";

/** Where Ingesters are looked for. */
export interface IngesterScope {
  /** Namespaces, or undefined for all. */
  readonly namespaces: readonly string[] | undefined;
  /** Left out when all are looked at. */
  readonly exclude: readonly string[];
}

/**
 * Keeps the registry true to the API server for as long as `signal` lasts; every replica runs one for each namespace.
 *
 * @param onSynced called once the first list was read whole
 * @throws the signal's reason
 */
export async function watchIngesters(
  namespace: string | undefined,
  scope: IngesterScope,
  registry: IngesterRegistry,
  onSynced: () => void,
  parts: { readonly api: WatchApi; readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  const log = parts.log.component("ingesters");
  const target = {
    gvr: { group: GROUP, version: VERSION, resource: "ingesters" },
    namespace,
    hasBookmarks: true,
  };
  const known = new Set<string>();
  let listed = new Set<string>();
  const put = (object: unknown): void => {
    if (!isIngester(object) || scope.exclude.includes(object.metadata.namespace)) return;
    known.add(keyOfIngester(object.metadata));
    listed.add(keyOfIngester(object.metadata));
    registry.put(object);
  };
  const remove = (key: string): void => {
    known.delete(key);
    registry.remove(key);
  };
  for await (const event of watchResource(target, parts.api, parts.clock, signal)) {
    switch (event.kind) {
      case "relisting":
        listed = new Set();
        break;
      case "listed":
      case "present":
      case "added":
      case "modified":
        put(event.object);
        break;
      case "relisted":
        for (const key of [...known]) if (!listed.has(key)) remove(key);
        log.debug("Ingesters listed", { namespace: namespace ?? "*", count: known.size });
        onSynced();
        break;
      case "deleted":
        remove(keyOfIngester(event.object.metadata));
        break;
      case "opened":
      case "bookmark":
        break;
      case "restarting":
        if (event.error === undefined) break;
        log.warn("Cannot watch Ingesters", {
          namespace: namespace ?? "*",
          reason: event.reason,
          error: event.error.message,
          wait_ms: Math.round(event.waitMilliseconds),
          hint: event.reason === "missing"
            ? "install the CRDs: zen-watcher crds | kubectl apply -f -"
            : event.reason === "forbidden"
            ? "the ServiceAccount needs get, list and watch on ingesters.zen.kube-zen.io"
            : undefined,
        });
        break;
      default:
        event satisfies never;
    }
  }
}

/** The registry checks the spec; here only what makes an object an Ingester at all. */
export function isIngester(object: unknown): object is Ingester {
  return isJsonObject(object) && isJsonObject(object["metadata"]) && isJsonObject(object["spec"]) &&
    typeof object["metadata"]["namespace"] === "string" && typeof object["metadata"]["uid"] === "string";
}
