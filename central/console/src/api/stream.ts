// Central's stream of changes. The browser comes back by itself with `Last-Event-ID` after a lost connection and is told what it
// missed; where central refuses (a full house, an ended session), it is asked again after a while, longer each time.

import { signal } from "@preact/signals";
import type { StreamChange } from "./types";

export type Line = "connecting" | "live" | "lost";

/** Whether changes arrive by themselves. */
export const line = signal<Line>("connecting");
/** How often the line has come to stand. Whatever was asked for before it did may lack a change that nobody will tell: ask again. */
export const stood = signal(0);

const WAIT_MS_MIN = 2_000;
const WAIT_MS_MAX = 60_000;

/** Listens until the returned function is called. */
export function listen(onChange: (change: StreamChange) => void): () => void {
  let source: EventSource | null = null;
  let again: ReturnType<typeof setTimeout> | undefined;
  let waitMs = WAIT_MS_MIN;

  const open = () => {
    source = new EventSource("/api/v1/stream");
    source.addEventListener("open", () => {
      line.value = "live";
      waitMs = WAIT_MS_MIN;
      stood.value += 1;
    });
    source.addEventListener("alert", (event) => {
      try {
        onChange(JSON.parse((event as MessageEvent<string>).data) as StreamChange);
      } catch (unreadable) {
        console.error("a change of the stream could not be read", unreadable);
      }
    });
    source.addEventListener("error", () => {
      line.value = "lost";
      if (source?.readyState !== EventSource.CLOSED) return;
      again = setTimeout(open, waitMs);
      waitMs = Math.min(waitMs * 2, WAIT_MS_MAX);
    });
  };

  line.value = "connecting";
  open();
  return () => {
    clearTimeout(again);
    source?.close();
  };
}
