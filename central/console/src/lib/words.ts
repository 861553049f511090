// How things are called on the screen.

import type { Alert, AlertState, Severity } from "../api/types";

const KINDS: Record<string, string> = {
  coincidence: "Coincidence",
  surge: "Surge",
  slowdown: "Slowdown",
  voyage: "Dark voyage",
  shift: "Dark shift",
  ledger: "Oil ledger",
  dark_count: "Dark calls",
  growth: "Growth",
};

export const SEVERITIES: Severity[] = ["critical", "warning", "watch", "info"];
export const STATES: AlertState[] = ["open", "escalated", "acknowledged", "closed"];
/** What still wants somebody. */
export const AT_WORK: AlertState[] = ["open", "escalated", "acknowledged"];

export const kindWord = (kind: string): string => KINDS[kind] ?? kind.replaceAll("_", " ");
export const severityRank = (severity: string): number => {
  const rank = SEVERITIES.indexOf(severity as Severity);
  return rank < 0 ? SEVERITIES.length : rank;
};

/** What came together, in words: `dock + rail + tanker`. */
export function coincided(alert: Alert): string {
  const kinds = [...new Set(alert.signals.map((signal) => signal.kind))];
  return kinds.length ? kinds.join(" + ") : alert.rule;
}

export function stateWord(alert: Alert): string {
  if (alert.withdrawn) return "withdrawn";
  if (alert.state === "closed" && alert.closed_as) return `closed: ${alert.closed_as}`;
  return alert.state;
}

/** A figure with as many digits as a person wants: 3 significant, no trailing zeros, thousands apart. */
export function figure(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value)) return "–";
  if (Number.isInteger(value) || Math.abs(value) >= 1_000) return Math.round(value).toLocaleString("en-GB");
  if (Math.abs(value) < 0.0001) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}

export const percent = (share: number | null | undefined): string => (share === null || share === undefined ? "–" : `${Math.round(share * 100)} %`);

/** `1 look`, `3 looks`. */
export const count = (number: number, one: string, many = `${one}s`): string => `${number.toLocaleString("en-GB")} ${number === 1 ? one : many}`;

/** The same, where there is little room: `0.44/y`. */
export function byChanceShort(perYear: number | null | undefined): string {
  if (perYear === null || perYear === undefined) return "";
  return perYear < 0.01 ? "<0.01/y" : `${figure(Number(perYear.toPrecision(2)))}/y`;
}

/** How often chance alone makes such an alert here. */
export function byChance(perYear: number | null | undefined): string {
  if (perYear === null || perYear === undefined) return "not rated";
  if (perYear === 0) return "never by chance";
  if (perYear < 0.001) return "less than once in 1,000 y by chance";
  if (perYear < 0.01) return `once in ${Math.round(1 / perYear).toLocaleString("en-GB")} y by chance`;
  return `${figure(perYear)} a year by chance`;
}
