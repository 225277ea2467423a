import type { Panel, ThresholdsMode } from "@grafana/schema";

/** One expression of a panel, and how its series are called. */
export type Query = readonly [expression: string, legend: string];

/** What a panel shows, and how. */
export interface PanelSpec {
  readonly kind: "timeseries" | "stat" | "table" | "bargauge";
  readonly title: string;
  readonly description: string;
  readonly queries: readonly Query[];
  readonly unit: string;
  /** Columns of 24. */
  readonly width: number;
  readonly isStacked: boolean;
  /** From which value on it is yellow, and red. */
  readonly limits?: readonly [yellow: number, red: number];
}

type More = Partial<Pick<PanelSpec, "unit" | "width" | "isStacked" | "limits">>;

const HEIGHTS: Readonly<Record<PanelSpec["kind"], number>> = {
  timeseries: 8,
  stat: 4,
  table: 8,
  bargauge: 8,
};
/** The data source that the dashboard's variable names. */
export const DATASOURCE: { readonly type: string; readonly uid: string } = {
  type: "prometheus",
  uid: "${datasource}",
};

function spec(kind: PanelSpec["kind"], width: number) {
  return (title: string, description: string, queries: readonly Query[], more: More = {}): PanelSpec => ({
    kind,
    title,
    description,
    queries,
    unit: "short",
    width,
    isStacked: false,
    ...more,
  });
}

/** Values over time, a third of the page wide. */
export const timeseries: ReturnType<typeof spec> = spec("timeseries", 8);
/** One number, or one for each series. */
export const stat: ReturnType<typeof spec> = spec("stat", 4);
/** One line for each series. */
export const table: ReturnType<typeof spec> = spec("table", 12);
/** One bar for each series. */
export const bars: ReturnType<typeof spec> = spec("bargauge", 8);

/** Lays panels out from left to right, and below each other. */
export function layOut(specs: readonly PanelSpec[]): Panel[] {
  let x = 0;
  let y = 0;
  let height = 0;
  return specs.map((one, index) => {
    const h = HEIGHTS[one.kind];
    if (x + one.width > 24) {
      y += height;
      x = 0;
      height = 0;
    }
    const panel = panelOf(one, index + 1, { x, y, w: one.width, h });
    x += one.width;
    height = Math.max(height, h);
    return panel;
  });
}

function panelOf(one: PanelSpec, id: number, gridPos: { x: number; y: number; w: number; h: number }): Panel {
  const isNow = one.kind !== "timeseries";
  return {
    id,
    type: one.kind,
    title: one.title,
    description: one.description,
    gridPos,
    datasource: { ...DATASOURCE },
    targets: one.queries.map(([expr, legendFormat], index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: { ...DATASOURCE },
      expr,
      legendFormat,
      ...(isNow ? { instant: true, range: false } : {}),
      ...(one.kind === "table" ? { format: "table" } : {}),
    })),
    fieldConfig: {
      defaults: {
        unit: one.unit,
        ...(one.limits === undefined ? {} : { thresholds: thresholds(one.limits) }),
        ...(one.kind === "timeseries"
          ? {
            custom: {
              fillOpacity: one.isStacked ? 20 : 5,
              stacking: { mode: one.isStacked ? "normal" : "none" },
            },
          }
          : {}),
      },
      overrides: [],
    },
    options: OPTIONS[one.kind],
    ...(one.kind === "table" ? { transformations: columnsOf(one) } : {}),
  };
}

/** One column for each query, named for it; the time of an instant query says nothing. */
function columnsOf({ queries }: PanelSpec) {
  const names = queries.map(([, legend], index) => [`Value #${String.fromCharCode(65 + index)}`, legend]);
  const renameByName = queries.length > 1 ? Object.fromEntries(names) : {};
  const organize = { id: "organize", options: { excludeByName: { Time: true }, renameByName } };
  return queries.length > 1 ? [{ id: "merge", options: {} }, organize] : [organize];
}

const LAST = { calcs: ["lastNotNull"], fields: "", values: false };
const OPTIONS: Readonly<Record<PanelSpec["kind"], Record<string, unknown>>> = {
  timeseries: {
    legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
    tooltip: { mode: "multi", sort: "desc" },
  },
  stat: {
    reduceOptions: LAST,
    colorMode: "value",
    graphMode: "none",
    justifyMode: "auto",
    orientation: "auto",
    textMode: "auto",
  },
  table: { showHeader: true, cellHeight: "sm" },
  bargauge: {
    reduceOptions: LAST,
    displayMode: "basic",
    orientation: "horizontal",
    showUnfilled: true,
    valueMode: "color",
  },
};

function thresholds([yellow, red]: readonly [number, number]) {
  const isLowBad = red < yellow;
  return {
    mode: "absolute" as ThresholdsMode,
    steps: isLowBad
      ? [{ color: "red", value: null }, { color: "yellow", value: red }, { color: "green", value: yellow }]
      : [{ color: "green", value: null }, { color: "yellow", value: yellow }, { color: "red", value: red }],
  };
}
