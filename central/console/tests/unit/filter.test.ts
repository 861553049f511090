import { describe, expect, test } from "vitest";
import { STANDARD, asParameters, matches, order, sections } from "../../src/state/filter";
import { alert } from "./alert";

describe("the_filter", () => {
  test("shows_what_is_at_work_and_hides_what_is_silenced_by_itself", () => {
    expect(matches(alert({}), STANDARD)).toBe(true);
    expect(matches(alert({ state: "escalated" }), STANDARD)).toBe(true);
    expect(matches(alert({ state: "closed" }), STANDARD)).toBe(false);
    expect(matches(alert({ silenced: true }), STANDARD)).toBe(false);
    expect(matches(alert({ silenced: true }), { ...STANDARD, silenced: "only" })).toBe(true);
    expect(matches(alert({ silenced: false }), { ...STANDARD, silenced: "only" })).toBe(false);
  });

  test("finds_text_in_paragraph_site_and_id_whatever_the_case", () => {
    for (const text of ["TANKERS", "vosto", "a"]) expect(matches(alert({}), { ...STANDARD, text })).toBe(true);
    expect(matches(alert({}), { ...STANDARD, text: "nampo" })).toBe(false);
  });

  test("finds_a_voyage_at_either_of_its_sites", () => {
    const voyage = alert({ kind: "voyage", site: "chongjin", sites: ["vostochny", "chongjin"] });
    expect(matches(voyage, { ...STANDARD, site: "vostochny" })).toBe(true);
    expect(matches(voyage, { ...STANDARD, site: "nampo" })).toBe(false);
  });

  test("asks_central_by_the_words_of_its_interface", () => {
    expect(asParameters({ ...STANDARD, severities: ["critical", "warning"], text: " oil ", unreadOnly: true })).toEqual({
      sort: "severity",
      state: "open,escalated,acknowledged",
      severity: "critical,warning",
      q: "oil",
      unread: "true",
      silenced: "false",
    });
    expect(asParameters({ ...STANDARD, silenced: "show", states: [] })).toEqual({ sort: "severity" });
  });
});

test("the_worst_stands_first_then_the_newest_then_by_id", () => {
  const list = [alert({ id: "b", severity: "watch" }), alert({ id: "d", opened_at: "2024-03-12T00:00:00Z" }), alert({ id: "c" }), alert({ id: "a" })];
  expect(list.sort(order("severity")).map((each) => each.id)).toEqual(["a", "c", "d", "b"]);
  expect(list.sort(order("newest")).map((each) => each.id)).toEqual(["a", "b", "c", "d"]);
});

test("groups_keep_the_order_of_the_queue_and_lose_no_alert", () => {
  const list = [alert({ id: "1", site: "nampo" }), alert({ id: "2" }), alert({ id: "3", site: "nampo" })];
  const found = sections(list, "site", (id) => id.toUpperCase());
  expect(found.map((section) => [section.title, section.alerts.map((each) => each.id)])).toEqual([
    ["NAMPO", ["1", "3"]],
    ["VOSTOCHNY", ["2"]],
  ]);
});
