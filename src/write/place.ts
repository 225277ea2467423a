const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** The settings that say where Observations go. */
export interface PlaceSettings {
  /** The watcher's own namespace. */
  readonly podNamespace: string;
  /** WATCH_NAMESPACE; empty: all. */
  readonly watchNamespaces: readonly string[];
  /** OBSERVATION_NAMESPACE. */
  readonly observationNamespace: string | undefined;
}

/**
 * The namespace of an Observation: a pure function of finding and Ingester, so that every replica says the same
 * (contract, section 5).
 *
 * @param ingesterNamespace where the Ingester lies
 * @param namespaces its `spec.namespaces`; empty: all
 */
export function place(
  resourceNamespace: string | undefined,
  ingesterNamespace: string,
  namespaces: readonly string[],
  settings: PlaceSettings,
): string {
  if (settings.observationNamespace !== undefined) return settings.observationNamespace;
  if (ingesterNamespace !== settings.podNamespace) return ingesterNamespace;
  const isWithin = (list: readonly string[]): boolean =>
    resourceNamespace !== undefined && (list.length === 0 || list.includes(resourceNamespace));
  if (
    resourceNamespace !== undefined && DNS_LABEL.test(resourceNamespace) && isWithin(namespaces) &&
    isWithin(settings.watchNamespaces)
  ) return resourceNamespace;
  return settings.podNamespace;
}

/**
 * Every namespace that Observations of this installation may lie in: all that {@link place} can say, and the watcher's own,
 * which stands in for one that is gone. undefined: any.
 *
 * @param ingesterNamespaces where Ingesters are looked for; undefined: everywhere
 */
export function placesOf(
  { podNamespace, watchNamespaces, observationNamespace }: PlaceSettings,
  ingesterNamespaces: readonly string[] | undefined,
): readonly string[] | undefined {
  if (observationNamespace !== undefined) return [...new Set([observationNamespace, podNamespace])];
  if (watchNamespaces.length === 0 || ingesterNamespaces === undefined) return undefined;
  return [...new Set([podNamespace, ...watchNamespaces, ...ingesterNamespaces])];
}
