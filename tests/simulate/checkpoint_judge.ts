import type { ApiServer } from "./api_server.ts";
import { CHECKPOINTS, positionIn, type Violate } from "./ledger.ts";
import { keyOf } from "./paths.ts";
import type { StoredObject } from "./store.ts";
import type { Target } from "./targets.ts";

const HOLDER = "zen.kube-zen.io/holder";

/** Judges who writes the checkpoints: one leader after the other, and forward. */
export class CheckpointJudge {
  readonly #targets: readonly Target[];
  readonly #violate: Violate;
  /** Terms that were followed by another one's write. */
  #succeeded = new Set<string>();
  #last: string | undefined;
  #positions = new Map<Target, number>();

  constructor(targets: readonly Target[], violate: Violate) {
    this.#targets = targets;
    this.#violate = violate;
  }

  /**
   * A write of the checkpoints took effect.
   *
   * @param revision of the API server; a position after it is one of a history that is no more, and may be taken back
   */
  onWrite(caller: string, after: StoredObject, revision: number): void {
    const annotations = after.metadata["annotations"] as Readonly<Record<string, string>> | undefined;
    const term = `${caller} in term ${annotations?.[HOLDER] ?? "?"}`;
    if (this.#succeeded.has(term)) {
      this.#violate("checkpoints by one leader", `${term} wrote the checkpoints after ${this.#last} did`);
    }
    if (this.#last !== undefined && this.#last !== term) this.#succeeded.add(this.#last);
    this.#last = term;
    for (const target of this.#targets) {
      const position = positionIn(after, target);
      const before = this.#positions.get(target);
      if (position !== undefined && before !== undefined && position < before) {
        this.#violate(
          "checkpoints forward",
          `${caller} set the position of ${target.resource} back from ${before} to ${position}`,
        );
      }
      if (position === undefined || position > revision) this.#positions.delete(target);
      else this.#positions.set(target, position);
    }
  }

  /** etcd went back: so may they. */
  restored(): void {
    this.#positions.clear();
    this.#succeeded.clear();
    this.#last = undefined;
  }

  /** Somebody's hand makes them useless. */
  spoil(server: ApiServer, how: "delete" | "garble"): void {
    const { namespace, name } = CHECKPOINTS;
    const found = server.store.get("configmaps", keyOf(namespace, name));
    if (found === undefined || !server.isUp) return;
    this.#positions.clear();
    if (how === "delete") server.remove("configmaps", namespace, name);
    else {
      const data = Object.fromEntries(Object.keys(found["data"] ?? {}).map((key) => [key, "{"]));
      server.put("configmaps", namespace, name, { ...found, data });
    }
  }
}
