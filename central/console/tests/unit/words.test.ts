import { describe, expect, test } from "vitest";
import { between, fromInput, minute, shortMinute, span, toInput } from "../../src/lib/time";
import { byChance, byChanceShort, figure } from "../../src/lib/words";
import { fit, scaleBar } from "../../src/lib/ground";
import { greatCircle, uncovered } from "../../src/views/map/shapes";
import { flat } from "../../src/views/stations/StationsView";
import { tag } from "../browser/support/wire";

test("figures_have_three_digits_and_no_more", () => {
  expect([0.001654, 186, 25_000, 1_234.6, 0.5, 2.928e-8, null, Number.NaN].map(figure)).toEqual(["0.00165", "186", "25,000", "1,235", "0.5", "2.9e-8", "–", "–"]);
});

test("chance_is_told_in_words_that_do_not_pretend", () => {
  expect(byChance(0.4)).toBe("0.4 a year by chance");
  expect(byChance(0.001654)).toBe("once in 605 y by chance");
  expect(byChance(6.758e-16)).toBe("less than once in 1,000 y by chance");
  expect(byChance(null)).toBe("not rated");
  expect([0.4386, 0.001, 2.037].map(byChanceShort)).toEqual(["0.44/y", "<0.01/y", "2/y"]);
});

describe("times", () => {
  test("are_utc_whatever_the_place", () => {
    expect(minute("2024-03-13T01:37:10Z")).toBe("13 Mar 2024 01:37");
    expect(shortMinute("2024-03-12T23:59:59-01:00")).toBe("13 Mar 00:59");
    expect(fromInput(toInput(Date.UTC(2024, 2, 13, 4, 5)))).toBe("2024-03-13T04:05:00.000Z");
  });

  test("that_are_none_are_called_never", () => {
    expect([minute(null), minute("no time"), shortMinute(undefined)]).toEqual(["never", "never", "never"]);
    expect(span(Number.NaN)).toBe("unknown");
  });

  test("of_one_minute_are_one", () => {
    expect(between("2024-03-13T01:37:10Z", "2024-03-13T01:37:50Z")).toBe("13 Mar 01:37");
  });
});

test("a_place_and_its_pixel_are_the_same_place", () => {
  const ground = fit([[133.07, 42.74], [133.08, 42.75]], 600, 400, 40);
  const [x, y] = ground.place([133.073, 42.746]);
  const [lon, lat] = ground.locate(x, y);
  expect(lon).toBeCloseTo(133.073, 9);
  expect(lat).toBeCloseTo(42.746, 9);
  expect(scaleBar(ground.px_per_m, 600).metres * ground.px_per_m).toBeLessThan(150);
});

test("a_voyage_over_the_date_line_does_not_cross_the_whole_map", () => {
  const points = greatCircle([175, 50], [-170, 52]);
  for (let index = 1; index < points.length; index += 1) expect(Math.abs(points[index]![0] - points[index - 1]![0])).toBeLessThan(5);
  expect(points.at(-1)![0]).toBeCloseTo(190, 6);
});

test("labels_that_stay_cover_no_other", () => {
  const box = (x: number) => ({ x, y: 0, width: 10, height: 10 });
  expect(uncovered([box(0), box(5), box(20)])).toEqual([true, false, true]);
});

test("what_a_station_says_is_shown_by_the_unit_in_its_name", () => {
  expect(flat({ spool: { events: 12, oldest_age_s: 7_200, file_bytes: 2_500_000 }, software: "0.1.0", nothing: null })).toEqual([
    ["spool events", "12"],
    ["spool oldest_age_s", "2 h"],
    ["spool file_bytes", "2.5 MB"],
    ["software", "0.1.0"],
    ["nothing", "–"],
  ]);
});

test("tags_are_those_of_the_document", () => {
  // FNV-1a of 32 bits of "a" is e40c292c.
  expect(tag("a")).toBe(0xe40c ^ 0x292c);
});
