import { describe, expect, test } from "vitest";
import type { Stay } from "../../src/api/types";
import { ROWS_MAX, frame, pack, sums } from "../../src/lanes/layout";
import { DAY_MS, millis } from "../../src/lib/time";

const stay = (arrived: [string, string], seen: [string, string], departed: [string, string] | null): Stay => ({
  zone: "pier-1",
  arrived: { earliest: `2024-03-${arrived[0]}T00:00:00Z`, latest: `2024-03-${arrived[1]}T00:00:00Z` },
  departed: departed && { earliest: `2024-03-${departed[0]}T00:00:00Z`, latest: `2024-03-${departed[1]}T00:00:00Z` },
  first_seen: `2024-03-${seen[0]}T00:00:00Z`,
  last_seen: `2024-03-${seen[1]}T00:00:00Z`,
  length_m: 96,
  length_sd_m: 6,
  class: "tanker",
  dark: true,
  mmsi: null,
  existence: 0.93,
  looks: [],
});

describe("stays", () => {
  test("are_solid_where_seen_and_ranges_where_they_came_and_went", () => {
    const { bars } = pack([stay(["01", "03"], ["03", "05"], ["05", "08"])], 0);
    const at = (day: string) => millis(`2024-03-${day}T00:00:00Z`);
    expect(bars[0]).toMatchObject({ arrived: [at("01"), at("03")], seen: [at("03"), at("05")], departed: [at("05"), at("08")] });
  });

  test("of_one_row_never_touch_even_in_their_ranges", () => {
    const { bars, rows } = pack([stay(["01", "03"], ["03", "05"], ["05", "08"]), stay(["07", "09"], ["09", "10"], ["10", "11"]), stay(["09", "10"], ["10", "11"], ["11", "12"])], DAY_MS / 2);
    expect(rows).toBe(2);
    for (const one of bars) {
      for (const other of bars) {
        if (one === other || one.row !== other.row) continue;
        expect((one.departed?.[1] ?? Infinity) <= other.arrived[0] || (other.departed?.[1] ?? Infinity) <= one.arrived[0]).toBe(true);
      }
    }
  });

  test("that_have_not_ended_keep_their_row_to_the_end", () => {
    const { bars } = pack([stay(["01", "02"], ["02", "03"], null), stay(["20", "21"], ["21", "22"], ["22", "23"])], 0);
    expect(new Set(bars.map((bar) => bar.row)).size).toBe(2);
  });

  test("beyond_the_rows_are_counted_as_crowded_not_dropped", () => {
    const many = Array.from({ length: ROWS_MAX + 3 }, () => stay(["01", "02"], ["02", "03"], null));
    const { bars, rows, crowded } = pack(many, 0);
    expect([bars.length, rows, crowded]).toEqual([many.length, ROWS_MAX, 3]);
  });
});

describe("the_time_shown", () => {
  const [from, to] = [0, 100 * DAY_MS];

  test("is_all_of_it_without_something_to_look_at", () => {
    expect(frame(from, to, null, 4)).toEqual([from, to]);
    expect(frame(from, to, [1, 2], null)).toEqual([from, to]);
  });

  test("holds_the_window_and_never_leaves_what_is_known", () => {
    for (const at of [0, 1, 37, 99, 100]) {
      for (const weeks of [2, 4]) {
        const [start, end] = frame(from, to, [at * DAY_MS, at * DAY_MS], weeks);
        expect(start).toBeGreaterThanOrEqual(from);
        expect(end).toBeLessThanOrEqual(to);
        expect(end - start).toBe(weeks * 7 * DAY_MS);
        expect(start <= at * DAY_MS && at * DAY_MS <= end).toBe(true);
      }
    }
  });

  test("grows_with_a_window_that_is_longer_than_asked_for", () => {
    const [start, end] = frame(from, to, [10 * DAY_MS, 60 * DAY_MS], 2);
    expect(start).toBeLessThanOrEqual(10 * DAY_MS);
    expect(end).toBeGreaterThanOrEqual(60 * DAY_MS);
  });
});

test("zones_of_one_look_are_one_figure", () => {
  const point = (look: string, value: number) => ({ at: "2024-03-01T00:00:00Z", value, look });
  expect(sums([point("x", 3), point("y", 1), point("x", 4)]).map(({ look, value }) => [look, value])).toEqual([
    ["x", 7],
    ["y", 1],
  ]);
});
