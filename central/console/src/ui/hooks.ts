import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { said } from "../api/client";

export interface Asked<T> {
  data: T | undefined;
  failure: string | null;
  loading: boolean;
  again: () => void;
}

/** Asks when `key` changes and on `again`; what was there stays on the screen meanwhile, except when the key changed. */
export function useAsked<T>(key: string | null, question: () => Promise<T>): Asked<T> {
  const [state, set] = useState<{ key: string | null; data: T | undefined; failure: string | null; loading: boolean }>({ key, data: undefined, failure: null, loading: key !== null });
  const [turn, setTurn] = useState(0);
  const latest = useRef(question);
  latest.current = question;
  useEffect(() => {
    if (key === null) return;
    let gone = false;
    set((before) => ({ key, data: before.key === key ? before.data : undefined, failure: null, loading: true }));
    latest.current().then(
      (data) => !gone && set({ key, data, failure: null, loading: false }),
      (thrown: unknown) => !gone && set((before) => ({ ...before, failure: said(thrown), loading: false })),
    );
    return () => {
      gone = true;
    };
  }, [key, turn]);
  const again = useCallback(() => setTurn((before) => before + 1), []);
  const isCurrent = state.key === key;
  return { data: isCurrent ? state.data : undefined, failure: isCurrent ? state.failure : null, loading: isCurrent ? state.loading : true, again };
}

/** Calls `task` each time `count` changes, but not for what it is at first. */
export function useSince(count: number, task: () => void): void {
  const seen = useRef(count);
  useEffect(() => {
    if (seen.current === count) return;
    seen.current = count;
    task();
  }, [count]);
}

/** Calls `task` every `everyMs` while the page is in sight. */
export function useEvery(everyMs: number, task: () => void): void {
  const latest = useRef(task);
  latest.current = task;
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) latest.current();
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
}

/** The width of an element in CSS pixels, followed as it changes. */
export function useWidth<E extends Element>(): [(element: E | null) => void, number] {
  const [width, setWidth] = useState(0);
  const [element, setElement] = useState<E | null>(null);
  useLayoutEffect(() => {
    if (!element) return;
    setWidth(element.getBoundingClientRect().width);
    const watching = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    watching.observe(element);
    return () => watching.disconnect();
  }, [element]);
  return [setElement, width];
}

/** The root's font size in px for which drawings are made. */
const MADE_FOR_PX = 13;

/** How much larger than that letters are now: drawings grow with them. */
export const letterScale = (): number => (Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || MADE_FOR_PX) / MADE_FOR_PX;

/** Names the page for the tab's history and for screen readers. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.documentElement.dataset.view = title;
  }, [title]);
}
