// A level over time: one bar a look, with a look that could not see the zones leaving none. Zero that was seen is a dot on the line.

import { type ScaleTime, scaleLinear } from "d3-scale";
import { millis, shortMinute } from "../lib/time";
import { figure } from "../lib/words";

interface PointsProps {
  points: { at: number; value: number; look: string }[];
  x: ScaleTime<number, number>;
  top: number;
  height: number;
  unit: string;
  hold: (event: MouseEvent, text: string) => void;
  choose: (look: string) => void;
}

const WIDTH_PX = 4;

export function Points({ points, x, top, height, unit, hold, choose }: PointsProps) {
  const most = Math.max(...points.map((point) => point.value), 1);
  const y = scaleLinear().domain([0, most]).range([top + height, top]);
  if (!points.length) {
    return (
      <text class="lane-none" x={x.range()[0]! + 6} y={top + height / 2 + 4}>
        nothing seen
      </text>
    );
  }
  return (
    <>
      <text class="lane-most" x={x.range()[0]! - 6} y={top + 8} text-anchor="end">
        {figure(most)}
      </text>
      <line class="ground" x1={x.range()[0]} x2={x.range()[1]} y1={top + height} y2={top + height} />
      {points.map((point) => (
        <rect
          key={point.look}
          class={point.value > 0 ? "level" : "level none"}
          x={x(point.at) - WIDTH_PX / 2}
          width={WIDTH_PX}
          y={point.value > 0 ? y(point.value) : top + height - 2}
          height={point.value > 0 ? top + height - y(point.value) : 2}
          onMouseMove={(event) => hold(event, `${shortMinute(millis(point.at))}: ${figure(point.value)} ${unit}`)}
          onClick={() => choose(point.look)}
        />
      ))}
    </>
  );
}
