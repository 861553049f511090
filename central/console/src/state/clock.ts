// Central's clock. Ages are told against it: a workstation's clock may be wrong, and a replay's clock runs at a pace of its own.

import { signal } from "@preact/signals";
import { ask } from "../api/client";
import type { Health } from "../api/types";
import { millis } from "../lib/time";

const ASK_EVERY_MS = 10_000;
const TICK_MS = 1_000;

/** Central's time now, Unix milliseconds, to about a second. */
export const now = signal(Date.now());
export const health = signal<Health | null>(null);
/** Whether central answered when last asked. */
export const reached = signal(true);

let offsetMs = 0;

export async function askHealth(): Promise<void> {
  try {
    const answer = await ask<Health>("/health");
    offsetMs = millis(answer.now) - Date.now();
    health.value = answer;
    reached.value = true;
  } catch {
    reached.value = false;
  }
  now.value = Date.now() + offsetMs;
}

export function startClock(): () => void {
  void askHealth();
  const asking = setInterval(() => void askHealth(), ASK_EVERY_MS);
  const ticking = setInterval(() => {
    now.value = Date.now() + offsetMs;
  }, TICK_MS);
  return () => {
    clearInterval(asking);
    clearInterval(ticking);
  };
}
