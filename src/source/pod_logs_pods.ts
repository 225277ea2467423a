import type { KubeObject } from "../kube/api.ts";
import { at, isJsonObject, listAt, textAt } from "../model/json.ts";

/** One container of a pod, as far as its log is concerned. */
export interface LoggedContainer {
  readonly name: string;
  /** It has ended, and nothing is added to its log unless it is started again. */
  readonly isTerminated: boolean;
  /** When it ended, milliseconds since 1970. */
  readonly finishedAt: number | undefined;
  /** The container that was there before its last restart; its log can still be read. */
  readonly previous: { readonly id: string; readonly finishedAt: number } | undefined;
}

/** What is kept of a pod. */
export interface LoggedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** A replica of this installation: what it says of a finding must not be one. */
  readonly isOwn: boolean;
  readonly containers: readonly LoggedContainer[];
}

const CONTAINERS = [
  ["initContainers", "initContainerStatuses"],
  ["containers", "containerStatuses"],
  ["ephemeralContainers", "ephemeralContainerStatuses"],
] as const;

const NAME_LABEL = "app.kubernetes.io/name";
const OWN_NAME = "zen-watcher";

/**
 * Reads a pod (core/v1): its containers of every kind, or the one with a name.
 *
 * @param ownNamespace that of this installation, where pods with its name are its replicas
 * @returns undefined when it is on no node yet, or has no uid: then it has no log
 */
export function readLoggedPod(
  pod: KubeObject,
  only: string | undefined,
  ownNamespace: string,
): LoggedPod | undefined {
  const { namespace, name, uid } = pod.metadata;
  if (namespace === undefined || uid === undefined) return undefined;
  if (textAt(pod, "spec", "nodeName") === undefined) return undefined;
  const containers = CONTAINERS.flatMap(([list, statuses]) => {
    const byName = new Map(
      listAt(pod, "status", statuses).map((status) => [textAt(status, "name"), status] as const),
    );
    return listAt(pod, "spec", list).flatMap((container) => {
      const own = textAt(container, "name");
      if (own === undefined || (only !== undefined && own !== only)) return [];
      return [readContainer(own, byName.get(own))];
    });
  });
  const isOwn = namespace === ownNamespace && pod.metadata.labels?.[NAME_LABEL] === OWN_NAME;
  return { namespace, name, uid, isOwn, containers };
}

function readContainer(name: string, status: unknown): LoggedContainer {
  const isTerminated = isJsonObject(at(status, "state", "terminated"));
  const previousId = textAt(status, "lastState", "terminated", "containerID");
  const previousEnd = timeAt(status, "lastState", "terminated", "finishedAt");
  return {
    name,
    isTerminated,
    finishedAt: timeAt(status, "state", "terminated", "finishedAt"),
    previous: previousId === undefined || previousEnd === undefined
      ? undefined
      : { id: previousId, finishedAt: previousEnd },
  };
}

function timeAt(value: unknown, ...path: readonly string[]): number | undefined {
  const milliseconds = Date.parse(textAt(value, ...path) ?? "");
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}
