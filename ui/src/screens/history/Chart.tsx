import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { HistoryBuckets } from "../../api/shapes";
import { count } from "../../lib/words";

/** Flows over time, as bars. The sums stand in words above; each bar's count is told where the pointer is. */
export default function Chart({ buckets, zone }: { buckets: HistoryBuckets["buckets"]; zone: string }) {
  const box = useRef<HTMLDivElement>(null);
  const dark = useComputedColorScheme("light") === "dark";
  useEffect(() => {
    const container = box.current;
    if (!container) return;
    const [ink, lines, bar] = dark ? ["#c9c9c9", "#424950", "#69b1f5"] : ["#3c444d", "#d5dae0", "#1971c2"];
    const axis = { stroke: ink, grid: { stroke: lines, width: 1 }, ticks: { stroke: lines, width: 1 } };
    const plot = new uPlot(
      {
        width: container.clientWidth,
        height: 180,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
        cursor: { y: false, drag: { x: false, y: false } },
        axes: [{ ...axis, values: "{DD} {MMM}\n{HH}:{mm}", size: 50 }, { ...axis, size: 70, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? count(tick) : "")) }],
        series: [{ label: "Begins", value: "{YYYY}-{MM}-{DD} {HH}:{mm}" }, { label: "Flows", stroke: bar, fill: bar, paths: uPlot.paths.bars?.({ size: [0.9, 40] }), points: { show: false } }],
      },
      [buckets.map((one) => Date.parse(one.begin) / 1000), buckets.map((one) => one.flows)],
      container,
    );
    const watch = new ResizeObserver(() => plot.setSize({ width: container.clientWidth, height: 180 }));
    watch.observe(container);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [buckets, zone, dark]);
  return <div ref={box} role="img" aria-label="Flows over time" />;
}
