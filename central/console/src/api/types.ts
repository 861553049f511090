// The JSON of `/api/v1`, as docs/API.md describes it. Times are RFC 3339 text in UTC.

import type { Feature, LineString, Polygon } from "geojson";

export type Severity = "critical" | "warning" | "watch" | "info";
export type AlertState = "open" | "acknowledged" | "escalated" | "closed";
export type Role = "viewer" | "analyst" | "admin";
export type CloseReason = "confirmed" | "false-alarm" | "benign" | "duplicate";

/** A span of which only the ends are known: the moment lies somewhere between. */
export interface Between {
  earliest: string;
  latest: string;
}

export interface Signal {
  kind: string;
  zone: string;
  value: number;
  unit: string;
  baseline: number;
  p: number;
  dark?: boolean;
  from?: string;
  to?: string;
  [more: string]: unknown;
}

export interface Alert {
  id: string;
  rule: string;
  kind: string;
  site: string;
  sites: string[];
  opened_at: string;
  onset: Between;
  state: AlertState;
  severity: Severity;
  signals: Signal[];
  expected_false_per_site_year: number | null;
  text: string;
  evidence: string[];
  details: Record<string, unknown>;
  revision: number;
  changed_at: string;
  withdrawn?: boolean;
  covered_by?: string | null;
  unread?: boolean;
  silenced?: boolean;
  handled_by?: string | null;
  acknowledged_until?: string | null;
  closed_as?: string | null;
  closed_reason?: string | null;
}

export interface HistoryLine {
  position: number;
  at: string;
  what: string;
  actor: string;
  reason?: string | null;
  note?: string | null;
}

export interface AlertWithHistory extends Alert {
  history: HistoryLine[];
}

export interface Vessel {
  zone: string | null;
  lat: number;
  lon: number;
  length_m: number;
  length_sd_m?: number | null;
  beam_m?: number | null;
  heading_deg?: number | null;
  confidence: number;
  class: string;
  ais: "dark" | "matched" | "uncovered";
  mmsi?: number | null;
}

export interface Look {
  station: string;
  epoch?: number;
  seq?: number;
  scene: string;
  site: string;
  acquired_at: string;
  received_at?: string | null;
  sensor: { name: string; kind: string; gsd_m: number };
  zones: { zone: string; visible: number }[];
  vessels: Vessel[];
  rail: { zone: string; track: string; occupied_m: number; length_m: number; cars: number }[];
  stacks: { zone: string; area_m2: number; row_m?: number }[];
  aircraft: { zone: string; count?: number }[];
}

export interface LookEntry {
  id: string;
  look: Look;
  chips: number[];
}

export interface Evidence {
  looks: LookEntry[];
  left_out: number;
}

export interface Stay {
  zone: string;
  kind?: string;
  arrived: Between;
  departed: Between | null;
  first_seen: string;
  last_seen: string;
  length_m: number;
  length_sd_m: number;
  class: string;
  dark: boolean;
  mmsi: number | null;
  existence: number;
  looks: string[] | number;
}

export interface LanePoint {
  at: string;
  look: string;
  zone: string;
  value: number;
  unit: string;
}

export interface Lane {
  lane: string;
  stays?: Stay[];
  points?: LanePoint[];
}

export interface LaneLook {
  id: string;
  at: string;
  received_at: string | null;
  station: string;
  sensor: string | { name: string };
  visible: number;
  zones: Record<string, number>;
}

export interface Lanes {
  site: string;
  from: string;
  to: string;
  window: { from: string; to: string } | null;
  looks: LaneLook[];
  lanes: Lane[];
  cloud_gaps: { from: string; to: string }[];
  left_out: number;
}

export interface SiteRow {
  site: string;
  name: string;
  zones: number;
  lon: number;
  lat: number;
  bbox?: [number, number, number, number];
  open?: number;
  worst?: Severity | null;
  last_look_at?: string | null;
  last_clear_at?: string | null;
  evaluable?: boolean;
  why_not?: string | null;
}

export interface ZoneProperties {
  zone: string;
  kind: string;
  track?: string;
  bearing_deg?: number;
  capacity_cars?: number;
  side?: string;
}

export interface SiteShape {
  type: "FeatureCollection";
  site: string;
  name: string;
  features: Feature<Polygon | LineString, ZoneProperties>[];
}

export interface Baseline {
  signal: string;
  zone: string;
  unit: string;
  value: number | null;
  at: string | null;
  median: number | null;
  low: number | null;
  high: number | null;
  samples: number;
  history: { at: string; value: number }[];
}

export interface LedgerLine {
  rule: string;
  year: number;
  quantity: number;
  sd: number;
  interval: [number, number];
  unit: string;
  cap: number;
  share: number;
  calls: number;
  entries: { quantity: number; sd: number; source: string }[];
}

export interface Overview {
  site: string;
  name: string;
  from: string;
  to: string;
  calls: Stay[];
  baselines: Baseline[];
  ledger: LedgerLine[];
  visibility: { day: string; looks: number; visible: number }[];
  alerts: Alert[];
}

export interface StationState {
  status?: string;
  [more: string]: unknown;
}

export interface StationRow {
  station: string;
  name: string;
  revoked: boolean;
  last_event_at: string | null;
  epochs: { epoch: number; through_seq: number; last_at: string; gaps: number; looks_lost?: number }[];
  state: StationState | null;
  state_received_at: string | null;
  attention?: string[];
  scenes?: { scene: string; site: string; acquired_at: string; received_at: string | null }[];
}

export interface Voyage {
  alert: string;
  from: string;
  to: string;
  from_lon_lat: [number, number] | null;
  to_lon_lat: [number, number] | null;
  departed: { earliest: string; latest: string } | null;
  arrived: { earliest: string; latest: string } | null;
  length_m: number | null;
  legs: number;
  state: AlertState;
}

export interface Session {
  user: { name: string; role: Role; must_change_password: boolean } | null;
  csrf: string | null;
  expires_at: string | null;
  setup_required: boolean;
  anonymous_read: boolean;
}

export interface Health {
  broker: string;
  version: string;
  now: string;
  alerts?: Partial<Record<AlertState, number>>;
  notifications_waiting?: number;
  stations?: number;
  sites?: number;
}

export interface Silence {
  id: number | string;
  site: string | null;
  rule: string | null;
  kind: string | null;
  zone: string | null;
  from: string;
  until: string;
  reason: string;
  created_by: string;
  created_at: string;
  ended_at: string | null;
  ended_by: string | null;
  active: boolean;
  planned: boolean;
}

export interface StreamChange {
  what: string;
  alert: Alert;
}
