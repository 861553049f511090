// What a person set up for this browser.

import { effect, signal } from "@preact/signals";
import { recall, remember } from "../lib/keep";

export type Theme = "system" | "dark" | "light";

export const theme = signal<Theme>(recall<Theme>("theme", "system"));
export const sound = signal<boolean>(recall("sound", false));
export const popups = signal<boolean>(recall("popups", false));
/** Single-letter keys can be turned off: speech input and slips of the hand would press them. */
export const keys = signal<boolean>(recall("keys", true));

const prefersLight = window.matchMedia("(prefers-color-scheme: light)");
const systemLight = signal(prefersLight.matches);
prefersLight.addEventListener("change", (event) => {
  systemLight.value = event.matches;
});

/** The theme in force. */
export const shade = signal<"dark" | "light">("dark");

effect(() => {
  shade.value = theme.value === "system" ? (systemLight.value ? "light" : "dark") : theme.value;
  document.documentElement.dataset.theme = shade.value;
});
effect(() => remember("theme", theme.value));
effect(() => remember("sound", sound.value));
effect(() => remember("popups", popups.value));
effect(() => remember("keys", keys.value));
