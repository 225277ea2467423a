import type { Clock } from "../run/clock.ts";
import type { KubeObject } from "./api.ts";
import type { RestartReason } from "./restart.ts";
import { type WatchApi, watchResource, type WatchTarget } from "./watcher.ts";

/** What is told of one object that is watched by its name. */
export type ObjectEvent =
  /** It is there, and so it is now; may be told again unchanged. */
  | { readonly kind: "present"; readonly object: KubeObject }
  | { readonly kind: "absent" }
  /** A list has ended: what was told before is how it stands. */
  | { readonly kind: "listed" }
  /** It cannot be watched at this moment; what was told last stands. */
  | { readonly kind: "failed"; readonly reason: RestartReason; readonly error: Error };

/**
 * Watches one object by its name alone, so that a Role can name it, for ever and through everything that ends a watch
 * ({@link watchResource}).
 *
 * @throws the signal's reason
 */
export async function* watchObject(
  { gvr, namespace, name }: Pick<WatchTarget, "gvr"> & { readonly namespace: string; readonly name: string },
  api: WatchApi,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<ObjectEvent, void, undefined> {
  const target = { gvr, namespace, fieldSelector: `metadata.name=${name}`, hasBookmarks: true };
  let isListed = false;
  for await (const event of watchResource(target, api, clock, signal)) {
    switch (event.kind) {
      case "relisting":
        isListed = false;
        break;
      case "listed":
      case "present":
      case "added":
      case "modified":
        isListed = true;
        yield { kind: "present", object: event.object };
        break;
      case "relisted":
        if (!isListed) yield { kind: "absent" };
        yield { kind: "listed" };
        break;
      case "deleted":
        yield { kind: "absent" };
        break;
      case "opened":
      case "bookmark":
        break;
      case "restarting":
        if (event.error !== undefined) yield { kind: "failed", reason: event.reason, error: event.error };
        break;
      default:
        event satisfies never;
    }
  }
}
