import { expect, test } from "vitest";
import type { Alert, Evidence, Look } from "../../src/api/types";
import { stepsOf } from "../../src/views/alerts/story";

const look = (seq: number, acquired_at: string, received_at: string): Evidence["looks"][number] => ({
  id: `gs-vlad-1/1/${seq}`,
  chips: [],
  look: {
    station: "gs-vlad-1",
    scene: `s${seq}`,
    site: "vostochny",
    acquired_at,
    received_at,
    sensor: { name: "PlanetScope", kind: "optical", gsd_m: 3 },
    zones: [{ zone: "oil-berth", visible: 0.97 }],
    vessels: [{ zone: "oil-berth", lat: 42.7, lon: 133, length_m: 96, confidence: 0.9, class: "tanker", ais: "dark" }],
    rail: [],
    stacks: [],
    aircraft: [],
  } as Look,
});

const alert = {
  opened_at: "2024-03-13T01:37:10Z",
  onset: { earliest: "2024-03-06T00:00:00Z", latest: "2024-03-12T00:00:00Z" },
  severity: "critical",
  rule: "dock-rail-tanker",
  expected_false_per_site_year: 0.4,
  signals: [
    { kind: "tanker", zone: "oil-berth", value: 2, unit: "dark calls", baseline: 0.02, p: 0.0004, from: "2024-03-06T00:00:00Z", to: "2024-03-13T02:00:00Z" },
    { kind: "rail", zone: "yard", value: 186, unit: "cars", baseline: 18, p: 0.004, from: "2024-03-12T00:00:00Z", to: "2024-03-13T02:00:00Z" },
  ],
  details: { window_days: 7 },
} as unknown as Alert;

test("what_became_known_after_the_alert_did_not_trigger_it", () => {
  // Acquired before the alert, received after it: known only since.
  const steps = stepsOf(alert, { looks: [look(1, "2024-03-12T01:00:00Z", "2024-03-12T01:07:00Z"), look(2, "2024-03-13T01:00:00Z", "2024-03-13T09:00:00Z")], left_out: 0 });
  const raised = steps.findIndex((step) => step.what === "raised");
  expect(steps[raised]?.look).toBe("gs-vlad-1/1/1");
  expect(steps.slice(raised + 1).map((step) => step.look)).toEqual(["gs-vlad-1/1/2"]);
});

test("looks_come_before_signals_signals_before_the_meeting_the_meeting_before_the_alert", () => {
  const steps = stepsOf(alert, { looks: [look(1, "2024-03-12T01:00:00Z", "2024-03-12T01:07:00Z")], left_out: 0 });
  expect(steps.map((step) => step.what)).toEqual(["look", "signal", "signal", "meet", "raised"]);
  expect(steps[3]?.text).toContain("7 days");
  expect(steps[1]?.text).toContain("2,500");
});

test("many_looks_are_told_as_the_first_the_last_and_a_number", () => {
  const looks = Array.from({ length: 40 }, (_, index) => look(index, new Date(Date.UTC(2024, 1, 1) + index * 86_400_000).toISOString(), new Date(Date.UTC(2024, 1, 1) + index * 86_400_000).toISOString()));
  const steps = stepsOf({ ...alert, signals: [] } as Alert, { looks, left_out: 0 });
  expect(steps).toHaveLength(8);
  expect(steps.some((step) => step.title === "34 more looks")).toBe(true);
});
