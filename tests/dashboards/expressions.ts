import type { Dashboard, Panel } from "@grafana/schema";

/** The panels of a dashboard; rows are none. */
export function panelsOf({ panels = [] }: Dashboard): readonly Panel[] {
  return panels.filter((panel): panel is Panel => panel.type !== "row");
}

/** What a panel asks Prometheus for. */
export function expressionsOf({ targets = [] }: Panel): readonly string[] {
  return targets.map((target) => String(target["expr"]));
}

/** An expression as Grafana would send it with all values chosen, and a range of so many seconds. */
export function withValues(expression: string, rangeSeconds: number): string {
  return expression.replace(/\$__\w+/g, `${rangeSeconds}s`).replace(/\$\w+/g, ".*");
}
