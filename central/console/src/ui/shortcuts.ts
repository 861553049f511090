// Single keys. A view registers its own while it is on the screen; what is typed into a field or with a modifier is no shortcut.

import { useEffect, useRef } from "preact/hooks";
import { keys } from "../state/prefs";

type Shortcuts = Record<string, (event: KeyboardEvent) => void>;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** `"j"` a key, `"g m"` one after the other. */
export function useShortcuts(shortcuts: Shortcuts, isOn = true): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    if (!isOn) return;
    let prefix = "";
    const pressed = (event: KeyboardEvent) => {
      if (!keys.value || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
      const name = prefix ? `${prefix} ${event.key}` : event.key;
      prefix = "";
      const then = latest.current[name];
      if (then) {
        event.preventDefault();
        then(event);
      } else if (Object.keys(latest.current).some((known) => known.startsWith(`${event.key} `))) {
        prefix = event.key;
      }
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [isOn]);
}
