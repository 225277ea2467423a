/** A kind of object that the model serves. */
export type Resource =
  | "events"
  | "policyreports"
  | "leases"
  | "configmaps"
  | "observations"
  | "ingesters";

/** metadata of an object in the model. */
export interface StoredMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  readonly [field: string]: unknown;
}

/** An object in the model; never changed once it is stored. */
export interface StoredObject {
  readonly metadata: StoredMetadata;
  readonly [field: string]: unknown;
}

/** One change of one object, as a watch tells it. */
export interface Change {
  readonly revision: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly resource: Resource;
  readonly key: string;
  /** As it is after the change; what was deleted carries the resourceVersion of its deletion. */
  readonly object: StoredObject;
}

const FIRST_REVISION = 1000;

/** etcd, as far as an API server needs it: objects, a log of all their changes, compaction, and going back to a backup. */
export class Store {
  #objects = new Map<Resource, Map<string, StoredObject>>();
  #log: Change[] = [];
  #revision = FIRST_REVISION;
  #compacted = 0;
  readonly #onChange: (change: Change) => void;

  constructor(onChange: (change: Change) => void) {
    this.#onChange = onChange;
  }

  /** The revision of the last change. */
  get revision(): number {
    return this.#revision;
  }

  /** Revisions before this one can be read no more. */
  get compacted(): number {
    return this.#compacted;
  }

  /** All changes that led to what there is. */
  get log(): readonly Change[] {
    return this.#log;
  }

  /** An object as it is now. */
  get(resource: Resource, key: string): StoredObject | undefined {
    return this.#objects.get(resource)?.get(key);
  }

  /** All objects as they are now, in the order of their keys. */
  all(resource: Resource): readonly (readonly [string, StoredObject])[] {
    return [...(this.#objects.get(resource) ?? [])].sort(([one], [other]) => one < other ? -1 : 1);
  }

  /** All objects as they were at a revision, in the order of their keys. */
  allAt(resource: Resource, revision: number): readonly (readonly [string, StoredObject])[] {
    if (revision >= this.#revision) return this.all(resource);
    const objects = stateOf(this.#log.filter((change) => change.revision <= revision));
    return [...(objects.get(resource) ?? [])].sort(([one], [other]) => one < other ? -1 : 1);
  }

  /** The changes of a kind after a revision. */
  changesAfter(resource: Resource, revision: number): readonly Change[] {
    const found: Change[] = [];
    for (let index = this.#log.length - 1; index >= 0; index--) {
      const change = this.#log[index] as Change;
      if (change.revision <= revision) break;
      if (change.resource === resource) found.push(change);
    }
    return found.reverse();
  }

  /** Stores an object, new or changed. */
  put(
    resource: Resource,
    key: string,
    object: { readonly metadata: Omit<StoredMetadata, "resourceVersion"> },
  ): StoredObject {
    const type = this.get(resource, key) === undefined ? "ADDED" : "MODIFIED";
    return this.#append(type, resource, key, object);
  }

  /** Deletes an object; undefined when there is none. */
  delete(resource: Resource, key: string): StoredObject | undefined {
    const object = this.get(resource, key);
    return object === undefined ? undefined : this.#append("DELETED", resource, key, object);
  }

  /** Forgets what was before a revision. */
  compact(revision: number): void {
    this.#compacted = Math.max(this.#compacted, Math.min(revision, this.#revision));
  }

  /** Goes back to how everything was at a revision, as after `etcdctl snapshot restore`. */
  restore(revision: number): void {
    this.#log = this.#log.filter((change) => change.revision <= revision);
    this.#objects = stateOf(this.#log);
    this.#revision = revision;
    this.#compacted = Math.min(this.#compacted, revision);
  }

  #append(
    type: Change["type"],
    resource: Resource,
    key: string,
    object: { readonly metadata: Omit<StoredMetadata, "resourceVersion"> },
  ): StoredObject {
    const revision = ++this.#revision;
    const stored = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(revision) },
    } as StoredObject;
    const change: Change = { revision, type, resource, key, object: stored };
    this.#log.push(change);
    apply(change, this.#objects);
    this.#onChange(change);
    return stored;
  }
}

function stateOf(log: readonly Change[]): Map<Resource, Map<string, StoredObject>> {
  const objects = new Map<Resource, Map<string, StoredObject>>();
  for (const change of log) apply(change, objects);
  return objects;
}

function apply(change: Change, objects: Map<Resource, Map<string, StoredObject>>): void {
  let ofResource = objects.get(change.resource);
  if (ofResource === undefined) objects.set(change.resource, ofResource = new Map());
  if (change.type === "DELETED") ofResource.delete(change.key);
  else ofResource.set(change.key, change.object);
}
