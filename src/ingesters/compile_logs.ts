import type { LogsSpec } from "../model/ingester.ts";
import { compileLogPatterns, type LogPatterns } from "../source/pod_logs_patterns.ts";

/** The logs of the pods of one namespace, of all, or of all but keeping only some. */
export interface LogTarget {
  readonly namespace: string | undefined;
  readonly keepNamespaces: ReadonlySet<string> | undefined;
  readonly podSelector: string | undefined;
  readonly container: string | undefined;
}

/** What an Ingester of pod logs was made into. */
export interface CompiledLogs {
  readonly targets: readonly LogTarget[];
  readonly patterns: LogPatterns;
  readonly sinceSeconds: number;
  /** POD_NAMESPACE: what this installation writes there is no finding. */
  readonly ownNamespace: string;
}

/**
 * Compiles `spec.logs`, the preset's where the Ingester does not say it.
 *
 * @param namespaces those that are read, one watch each; undefined: all, with one
 * @param maxWatches above so many namespaces one watch over all of them is made, unless `mayWatchAll` is false
 * @returns what is wrong, when anything is
 */
export function compileLogs(
  spec: LogsSpec,
  namespaces: readonly string[] | undefined,
  limits: { readonly maxWatches: number; readonly mayWatchAll: boolean; readonly ownNamespace: string },
): CompiledLogs | readonly string[] {
  const specs = spec.patterns ?? [];
  if (specs.length === 0) return ["spec.logs.patterns must say which lines are findings"];
  const patterns = compileLogPatterns(specs);
  if (!("patterns" in patterns)) return patterns;
  const target = { podSelector: spec.podSelector, container: spec.container, keepNamespaces: undefined };
  const isWhole = namespaces === undefined || (namespaces.length > limits.maxWatches && limits.mayWatchAll);
  return {
    patterns,
    sinceSeconds: spec.sinceSeconds ?? 0,
    ownNamespace: limits.ownNamespace,
    targets: isWhole
      ? [{
        ...target,
        namespace: undefined,
        keepNamespaces: namespaces === undefined ? undefined : new Set(namespaces),
      }]
      : namespaces.map((namespace) => ({ ...target, namespace })),
  };
}
