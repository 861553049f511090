import type { ScaleTime } from "d3-scale";
import type { Bar } from "./layout";
import { shortMinute } from "../lib/time";
import { figure } from "../lib/words";

interface StaysProps {
  bars: Bar[];
  x: ScaleTime<number, number>;
  top: number;
  row: number;
  range: [number, number];
  hold: (event: MouseEvent, text: string) => void;
  choose: (look: string) => void;
}

const SEEN_PX_MIN = 3;

export function Stays({ bars, x, top, row, range, hold, choose }: StaysProps) {
  const clamp = (ms: number) => x(Math.min(Math.max(ms, range[0]), range[1]));
  return (
    <>
      {bars.map((bar) => {
        const y = top + bar.row * row + 1;
        const height = row - 3;
        const seen = [clamp(bar.seen[0]), Math.max(clamp(bar.seen[1]), clamp(bar.seen[0]) + SEEN_PX_MIN)] as const;
        const end = bar.departed ? clamp(bar.departed[1]) : clamp(range[1]);
        const first = Array.isArray(bar.stay.looks) ? bar.stay.looks[0] : undefined;
        return (
          <g key={`${bar.stay.zone}${bar.stay.first_seen}${bar.stay.length_m}`} class={`stay ${bar.stay.dark ? "dark" : ""} ${first ? "has-look" : ""}`} onMouseMove={(event) => hold(event, words(bar))} onClick={() => first && choose(first)}>
            <rect class="maybe" x={clamp(bar.arrived[0])} width={Math.max(seen[0] - clamp(bar.arrived[0]), 0)} y={y + 2} height={height - 4} />
            <rect class="maybe" x={seen[1]} width={Math.max(end - seen[1], 0)} y={y + 2} height={height - 4} />
            <rect class="seen" x={seen[0]} width={seen[1] - seen[0]} y={y} height={height} rx={1.5} />
            {!bar.departed && <path class="still" d={`M${end - 5} ${y} l5 ${height / 2} l-5 ${height / 2}`} />}
          </g>
        );
      })}
    </>
  );
}

function words({ stay }: Bar): string {
  const radio = stay.dark ? "dark" : stay.mmsi ? `MMSI ${stay.mmsi}` : "not dark";
  const left = stay.departed ? `left between ${shortMinute(stay.departed.earliest)} and ${shortMinute(stay.departed.latest)}` : "not seen to leave";
  return `${stay.class} of ${figure(Math.round(stay.length_m))} ± ${figure(Math.round(stay.length_sd_m))} m at ${stay.zone}, ${radio}; arrived between ${shortMinute(stay.arrived.earliest)} and ${shortMinute(stay.arrived.latest)}; ${left}`;
}
