// Short words about what just happened; read out by screen readers, gone after a while.

import { signal } from "@preact/signals";

const STAY_MS = 6_000;
/** More at once would cover the page: the oldest go. */
const SHOWN_MAX = 4;

interface Toast {
  id: number;
  text: string;
  isBad: boolean;
}

const toasts = signal<Toast[]>([]);
let last = 0;

export function tell(text: string, isBad = false): void {
  const id = ++last;
  toasts.value = [...toasts.value, { id, text, isBad }].slice(-SHOWN_MAX);
  setTimeout(() => {
    toasts.value = toasts.value.filter((toast) => toast.id !== id);
  }, STAY_MS);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => (
        <p key={toast.id} class={toast.isBad ? "bad" : ""}>
          {toast.text}
        </p>
      ))}
    </div>
  );
}
