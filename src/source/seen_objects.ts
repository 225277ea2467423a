import type { KubeObject } from "../kube/api.ts";
import { sha256 } from "../model/sha256.ts";

/** What one watch remembers of each object: never the object, only what tells whether it changed. */
interface Seen {
  resourceVersion: string;
  readonly hash: string;
  /** Number of the relist in which it was listed last. */
  relist: number;
}

/** Which objects of a watch were taken already, and in which state. */
export class SeenObjects {
  readonly #byUid = new Map<string, Seen>();
  #relist = 0;

  /** How many objects are remembered. */
  get size(): number {
    return this.#byUid.size;
  }

  /**
   * Whether the object has the content it had when it was taken: same resourceVersion, or same hash over all but
   * resourceVersion and managedFields. Such an object is not received again.
   */
  isUnchanged(object: KubeObject): boolean {
    const seen = this.#byUid.get(keyOf(object));
    if (seen === undefined) return false;
    seen.relist = this.#relist;
    const resourceVersion = object.metadata.resourceVersion ?? "";
    if (resourceVersion !== "" && resourceVersion === seen.resourceVersion) return true;
    if (contentHash(object) !== seen.hash) return false;
    seen.resourceVersion = resourceVersion;
    return true;
  }

  /** To be called when every finding of the object has its verdict, never before. */
  add(object: KubeObject): void {
    this.#byUid.set(keyOf(object), {
      resourceVersion: object.metadata.resourceVersion ?? "",
      hash: contentHash(object),
      relist: this.#relist,
    });
  }

  /** Forgets a deleted object. */
  remove(object: KubeObject): void {
    this.#byUid.delete(keyOf(object));
  }

  /** A relist begins: from now on what is listed counts as there. */
  beginRelist(): void {
    this.#relist++;
  }

  /** A relist has ended: forgets what was not listed, and says how many those were. */
  endRelist(): number {
    let gone = 0;
    for (const [key, seen] of this.#byUid) {
      if (seen.relist === this.#relist) continue;
      this.#byUid.delete(key);
      gone++;
    }
    return gone;
  }
}

/** What tells one object from another: its uid. */
export function keyOf(object: KubeObject): string {
  return object.metadata.uid ?? `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

function contentHash(object: KubeObject): string {
  const metadata = { ...object.metadata, resourceVersion: undefined, managedFields: undefined };
  return sha256(JSON.stringify({ ...object, metadata })).toString("base64").slice(0, 22);
}
