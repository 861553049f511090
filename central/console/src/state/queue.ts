// The queue: a page of alerts by the filter, kept true by the stream.

import { computed, signal } from "@preact/signals";
import { ask, query, said, segment } from "../api/client";
import type { Alert, StreamChange } from "../api/types";
import { recall, remember } from "../lib/keep";
import { type Filter, type Group, STANDARD, asParameters, matches, ofSilence, order, sections } from "./filter";
import { siteName } from "./sites";

const PAGE = 200;
/** Alerts held at once: more are a filter's work. */
const HELD_MAX = 2_000;
const COUNT_DELAY_MS = 400;
/** How long a row that just changed is marked. */
const FRESH_MS = 4_000;

export const filter = signal<Filter>({ ...STANDARD, ...recall<Partial<Filter>>("filter", {}), text: "", unreadOnly: false });
export const group = signal<Group>(recall<Group>("group", "none"));
export const loading = signal(true);
export const failure = signal<string | null>(null);
export const next = signal<string | null>(null);
export const fresh = signal<ReadonlySet<string>>(new Set());
/** Alerts by state, all of them, whatever the filter. */
export const counts = signal<Record<string, { count: number; unread: number }>>({});
/** The newest change that came live, for the voice of the page and for detail views. */
export const lastChange = signal<StreamChange | null>(null);

const held = signal<ReadonlyMap<string, Alert>>(new Map());
let asked = 0;
/** The newest of each alert that was put in while a question was under way: the answer may be older. */
const meanwhile = new Map<string, { alert: Alert; keep: boolean }>();

export const rows = computed(() => [...held.value.values()].sort(order(filter.value.sort)));
export const shown = computed(() => sections(rows.value, group.value, siteName));
/** The rows in the order in which they stand on the screen: what j and k walk. */
export const walk = computed(() => shown.value.flatMap((section) => section.alerts));

export function setFilter(change: Partial<Filter>): void {
  filter.value = { ...filter.value, ...change };
  remember("filter", filter.value);
  void load();
}

export function setGroup(by: Group): void {
  group.value = by;
  remember("group", by);
}

export async function load(): Promise<void> {
  const turn = ++asked;
  loading.value = true;
  meanwhile.clear();
  try {
    const page = await ask<{ alerts: Alert[]; next: string | null }>(`/alerts${query({ ...asParameters(filter.value), limit: PAGE })}`);
    // A later question was asked meanwhile: its answer counts.
    if (turn !== asked) return;
    held.value = new Map(page.alerts.map((alert) => [alert.id, alert]));
    placeMeanwhile();
    next.value = page.next;
    failure.value = null;
  } catch (thrown) {
    if (turn === asked) failure.value = said(thrown);
  } finally {
    if (turn === asked) loading.value = false;
  }
  void loadCounts();
}

export async function loadMore(): Promise<void> {
  const after = next.value;
  if (!after || loading.value || held.value.size >= HELD_MAX) return;
  const turn = asked;
  loading.value = true;
  meanwhile.clear();
  try {
    const page = await ask<{ alerts: Alert[]; next: string | null }>(`/alerts${query({ ...asParameters(filter.value), limit: PAGE, after })}`);
    if (turn !== asked) return;
    const merged = new Map(held.value);
    for (const alert of page.alerts) if (!merged.has(alert.id)) merged.set(alert.id, alert);
    held.value = merged;
    placeMeanwhile();
    next.value = page.next;
  } catch (thrown) {
    if (turn === asked) failure.value = said(thrown);
  } finally {
    if (turn === asked) loading.value = false;
  }
}

let counting: ReturnType<typeof setTimeout> | undefined;

export async function loadCounts(): Promise<void> {
  try {
    const { groups } = await ask<{ groups: { key: string; count: number; unread: number }[] }>(`/alerts/groups${query({ by: "state", ...ofSilence(filter.value) })}`);
    counts.value = Object.fromEntries(groups.map(({ key, count, unread }) => [key, { count, unread }]));
  } catch {
    // Figures beside the filter: the next change asks again.
  }
}

/** Puts an alert as it is now into the queue, or takes it out where it no longer belongs there. */
export function put(alert: Alert, keep = false): void {
  if (loading.value) meanwhile.set(alert.id, { alert, keep });
  place(alert, keep);
  clearTimeout(counting);
  counting = setTimeout(() => void loadCounts(), COUNT_DELAY_MS);
}

function placeMeanwhile(): void {
  for (const { alert, keep } of meanwhile.values()) place(alert, keep);
  meanwhile.clear();
}

function place(alert: Alert, keep: boolean): void {
  const before = held.value.get(alert.id);
  // Answers and the stream race: the newer one counts.
  if (before && before.revision > alert.revision) return;
  const merged = new Map(held.value);
  if (matches(alert, filter.value) || (keep && before)) merged.set(alert.id, alert);
  else merged.delete(alert.id);
  held.value = merged;
}

/** Takes a change from the stream. `chosen` stays in sight even when the change takes it out of the filter. */
export function take(change: StreamChange, chosen: string | null): void {
  put(change.alert, change.alert.id === chosen);
  const id = change.alert.id;
  fresh.value = new Set([...fresh.value, id]);
  setTimeout(() => {
    fresh.value = new Set([...fresh.value].filter((each) => each !== id));
  }, FRESH_MS);
  lastChange.value = change;
}

/** Marks an alert as read by this person. */
export async function markRead(id: string): Promise<void> {
  const alert = held.value.get(id);
  if (alert && alert.unread === false) return;
  try {
    await ask<void>(`/alerts/${segment(id)}/read`, { method: "POST", body: {} });
  } catch {
    return;
  }
  const current = held.value.get(id);
  if (current) held.value = new Map(held.value).set(id, { ...current, unread: false });
  void loadCounts();
}

export async function markAllRead(): Promise<void> {
  await ask<void>("/alerts/read-all", { method: "POST", body: {} });
  held.value = new Map([...held.value].map(([id, alert]) => [id, { ...alert, unread: false }]));
  void loadCounts();
}
