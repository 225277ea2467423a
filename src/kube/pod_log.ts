import { type Api, resourcePath } from "./api.ts";

/** Which log is read, and from when on. */
export interface PodLogRequest {
  readonly namespace: string;
  readonly pod: string;
  /** Also one of its init or ephemeral containers. */
  readonly container: string;
  /** RFC 3339 in whole seconds: lines of that second and later. */
  readonly sinceTime: string;
  /** The one before the last restart, to its end, instead of the one that runs. */
  readonly isPrevious: boolean;
}

const PODS = { group: "", version: "v1", resource: "pods" } as const;

/**
 * Opens the log of a container with the time before each line (GET pods/log, core/v1 PodLogOptions). It ends with the
 * container, or sooner.
 *
 * @throws ApiError when there is none: bad-request while the container has not started, not-found when the pod is gone
 */
export function openPodLog(
  { namespace, pod, container, sinceTime, isPrevious }: PodLogRequest,
  api: Api,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  return api.stream({
    role: "watch",
    method: "GET",
    path: resourcePath(PODS, namespace, pod, "log"),
    query: {
      container,
      timestamps: true,
      sinceTime,
      ...(isPrevious ? { previous: true } : { follow: true }),
    },
  }, signal);
}
