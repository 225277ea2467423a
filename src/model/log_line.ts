import type { Severity } from "./severity.ts";

/** One line of a pod's log that matched a pattern: the payload of a signal of a source that reads logs. */
export type LogLine = {
  readonly namespace: string;
  readonly podName: string;
  readonly podUid: string;
  readonly container: string;
  /** When the container wrote it, RFC 3339 with the digits that the API gave (`timestamps=true`); empty when unknown. */
  readonly timestamp: string;
  /** Without its timestamp and line end. */
  readonly line: string;
  /** True: the line was longer than what is read of one, and this is its beginning. */
  readonly isCut?: boolean;
  /** True: a replica of this installation wrote it. */
  readonly isOwn?: boolean;
  /** What the pattern that matched says of it. */
  readonly pattern: {
    readonly eventType?: string;
    readonly severity?: Severity;
    /** The pattern's named groups; one that took no part in the match is left out. */
    readonly groups?: { readonly [name: string]: string };
  };
};
