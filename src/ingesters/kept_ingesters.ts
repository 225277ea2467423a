import type { Ingester } from "../model/ingester.ts";
import { isJsonObject } from "../model/json.ts";
import type { Log } from "../observe/log.ts";
import type { Clock } from "../run/clock.ts";
import type { Disk } from "../run/disk.ts";
import { frame, framesOf } from "../run/frames.ts";
import { type IngesterRegistry, keyOfIngester } from "./registry.ts";

/** What they are kept with. */
export interface KeptIngestersParts {
  /** SPOOL_DIR; each replica keeps them in its own folder below it. */
  readonly root: string;
  /** The own folder; undefined while there is none. */
  readonly folder: () => string | undefined;
  readonly registry: IngesterRegistry;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is on disk. */
interface Kept {
  /** Of the namespaces that were looked at; another set is another installation's. */
  readonly scope: string;
  /** Wall time in milliseconds since 1970. */
  readonly savedAt: number;
  readonly ingesters: readonly Ingester[];
}

const FILE = "ingesters.json";
const SAVE_MILLISECONDS = 1_000;

/**
 * The Ingesters as they were last known, on disk beside the spool and never with a Secret, so that a replica that starts
 * while the API server is away can take webhooks all the same.
 */
export class KeptIngesters {
  readonly #parts: KeptIngestersParts;
  readonly #scope: string;
  readonly #log: Log;
  #found: Kept | undefined;
  /** Those in the registry that nobody has confirmed since, by key. */
  #unconfirmed: ReadonlyMap<string, Ingester> = new Map();

  /** @param scope names the namespaces that are looked at */
  constructor(scope: string, parts: KeptIngestersParts) {
    this.#scope = scope;
    this.#parts = parts;
    this.#log = parts.log.component("ingesters");
  }

  /** Finds the newest that any replica has kept; before folders of replicas that are gone may be removed. */
  async find(): Promise<void> {
    const { disk, root } = this.#parts;
    for (const name of await disk.folders(root).catch(() => [])) {
      const kept = await this.#read(`${root}/${name}/${FILE}`);
      if (kept?.scope !== this.#scope || kept.savedAt <= (this.#found?.savedAt ?? -Infinity)) continue;
      this.#found = kept;
    }
  }

  /** Keeps what was found in the own folder, since the one that it came from may go. */
  async rescue(): Promise<void> {
    if (this.#found !== undefined) await this.#write(this.#found);
  }

  /** Puts what was found into the registry; false when there was nothing. */
  use(): boolean {
    const { registry } = this.#parts;
    const found = this.#found;
    if (found === undefined) return false;
    const unconfirmed = found.ingesters.filter((one) => !registry.entries.has(keyOfIngester(one.metadata)));
    for (const ingester of unconfirmed) registry.put(ingester);
    this.#unconfirmed = new Map(unconfirmed.map((one) => [keyOfIngester(one.metadata), one]));
    this.#log.warn("The API server is away: Ingesters of an earlier start are used", {
      ingesters: found.ingesters.length,
      saved_at: new Date(found.savedAt).toISOString(),
    });
    return true;
  }

  /** The Ingesters of a namespace were listed: those that were not among them are gone; undefined: of all namespaces. */
  confirm(namespace: string | undefined): void {
    const { registry } = this.#parts;
    for (const [key, ingester] of this.#unconfirmed) {
      if (namespace !== undefined && ingester.metadata.namespace !== namespace) continue;
      if (registry.entries.get(key)?.ingester === ingester) registry.remove(key);
    }
  }

  /**
   * Keeps them on disk, a second after a change at most, once `isSynced` says that they are all known.
   *
   * @throws the signal's reason
   */
  async keep(isSynced: () => boolean, signal: AbortSignal): Promise<never> {
    const { clock, registry } = this.#parts;
    let isChanged = true;
    const unlisten = registry.onChange(() => isChanged = true);
    try {
      while (true) {
        await clock.sleep(SAVE_MILLISECONDS, signal);
        if (!isChanged || !isSynced()) continue;
        const ingesters = [...registry.entries.values()].map(({ ingester }) => bare(ingester));
        if (await this.#write({ scope: this.#scope, savedAt: clock.now(), ingesters })) isChanged = false;
      }
    } finally {
      unlisten();
    }
  }

  async #write(kept: Kept): Promise<boolean> {
    const folder = this.#parts.folder();
    if (folder === undefined) return false;
    try {
      await this.#parts.disk.replace(`${folder}/${FILE}`, frame(JSON.stringify(kept)));
      return true;
    } catch (error) {
      this.#log.debug("Ingesters cannot be kept on disk", { folder, error: String(error) });
      return false;
    }
  }

  /** What is damaged or of another shape is no use, and no harm. */
  async #read(path: string): Promise<Kept | undefined> {
    try {
      for (const one of framesOf(await this.#parts.disk.read(path))) {
        if (one.kind !== "record") continue;
        const kept = JSON.parse(one.text);
        if (!Array.isArray(kept.ingesters) || !kept.ingesters.every(isIngester)) return undefined;
        return kept;
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        this.#log.warn("Kept Ingesters cannot be read", { path, error: String(error) });
      }
      return undefined;
    }
    this.#log.warn("Kept Ingesters are damaged and left out", { path });
    return undefined;
  }
}

function isIngester(value: unknown): value is Ingester {
  return isJsonObject(value) && isJsonObject(value["metadata"]) && isJsonObject(value["spec"]) &&
    typeof value["metadata"]["namespace"] === "string" && typeof value["metadata"]["name"] === "string";
}

/** As little as is needed: no status, no annotations, and nothing of what Secrets hold, which an Ingester only names. */
function bare({ apiVersion, kind, metadata, spec }: Ingester): Ingester {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp } = metadata;
  return {
    apiVersion,
    kind,
    metadata: { name, namespace, uid, resourceVersion, generation, creationTimestamp },
    spec,
  };
}
