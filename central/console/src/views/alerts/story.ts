// From an alert and its looks to the order in which it came about. Pure. It tells what the alert's own figures say and invents none.

import type { Alert, Evidence, LookEntry, Signal } from "../../api/types";
import { between, millis, shortMinute } from "../../lib/time";
import { byChance, figure, percent } from "../../lib/words";

export interface Step {
  at: string;
  title: string;
  text: string;
  look: string | null;
  what: "look" | "signal" | "meet" | "raised";
}

/** Looks told one by one; between them the others are counted. */
const LOOKS_TOLD_MAX = 6;

export function stepsOf(alert: Alert, evidence: Evidence): Step[] {
  const looks = [...evidence.looks].sort((one, other) => one.look.acquired_at.localeCompare(other.look.acquired_at));
  const before = looks.filter((entry) => known(entry) <= alert.opened_at);
  const since = looks.filter((entry) => known(entry) > alert.opened_at);
  const last = [...before].sort((one, other) => known(one).localeCompare(known(other))).at(-1);
  return [
    ...tellLooks(before),
    ...alert.signals.map((signal) => tellSignal(signal, alert)),
    ...(alert.signals.length > 1 ? [tellMeeting(alert)] : []),
    {
      at: alert.opened_at,
      title: `Raised as ${alert.severity}`,
      text: `${last ? "The look acquired " + shortMinute(last.look.acquired_at) + " became known, and with it" : "With the last look"} the rule ${alert.rule} was fulfilled. Expected: ${byChance(alert.expected_false_per_site_year)}.`,
      look: last?.id ?? null,
      what: "raised",
    },
    ...tellLooks(since).map((step) => ({ ...step, title: `Since then: ${step.title}` })),
  ];
}

/** When a look became known: only then could it trigger anything. */
const known = ({ look }: LookEntry): string => look.received_at ?? look.acquired_at;

function tellLooks(looks: LookEntry[]): Step[] {
  const interesting = looks.length <= LOOKS_TOLD_MAX ? looks : [...looks.slice(0, LOOKS_TOLD_MAX / 2), ...looks.slice(-LOOKS_TOLD_MAX / 2)];
  const steps = interesting.map(({ id, look }): Step => {
    const vessels = look.vessels.map((vessel) => `${vessel.ais === "dark" ? "dark " : ""}${vessel.class} of ${figure(Math.round(vessel.length_m))} m at ${vessel.zone ?? "no zone"}`);
    const cars = look.rail.reduce((sum, track) => sum + track.cars, 0);
    const seen = look.zones.length ? look.zones.reduce((sum, zone) => sum + zone.visible, 0) / look.zones.length : 0;
    const parts = [...(vessels.length ? [vessels.join("; ")] : ["no vessel"]), ...(look.rail.length ? [`${cars} cars`] : []), `${percent(seen)} of the zones seen`];
    return { at: look.acquired_at, title: `${look.sensor.name} by ${look.station}`, text: `${parts.join(", ")}.`, look: id, what: "look" };
  });
  const left = looks.length - interesting.length;
  const after = interesting[LOOKS_TOLD_MAX / 2 - 1];
  if (left > 0 && after) steps.splice(LOOKS_TOLD_MAX / 2, 0, { at: after.look.acquired_at, title: `${left} more looks`, text: "in the list of evidence.", look: null, what: "look" });
  return steps;
}

function tellSignal(signal: Signal, alert: Alert): Step {
  return {
    at: signal.to && signal.to < alert.opened_at ? signal.to : alert.opened_at,
    title: `${signal.kind} is unusual`,
    text: `${figure(signal.value)} ${signal.unit} at ${signal.zone} (${between(signal.from, signal.to)}), where ${figure(signal.baseline)} are usual: ${chance(signal.p)}.`,
    look: null,
    what: "signal",
  };
}

function tellMeeting(alert: Alert): Step {
  const from = Math.max(...alert.signals.map((signal) => millis(signal.from ?? alert.onset.earliest)));
  const to = Math.min(...alert.signals.map((signal) => millis(signal.to ?? alert.opened_at)));
  const days = alert.details.window_days;
  const window = typeof days === "number" ? ` within the ${figure(days)} days that the rule allows` : "";
  const kinds = alert.signals.map((signal) => signal.kind).join(", ");
  const text = from <= to ? `${kinds} overlap from ${between(from, to)}${window}.` : `${kinds} follow one another, ${between(to, from)}${window}.`;
  return { at: alert.opened_at, title: "They meet", text, look: null, what: "meet" };
}

export function chance(p: number): string {
  if (p <= 0) return "chance practically never brings as much";
  return p < 0.5 ? `chance brings as much about once in ${figure(Math.round(1 / p))} times` : "nothing unusual by itself";
}
