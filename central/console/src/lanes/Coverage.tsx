// One column a look, as high as what it saw. The chosen look is marked; a click chooses another.

import type { ScaleTime } from "d3-scale";
import type { LaneLook } from "../api/types";
import { millis, shortMinute } from "../lib/time";
import { percent } from "../lib/words";

interface CoverageProps {
  looks: LaneLook[];
  chosen: string | null;
  x: ScaleTime<number, number>;
  top: number;
  height: number;
  hold: (event: MouseEvent, text: string) => void;
  choose: (look: string) => void;
}

const WIDTH_PX = 4;
const REACH_PX = 7;
const CLEAR = 0.5;

export function Coverage({ looks, chosen, x, top, height, hold, choose }: CoverageProps) {
  return (
    <>
      <line class="ground" x1={x.range()[0]} x2={x.range()[1]} y1={top + height} y2={top + height} />
      {looks.map((look) => {
        const at = x(millis(look.at));
        const tall = Math.max(look.visible * height, 2);
        const sensor = typeof look.sensor === "string" ? look.sensor : look.sensor.name;
        return (
          <g key={look.id} class={`look ${look.visible < CLEAR ? "dim" : ""} ${look.id === chosen ? "chosen" : ""}`} onClick={() => choose(look.id)} onMouseMove={(event) => hold(event, `${shortMinute(look.at)} ${sensor}, ${look.station}: ${percent(look.visible)} of the zones seen`)}>
            <rect class="reach" x={at - REACH_PX / 2} width={REACH_PX} y={top} height={height} />
            <rect class="column" x={at - WIDTH_PX / 2} width={WIDTH_PX} y={top + height - tall} height={tall} />
            {look.id === chosen && <path class="pointer" d={`M${at - 5} ${top - 5} h10 l-5 6 z`} />}
          </g>
        );
      })}
    </>
  );
}
