import type { Alert } from "../../src/api/types";

/** An alert of a coincidence, but for what is changed. */
export const alert = (change: Partial<Alert>): Alert => ({
  id: "a",
  rule: "dock-rail-tanker",
  kind: "coincidence",
  site: "vostochny",
  sites: ["vostochny"],
  opened_at: "2024-03-13T01:37:10Z",
  onset: { earliest: "2024-03-06T01:19:48Z", latest: "2024-03-12T21:00:00Z" },
  state: "open",
  severity: "critical",
  signals: [],
  expected_false_per_site_year: 0.4,
  text: "Three tankers came.",
  evidence: [],
  details: {},
  revision: 1,
  changed_at: "2024-03-13T01:37:10Z",
  unread: true,
  silenced: false,
  ...change,
});
