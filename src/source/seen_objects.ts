import type { KubeObject } from "../kube/api.ts";
import { isOlder } from "../kube/resource_version.ts";
import { sha256 } from "../model/sha256.ts";

/** What one watch remembers of each object: never the object, only what tells whether it changed. */
interface Seen {
  resourceVersion: string;
  readonly hash: string;
  /** When it means something else though nobody changes it, in milliseconds since 1970. */
  readonly reviewAt: number | undefined;
  /** Number of the relist in which it was listed last. */
  relist: number;
}

/** Which objects of a watch were taken already, and in which state. */
export class SeenObjects {
  readonly #byUid = new Map<string, Seen>();
  #relist = 0;
  /** Undefined: to be looked for among all. */
  #nextReview: number | undefined = Infinity;

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

  /** Whether a newer state of the object was taken: the event is told late, by a watch that began before a list. */
  isOutdated(object: KubeObject): boolean {
    const seen = this.#byUid.get(keyOf(object));
    return seen !== undefined && isOlder(object.metadata.resourceVersion ?? "", seen.resourceVersion);
  }

  /** Whether the object must be judged again at this time (milliseconds since 1970), also unchanged. */
  isDue(object: KubeObject, now: number): boolean {
    return (this.#byUid.get(keyOf(object))?.reviewAt ?? Infinity) <= now;
  }

  /** When the first object must be judged again, in milliseconds since 1970; Infinity when none must. */
  get nextReview(): number {
    if (this.#nextReview === undefined) {
      let next = Infinity;
      for (const { reviewAt } of this.#byUid.values()) {
        if (reviewAt !== undefined && reviewAt < next) next = reviewAt;
      }
      this.#nextReview = next;
    }
    return this.#nextReview;
  }

  /**
   * To be called when every finding of the object has its verdict, never before.
   *
   * @param reviewAt when it must be judged again though unchanged, in milliseconds since 1970
   */
  add(object: KubeObject, reviewAt?: number): void {
    const key = keyOf(object);
    this.#forgetReview(this.#byUid.get(key));
    this.#byUid.set(key, {
      resourceVersion: object.metadata.resourceVersion ?? "",
      hash: contentHash(object),
      reviewAt,
      relist: this.#relist,
    });
    if (this.#nextReview !== undefined && reviewAt !== undefined) {
      this.#nextReview = Math.min(this.#nextReview, reviewAt);
    }
  }

  /** Forgets a deleted object. */
  remove(object: KubeObject): void {
    const key = keyOf(object);
    this.#forgetReview(this.#byUid.get(key));
    this.#byUid.delete(key);
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
      this.#forgetReview(seen);
      this.#byUid.delete(key);
      gone++;
    }
    return gone;
  }

  #forgetReview(seen: Seen | undefined): void {
    if (seen?.reviewAt !== undefined && seen.reviewAt === this.#nextReview) this.#nextReview = undefined;
  }
}

/** What tells one object from another: its uid. */
function keyOf(object: KubeObject): string {
  return object.metadata.uid ?? `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

function contentHash(object: KubeObject): string {
  const metadata = { ...object.metadata, resourceVersion: undefined, managedFields: undefined };
  return sha256(JSON.stringify({ ...object, metadata })).toString("base64").slice(0, 22);
}
