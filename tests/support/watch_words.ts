import type { WatchEvent } from "../../src/kube/watch_event.ts";

/** What a watch told, in short words. */
export function inWords(happened: WatchEvent): string {
  switch (happened.kind) {
    case "listed":
    case "present":
    case "added":
    case "modified":
    case "deleted":
      return `${happened.kind} ${happened.object.metadata.name}`;
    case "relisted":
    case "bookmark":
      return `${happened.kind} ${happened.resourceVersion}`;
    case "restarting":
      return `restarting ${happened.reason}`;
    default:
      return happened.kind;
  }
}
