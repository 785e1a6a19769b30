// From the description of a chart to what ECharts takes; colours are those of the page.
import type { EChartsCoreOption } from "echarts/core";

interface Series {
  name: string;
  /** Which colour: the name of a custom property, `--c-kept` for `kept`. */
  role: string;
  values: number[];
}

export type Described =
  | { kind: "bars"; locale: string; labels: string[]; series: Series[]; unit?: "byte" }
  | { kind: "time"; locale: string; labels: string[]; series: Series[] }
  | { kind: "flow"; locale: string; nodes: { name: string; role: string; depth: number }[]; links: { source: string; target: string; value: number }[] };

type Colour = (name: string) => string;
type Short = (value: number) => string;

/** Bytes in the unit that leaves one to three digits, as the tables write them. */
function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; bytes >= 1024 && unit < units.length - 1; unit++) bytes /= 1024;
  return `${bytes.toFixed(unit && bytes % 1 ? 1 : 0)} ${units[unit]}`;
}

export function optionOf(described: Described, host: HTMLElement): EChartsCoreOption {
  const style = getComputedStyle(host);
  const colour: Colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const isBytes = described.kind === "bars" && described.unit === "byte";
  const number = new Intl.NumberFormat(described.locale);
  const compact = new Intl.NumberFormat(described.locale, { notation: "compact", maximumFractionDigits: 1 });
  const short: Short = isBytes ? size : (value) => compact.format(value);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const shared: EChartsCoreOption = {
    animation: !still,
    animationDuration: 300,
    animationDurationUpdate: 500,
    aria: { enabled: true },
    textStyle: { fontFamily: style.fontFamily, color: colour("ink"), fontSize: 13 },
    tooltip: {
      renderMode: "richText", // drawn, not markup: the page's policy allows no inline styles
      trigger: described.kind === "flow" ? "item" : "axis",
      axisPointer: { type: "shadow" },
      backgroundColor: colour("raised"),
      borderColor: colour("line"),
      textStyle: { color: colour("ink") },
      valueFormatter: (value: unknown) => (isBytes ? size(Number(value)) : number.format(Number(value))),
      confine: true,
    },
  };
  const narrow = host.clientWidth < 560;
  if (described.kind === "flow") return { ...shared, ...flow(described, colour, short, narrow) };
  const axes = axesOf(described, colour, short, narrow);
  return {
    ...shared,
    ...axes,
    legend: {
      data: described.series.map(({ name }) => name),
      top: 0,
      left: 0,
      itemWidth: 12,
      itemHeight: 12,
      icon: "roundRect",
      textStyle: { color: colour("ink") },
    },
    series: described.series.map(({ name, role, values }) => ({
      name,
      type: "bar",
      stack: "all",
      data: values,
      barMaxWidth: described.kind === "bars" ? 18 : 36,
      itemStyle: { color: colour(`c-${role}`), borderColor: colour("raised"), borderWidth: 0.5 },
      emphasis: { focus: "none" },
    })),
  };
}

function axesOf(described: Exclude<Described, { kind: "flow" }>, colour: Colour, short: Short, narrow: boolean): EChartsCoreOption {
  const label = { color: colour("quiet"), fontSize: 12 };
  const values = {
    type: "value",
    ...("unit" in described ? marks(described.series) : {}),
    axisLabel: { ...label, formatter: (value: number) => short(value), hideOverlap: true },
    splitLine: { lineStyle: { color: colour("line") } },
    splitNumber: narrow ? 3 : 5,
  };
  const names = {
    type: "category",
    data: described.labels,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: colour("line") } },
    axisLabel: { ...label, hideOverlap: true },
  };
  const grid = { left: 0, right: 16, top: 40, bottom: 0, outerBoundsMode: "same", outerBoundsContain: "axisLabel" };
  if (described.kind === "time") return { grid, xAxis: names, yAxis: values };
  const width = narrow ? 120 : 220;
  const turned = { ...names, inverse: true, axisLabel: { ...names.axisLabel, color: colour("ink"), hideOverlap: false, interval: 0, width, overflow: "truncate" } };
  return { grid, xAxis: values, yAxis: turned };
}

/** Marks a power of two bytes apart, so that their sizes are round. */
function marks(series: Series[]): { interval: number; max: number } {
  const sums = (series[0]?.values ?? []).map((_, at) => series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0));
  const most = Math.max(...sums, 4);
  const interval = 2 ** Math.ceil(Math.log2(most / 4));
  return { interval, max: Math.ceil(most / interval) * interval };
}

function flow(described: Extract<Described, { kind: "flow" }>, colour: Colour, short: Short, narrow: boolean): EChartsCoreOption {
  const last = Math.max(...described.nodes.map(({ depth }) => depth));
  const label = (node: { depth: number }) => ({ position: node.depth === last ? "left" : "right" });
  return {
    series: [
      {
        type: "sankey",
        left: 0,
        right: 8,
        top: 8,
        bottom: 8,
        nodeWidth: narrow ? 8 : 14,
        nodeGap: 18,
        draggable: false,
        emphasis: { focus: "adjacency" },
        orient: "horizontal",
        data: described.nodes.map(({ name, role, depth }) => ({ name, depth, label: label({ depth }), itemStyle: { color: colour(`c-${role}`), borderWidth: 0 } })),
        links: described.links,
        lineStyle: { color: "target", opacity: 0.28, curveness: 0.5 },
        label: {
          color: colour("ink"),
          fontSize: narrow ? 11 : 13,
          formatter: ({ name, value }: { name: string; value: number }) => `${name}  ${short(value)}`,
        },
      },
    ],
  };
}
