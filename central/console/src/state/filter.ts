// Which alerts the queue shows. Pure: the server filters pages by it, the console filters what arrives live by the same words.

import type { Alert, AlertState, Severity } from "../api/types";
import { AT_WORK, kindWord, severityRank } from "../lib/words";

export type Group = "none" | "site" | "severity" | "state" | "kind";

export interface Filter {
  states: AlertState[];
  severities: Severity[];
  site: string;
  kind: string;
  text: string;
  unreadOnly: boolean;
  silenced: "hide" | "show" | "only";
  sort: "severity" | "newest";
}

export const STANDARD: Filter = {
  states: AT_WORK,
  severities: [],
  site: "",
  kind: "",
  text: "",
  unreadOnly: false,
  silenced: "hide",
  sort: "severity",
};

/** The part that counts beside the filter share with the list: they must not count what the list hides. */
export const ofSilence = (filter: Filter): Record<string, string> => (filter.silenced === "show" ? {} : { silenced: String(filter.silenced === "only") });

/** The parameters of `GET /alerts` for a filter. */
export function asParameters(filter: Filter): Record<string, string> {
  const parameters: Record<string, string> = { sort: filter.sort };
  if (filter.states.length) parameters.state = filter.states.join(",");
  if (filter.severities.length) parameters.severity = filter.severities.join(",");
  if (filter.site) parameters.site = filter.site;
  if (filter.kind) parameters.kind = filter.kind;
  if (filter.text.trim()) parameters.q = filter.text.trim();
  if (filter.unreadOnly) parameters.unread = "true";
  return { ...parameters, ...ofSilence(filter) };
}

/** Whether an alert that arrives live belongs into the queue. */
export function matches(alert: Alert, filter: Filter): boolean {
  const text = filter.text.trim().toLowerCase();
  return (
    (!filter.states.length || filter.states.includes(alert.state)) &&
    (!filter.severities.length || filter.severities.includes(alert.severity)) &&
    (!filter.site || alert.site === filter.site || alert.sites.includes(filter.site)) &&
    (!filter.kind || alert.kind === filter.kind) &&
    (!text || [alert.text, alert.site, alert.id].some((field) => field.toLowerCase().includes(text))) &&
    (!filter.unreadOnly || alert.unread === true) &&
    (filter.silenced === "show" || (alert.silenced === true) === (filter.silenced === "only"))
  );
}

/** The order of the server: worst first or newest first, then newest, then by id. */
export function order(sort: Filter["sort"]): (one: Alert, other: Alert) => number {
  const newest = (one: Alert, other: Alert) => other.opened_at.localeCompare(one.opened_at) || one.id.localeCompare(other.id);
  if (sort === "newest") return newest;
  return (one, other) => severityRank(one.severity) - severityRank(other.severity) || newest(one, other);
}

export interface Section {
  key: string;
  title: string;
  alerts: Alert[];
}

/** Sorted alerts under headings, in the order in which the headings first come up. */
export function sections(alerts: Alert[], group: Group, siteName: (id: string) => string): Section[] {
  if (group === "none") return [{ key: "all", title: "", alerts }];
  const found = new Map<string, Section>();
  for (const alert of alerts) {
    const key = alert[group];
    const title = group === "site" ? siteName(key) : group === "kind" ? kindWord(key) : key;
    const section = found.get(key) ?? { key, title, alerts: [] };
    section.alerts.push(alert);
    found.set(key, section);
  }
  return [...found.values()];
}
