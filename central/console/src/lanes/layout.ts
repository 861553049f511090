// Where things stand in the lanes. Pure: times and widths in, pixels out.

import type { Stay } from "../api/types";
import { DAY_MS, millis } from "../lib/time";

/** One stay as drawn: seen for certain between `seen`, arrived and left somewhere in the ranges around it. */
export interface Bar {
  stay: Stay;
  row: number;
  /** Earliest and latest arrival, first and last sighting, earliest and latest departure; Unix milliseconds. */
  arrived: [number, number];
  seen: [number, number];
  departed: [number, number] | null;
}

/** More than this many on top of one another are drawn over each other in the last row, and said. */
export const ROWS_MAX = 6;

/** Packs stays into rows so that none touches another; `gapMs` stays free between two of a row. */
export function pack(stays: Stay[], gapMs: number): { bars: Bar[]; rows: number; crowded: number } {
  const bars = stays
    .map((stay): Bar => {
      const seen: [number, number] = [millis(stay.first_seen), millis(stay.last_seen)];
      return {
        stay,
        row: 0,
        arrived: [Math.min(millis(stay.arrived.earliest), seen[0]), seen[0]],
        seen,
        departed: stay.departed ? [seen[1], Math.max(millis(stay.departed.latest), seen[1])] : null,
      };
    })
    .sort((one, other) => one.arrived[0] - other.arrived[0] || one.seen[0] - other.seen[0]);
  const freeFrom: number[] = [];
  let crowded = 0;
  for (const bar of bars) {
    let row = freeFrom.findIndex((free) => free + gapMs <= bar.arrived[0]);
    if (row < 0) {
      row = freeFrom.length < ROWS_MAX ? freeFrom.length : ROWS_MAX - 1;
      if (freeFrom.length >= ROWS_MAX) crowded += 1;
    }
    bar.row = row;
    freeFrom[row] = Math.max(freeFrom[row] ?? 0, bar.departed ? bar.departed[1] : Number.POSITIVE_INFINITY);
  }
  return { bars, rows: Math.max(freeFrom.length, 1), crowded };
}

/** Points summed by moment: several zones of a lane in one look are one figure. */
export function sums(points: { at: string; value: number; look: string }[]): { at: number; value: number; look: string }[] {
  const found = new Map<string, { at: number; value: number; look: string }>();
  for (const point of points) {
    const sum = found.get(point.look) ?? { at: millis(point.at), value: 0, look: point.look };
    sum.value += point.value;
    found.set(point.look, sum);
  }
  return [...found.values()].sort((one, other) => one.at - other.at);
}

/** Of the time shown around a window, this share lies before its middle: what led to it matters more than what came after. */
const BEFORE = 0.72;

/** The time shown at first: the window and what led to it, not the whole two months, where the whole would be a smear. */
export function frame(from: number, to: number, focus: [number, number] | null, weeks: number | null): [number, number] {
  if (weeks === null || !focus) return [from, to];
  const wanted = weeks * 7 * DAY_MS;
  const middle = (focus[0] + focus[1]) / 2;
  const length = Math.max(wanted, (focus[1] - focus[0]) * 1.2);
  const end = Math.min(Math.max(middle + length * (1 - BEFORE), from + length), to);
  return [Math.max(end - length, from), end];
}
