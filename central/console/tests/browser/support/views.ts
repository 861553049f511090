// Every page of the console.

export interface View {
  name: string;
  path: string;
  /** What must be on the page before it counts as shown. */
  shows: string;
  /** The map is drawn in software here, and takes its time. */
  settleMs?: number;
}

export const VIEWS: View[] = [
  { name: "alerts", path: "/alerts", shows: ".lanes svg" },
  { name: "map", path: "/map", shows: ".site-marker", settleMs: 6_000 },
  { name: "sites", path: "/sites", shows: "td a" },
  { name: "site", path: "/sites/vostochny", shows: ".baselines canvas" },
  { name: "stations", path: "/stations", shows: ".station" },
  { name: "rules", path: "/rules", shows: ".rule-list li" },
  { name: "zones", path: "/zones/vostochny", shows: ".drawing .zone" },
  { name: "silences", path: "/silences", shows: ".page h1" },
  { name: "accounts", path: "/accounts", shows: "td select" },
  { name: "notifications", path: "/notifications", shows: ".page h1" },
  { name: "audit", path: "/audit", shows: "tbody tr" },
];
