import { Activities } from "../../src/ingesters/activities.ts";
import type { SourceState } from "../../src/source/informer.ts";

/** Remembers every state that sources told, one after the other. */
export class RecordingActivities extends Activities {
  readonly #told: { readonly source: string; readonly kind: SourceState["kind"] }[] = [];

  override setSource(key: string, source: string, state: SourceState): void {
    this.#told.push({ source, kind: state.kind });
    super.setSource(key, source, state);
  }

  /** The states that a source told. */
  toldBy(source: string): readonly SourceState["kind"][] {
    return this.#told.filter((one) => one.source === source).map(({ kind }) => kind);
  }
}
