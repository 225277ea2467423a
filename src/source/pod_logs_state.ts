import type { SourceState } from "./informer.ts";
import type { ContainerState } from "./pod_logs_container.ts";

/** What the state of a source of logs is made of. */
export interface LogsSeen {
  /** How the watch of the pods stands. */
  readonly pods: SourceState;
  readonly podCount: number;
  readonly containers: readonly ContainerState[];
  /** How many logs may be read at once. */
  readonly limit: number;
}

/** How a source of logs stands: as badly as the worst of its parts. No pod at all is no fault. */
export function stateOfLogs({ pods, podCount, containers, limit }: LogsSeen): SourceState {
  if (pods.kind !== "running") return pods;
  const messages = (kind: "forbidden" | "failing"): string[] =>
    containers.flatMap((one) => one.kind === kind ? [one.message] : []);
  const [forbidden] = messages("forbidden");
  if (forbidden !== undefined) return { kind: "forbidden", message: forbidden };
  const queued = containers.filter(({ kind }) => kind === "queued").length;
  if (queued > 0) {
    return {
      kind: "failing",
      message: `${queued} of ${containers.length} containers wait for their turn, as at most ${limit} logs ` +
        "are read at once; narrow spec.logs.podSelector",
    };
  }
  const failing = messages("failing");
  const [first] = failing;
  if (first !== undefined) {
    return { kind: "failing", message: `${failing.length} of ${containers.length} containers: ${first}` };
  }
  return {
    kind: "running",
    detail: `${counted(containers.length, "container")} of ${counted(podCount, "pod")}`,
  };
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
