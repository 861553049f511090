// Tells of a new alert beyond the page: a sound, a notification of the browser, the number in the tab. Sound and notification are off
// until somebody turns them on.

import { effect } from "@preact/signals";
import type { StreamChange } from "../api/types";
import { coincided, kindWord } from "../lib/words";
import { popups, sound } from "./prefs";
import { counts } from "./queue";
import { siteName } from "./sites";

const WORTH = new Set(["opened", "reopened", "escalated"]);
const TONE_S = 0.18;
const LOUDNESS = 0.12;

let audio: AudioContext | null = null;

/** Two short tones; the higher the second, the worse the alert. */
export function chime(severity: string): void {
  audio ??= new AudioContext();
  void audio.resume();
  const pitches = severity === "critical" ? [660, 990] : severity === "warning" ? [560, 700] : [520, 520];
  pitches.forEach((pitch, index) => {
    if (!audio) return;
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const at = audio.currentTime + index * TONE_S;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(LOUDNESS, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + TONE_S);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + TONE_S);
  });
}

export function herald(change: StreamChange, open: (id: string) => void): void {
  const { alert, what } = change;
  if (!WORTH.has(what) || alert.silenced || alert.covered_by) return;
  if (sound.value) chime(alert.severity);
  if (popups.value && "Notification" in window && Notification.permission === "granted") {
    const shown = new Notification(`${kindWord(alert.kind)}, ${siteName(alert.site)}`, { body: `${alert.severity}: ${coincided(alert)}`, tag: alert.id, icon: "/icon.svg" });
    shown.addEventListener("click", () => {
      window.focus();
      open(alert.id);
      shown.close();
    });
  }
}

/** Asks the browser for leave to show notifications. */
export async function askLeave(): Promise<boolean> {
  if (!("Notification" in window)) return false;
  return Notification.permission === "granted" || (await Notification.requestPermission()) === "granted";
}

effect(() => {
  const open = (counts.value.open?.count ?? 0) + (counts.value.escalated?.count ?? 0);
  document.title = open ? `(${open}) Quaywatch` : "Quaywatch";
});
