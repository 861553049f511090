// Each signal's own history at this site, its usual range, and the newest reading against it.

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Baseline } from "../../api/types";
import { millis, shortMinute } from "../../lib/time";
import { count, figure } from "../../lib/words";
import { shade } from "../../state/prefs";
import { useWidth } from "../../ui/hooks";
import { Empty } from "../../ui/parts";

const HEIGHT_PX = 128;

export function Baselines({ baselines }: { baselines: Baseline[] }) {
  if (!baselines.length) return <Empty title="Not enough was seen yet">A baseline needs 28 days of history and 12 clear looks.</Empty>;
  return (
    <div class="baselines">
      {baselines.map((each) => (
        <figure key={`${each.signal}${each.zone}${each.unit}`}>
          <figcaption>
            <strong>{each.signal}</strong> <span class="quiet">{each.zone}</span>
            <span class="spring" />
            <span>
              {figure(each.value)} {each.unit}
              <span class="quiet">
                {" "}
                usual {figure(each.median)} ({figure(each.low)} to {figure(each.high)})
              </span>
            </span>
          </figcaption>
          {each.history.length > 1 ? <Plot baseline={each} /> : <p class="quiet">no history yet</p>}
          <p class="quiet">
            {count(each.samples, "sample")}
            {each.at && `, the newest of ${shortMinute(each.at)}`}
          </p>
        </figure>
      ))}
    </div>
  );
}

function Plot({ baseline }: { baseline: Baseline }) {
  const [box, width] = useWidth<HTMLDivElement>();
  const holder = useRef<HTMLDivElement>(null);
  const inForce = shade.value;
  useEffect(() => {
    if (!holder.current || width < 80) return;
    const colours = getComputedStyle(document.documentElement);
    const colour = (name: string) => colours.getPropertyValue(name).trim();
    const signal = colour(`--${{ storage: "apron" }[baseline.signal] ?? baseline.signal}`) || colour("--link");
    const times = baseline.history.map((point) => millis(point.at) / 1_000);
    const flat = (value: number | null) => baseline.history.map(() => value);
    const axis: uPlot.Axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: `11px ${colour("--font")}` };
    const plot = new uPlot(
      {
        width,
        height: HEIGHT_PX,
        tzDate: (ts) => uPlot.tzDate(new Date(ts * 1_000), "UTC"),
        legend: { show: false },
        cursor: { points: { size: 6 } },
        scales: { y: { range: (_plot, _least, most) => [0, Math.max(most, 1) * 1.08] } },
        axes: [{ ...axis, space: 70 }, { ...axis, size: 44, space: 26 }],
        bands: [{ series: [3, 2], fill: `color-mix(in srgb, ${signal} 14%, transparent)` }],
        series: [
          {},
          { stroke: signal, width: 0, points: { show: true, size: 3.5, fill: signal, stroke: signal }, paths: () => null },
          { stroke: "transparent", points: { show: false } },
          { stroke: "transparent", points: { show: false } },
          { stroke: colour("--quiet"), width: 1, dash: [4, 3], points: { show: false } },
        ],
      },
      [times, baseline.history.map((point) => point.value), flat(baseline.low), flat(baseline.high), flat(baseline.median)],
      holder.current,
    );
    return () => plot.destroy();
  }, [baseline, width, inForce]);
  return (
    <div ref={box} role="img" aria-label={`${baseline.signal}: ${figure(baseline.value)} ${baseline.unit} now, usually ${figure(baseline.median)}, 90 % between ${figure(baseline.low)} and ${figure(baseline.high)}`}>
      <div ref={holder} />
    </div>
  );
}
