// Times as people on shift read them: UTC always, ages against central's own clock.

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (number: number): string => String(number).padStart(2, "0");

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

type Moment = string | number | null | undefined;

export function millis(moment: Moment): number {
  return typeof moment === "number" ? moment : moment ? Date.parse(moment) : Number.NaN;
}

/** `13 Mar 2024`. */
export function day(moment: Moment): string {
  const at = new Date(millis(moment));
  return Number.isNaN(at.getTime()) ? "never" : `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
}

/** `13 Mar 2024 01:37`. */
export function minute(moment: Moment): string {
  const at = new Date(millis(moment));
  return Number.isNaN(at.getTime()) ? "never" : `${day(moment)} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
}

/** `13 Mar 01:37`: where the year is plain from what stands around. */
export function shortMinute(moment: Moment): string {
  const at = new Date(millis(moment));
  return Number.isNaN(at.getTime()) ? "never" : `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
}

/** `01:37:10`. */
export function clockText(moment: Moment): string {
  const at = new Date(millis(moment));
  return Number.isNaN(at.getTime()) ? "--:--" : `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
}

/** `3 min`, `5 h`, `12 d`, `2 y`: how long, roughly. */
export function span(ms: number): string {
  const length = Math.abs(ms);
  if (!Number.isFinite(length)) return "unknown";
  if (length < 90_000) return `${Math.round(length / 1_000)} s`;
  if (length < 90 * MINUTE_MS) return `${Math.round(length / MINUTE_MS)} min`;
  if (length < 48 * HOUR_MS) return `${Math.round(length / HOUR_MS)} h`;
  if (length < 730 * DAY_MS) return `${Math.round(length / DAY_MS)} d`;
  return `${Math.round(length / (365.25 * DAY_MS))} y`;
}

/** `13 Mar 01:37 to 15 Mar 04:00`, or one moment where both ends are the same. */
export function between(from: Moment, to: Moment): string {
  const [one, other] = [shortMinute(from), shortMinute(to)];
  return one === other ? one : `${one} to ${other}`;
}

/** For `<input type="datetime-local">`, read as UTC. */
export const toInput = (ms: number): string => new Date(ms).toISOString().slice(0, 16);
export const fromInput = (text: string): string => new Date(`${text}:00Z`).toISOString();
