// A square a day, a column a week: how much of the site the best look of the day saw. Empty squares are days without a look.

import { DAY_MS, day, millis } from "../../lib/time";
import { count, percent } from "../../lib/words";

const CELL = 11;
const TOP = 14;
const LEFT = 26;
const WEEK = 7;

interface CalendarProps {
  days: { day: string; looks: number; visible: number }[];
  from: string;
  to: string;
}

export function Calendar({ days, from, to }: CalendarProps) {
  const known = new Map(days.map((each) => [each.day, each]));
  const start = mondayBefore(millis(from));
  const cells: { at: number; column: number; row: number }[] = [];
  for (let at = start, index = 0; at <= millis(to); at += DAY_MS, index += 1) cells.push({ at, column: Math.floor(index / WEEK), row: index % WEEK });
  const columns = (cells.at(-1)?.column ?? 0) + 1;
  const clear = days.filter((each) => each.visible >= 0.5).length;
  const months = cells.filter((cell) => cell.row === 0 && new Date(cell.at).getUTCDate() <= WEEK);
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label="Visibility by day">
        <svg class="calendar" width={LEFT + columns * CELL} height={TOP + WEEK * CELL + 2} role="img" aria-label={`${count(days.length, "day")} with looks, of which ${clear} saw at least half of the site`}>
          {months.map((cell) => (
            <text key={cell.at} x={LEFT + cell.column * CELL} y={10}>
              {new Date(cell.at).toUTCString().slice(8, 11)}
            </text>
          ))}
          {["Mon", "Wed", "Fri"].map((name, index) => (
            <text key={name} x={0} y={TOP + index * 2 * CELL + 9}>
              {name}
            </text>
          ))}
          {cells.map(({ at, column, row }) => {
            const entry = known.get(new Date(at).toISOString().slice(0, 10));
            return (
              <rect key={at} class={entry ? "" : "none"} x={LEFT + column * CELL} y={TOP + row * CELL} width={CELL - 2} height={CELL - 2} rx={2} fill-opacity={entry ? 0.12 + 0.88 * entry.visible : 1}>
                <title>{entry ? `${day(at)}: ${count(entry.looks, "look")}, ${percent(entry.visible)} seen at best` : `${day(at)}: no look`}</title>
              </rect>
            );
          })}
        </svg>
      </div>
      <p class="quiet">
        {count(days.length, "day")} with looks, {clear} of them saw at least half. Fuller is clearer; outlined is no look.
      </p>
    </>
  );
}

function mondayBefore(ms: number): number {
  const midnight = Math.floor(ms / DAY_MS) * DAY_MS;
  return midnight - ((new Date(midnight).getUTCDay() + 6) % WEEK) * DAY_MS;
}
