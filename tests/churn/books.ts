import { textAt } from "../../src/model/json.ts";
import type { Observation } from "../../src/model/observation.ts";
import type { Sent } from "./load.ts";
import { ANCHOR, type ChurnedSpec, isWebhook, NAMESPACES, podOf, sourceOf } from "./specs.ts";

/** What is there, against what must be. */
export interface Books {
  readonly due: number;
  readonly missing: readonly string[];
  /** What is there more than once. */
  readonly doubled: readonly string[];
}

/** Compares; names are not believed, but the numbers that the signals carry. */
export function compare(
  observations: readonly Observation[],
  sent: Sent,
  standing: ReadonlyMap<number, ChurnedSpec>,
): Books {
  const there = new Map<string, number>();
  const count = (key: string): void => void there.set(key, (there.get(key) ?? 0) + 1);
  for (const { metadata, spec } of observations) {
    count(`object ${metadata.namespace}/${metadata.name}`);
    if (spec.source === ANCHOR.name) count(`anchor ${textAt(spec.details, "number")}`);
    else if (spec.origin?.kind === "Event") {
      count(`${spec.source} ${spec.origin.namespace}/${spec.origin.name}`);
    }
  }
  const due = [
    ...[...sent.told].map((told) => `object ${told}`),
    ...[...sent.anchored].map((number) => `anchor ${number}`),
    ...[...sent.events].map((event) => `kubernetes-events ${event}`),
    ...dueOf(sent, standing),
  ];
  return {
    due: due.length,
    missing: due.filter((key) => !there.has(key)),
    doubled: [...there].filter(([, times]) => times > 1).map(([key]) => key),
  };
}

/** What the informers that stand in the end must have taken: all that the API server has of what they ask for. */
function dueOf(sent: Sent, standing: ReadonlyMap<number, ChurnedSpec>): readonly string[] {
  return [...standing].flatMap(([place, { takesAll }]) => {
    if (isWebhook(place) || !takesAll) return [];
    const prefix = `${NAMESPACES[0]}/${podOf(place)}.`;
    return [...sent.events].filter((event) => event.startsWith(prefix)).map((event) =>
      `${sourceOf(place)} ${event}`
    );
  });
}
