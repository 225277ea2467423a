import { type Api, resourcePath } from "./api.ts";

/** Which log is read, and from when on. */
export interface PodLogRequest {
  readonly namespace: string;
  readonly pod: string;
  /** Also one of its init or ephemeral containers. */
  readonly container: string;
  /** RFC 3339 in whole seconds: lines of that second and later. */
  readonly sinceTime: string;
  /**
   * previous: what the container before the last restart wrote; written: what is there now; followed: that, and what comes.
   * A follower may get its answer no sooner than there is a first line.
   */
  readonly part: "previous" | "written" | "followed";
}

/** Longer than anybody waits for a first line. */
const FIRST_LINE_MILLISECONDS = 3_600_000;
const PODS = { group: "", version: "v1", resource: "pods" } as const;

/**
 * Opens the log of a container with the time before each line (GET pods/log, core/v1 PodLogOptions). It ends with the
 * container, or sooner.
 *
 * @throws ApiError when there is none: bad-request while the container has not started, not-found when the pod is gone
 */
export function openPodLog(
  { namespace, pod, container, sinceTime, part }: PodLogRequest,
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
      ...(part === "previous" ? { previous: true } : part === "followed" ? { follow: true } : {}),
    },
    ...(part === "followed" ? { timeoutMilliseconds: FIRST_LINE_MILLISECONDS } : {}),
  }, signal);
}
