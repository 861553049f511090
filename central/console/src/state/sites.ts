// The watched sites: their names everywhere, their shapes where they are drawn.

import { signal } from "@preact/signals";
import { ask, segment } from "../api/client";
import type { SiteRow, SiteShape } from "../api/types";

export const sites = signal<ReadonlyMap<string, SiteRow>>(new Map());
const shapes = new Map<string, Promise<SiteShape>>();

export async function loadSites(): Promise<void> {
  const { sites: rows } = await ask<{ sites: SiteRow[] }>("/sites");
  sites.value = new Map(rows.map((row) => [row.site, row]));
}

export const siteName = (id: string): string => sites.value.get(id)?.name ?? id;

/** A site's zones; asked for once, and again after a failure. */
export function siteShape(id: string): Promise<SiteShape> {
  const known = shapes.get(id);
  if (known) return known;
  const asked = ask<SiteShape>(`/sites/${segment(id)}`);
  shapes.set(id, asked);
  asked.catch(() => shapes.delete(id));
  return asked;
}

/** The zones were edited: ask again when they are drawn next. */
export function forgetShape(id: string): void {
  shapes.delete(id);
}
