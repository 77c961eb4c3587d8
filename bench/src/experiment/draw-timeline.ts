import { type TimelinePoint } from "./observe-house.ts";

/** A moment that is marked in a plot. */
export type Moment = { readonly atMs: number; readonly says: string };
/** Cpu and memory of some domains over time, as in the paper's Figures 10 and 11. */
export type Plot = {
  readonly title: string;
  readonly points: readonly TimelinePoint[];
  readonly domains: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly moments: readonly Moment[];
};

const MIB = 1024 * 1024;
const MS_PER_S = 1_000;
const WIDTH = 960;
const HEIGHT = 640;

const secondsOf = (atMs: number, fromMs: number): number => Math.round((atMs - fromMs) / 10) / 100;

/** Draws the plot as SVG, two diagrams with one time axis; echarts renders without a browser. */
export const drawTimeline = async ({ title, points, domains, fromMs, toMs, moments }: Plot): Promise<string> => {
  // Loaded here because the library is large, and most commands draw nothing.
  const [{ init, use }, { LineChart }, parts, { SVGRenderer }] = await Promise.all([import("echarts/core"), import("echarts/charts"), import("echarts/components"), import("echarts/renderers")]);
  use([LineChart, parts.GridComponent, parts.LegendComponent, parts.TitleComponent, parts.MarkLineComponent, SVGRenderer]);
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: HEIGHT });
  const lines = (axis: number, of: (point: TimelinePoint) => number): object[] =>
    domains.map((domain, at) => ({
      name: domain, type: "line", showSymbol: false, xAxisIndex: axis, yAxisIndex: axis, lineStyle: { width: 1.2 },
      data: points.filter((point) => point.domain === domain && point.atMs >= fromMs && point.atMs <= toMs).map((point) => [secondsOf(point.atMs, fromMs), of(point)]),
      ...(at === 0 ? { markLine: { symbol: "none", silent: true, lineStyle: { type: "dashed", color: "#888" }, data: moments.map(({ atMs, says }) => ({ xAxis: secondsOf(atMs, fromMs), label: { formatter: axis === 0 ? says : "", fontSize: 10 } })) } } : {}),
    }));
  const time = { type: "value", name: "s", min: 0, max: secondsOf(toMs, fromMs) };
  chart.setOption({
    animation: false,
    title: { text: title, left: "center", textStyle: { fontSize: 14 } },
    legend: { top: 26, data: [...domains] },
    grid: [{ left: 70, right: 30, top: 80, height: 210 }, { left: 70, right: 30, top: 370, height: 210 }],
    xAxis: [{ ...time, gridIndex: 0 }, { ...time, gridIndex: 1 }],
    yAxis: [{ gridIndex: 0, type: "value", name: "cpu, % of a core", min: 0 }, { gridIndex: 1, type: "value", name: "memory, MiB", min: 0 }],
    series: [...lines(0, ({ cpuPercent }) => cpuPercent), ...lines(1, ({ memoryBytes }) => Math.round((memoryBytes / MIB) * 10) / 10)],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
};

/** The same points as comma-separated values, one line per domain and moment. */
export const timelineCsv = ({ points, fromMs, toMs }: Pick<Plot, "points" | "fromMs" | "toMs">): string =>
  [
    "seconds,domain,cpuPercent,memoryBytes,framesInPerS,workBytesPerS,queuedBytes",
    ...points.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).map((point) =>
      [((point.atMs - fromMs) / MS_PER_S).toFixed(2), point.domain, point.cpuPercent, point.memoryBytes, point.framesInPerS, point.workBytesPerS, point.queuedBytes].join(","),
    ),
    "",
  ].join("\n");
