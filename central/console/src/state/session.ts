// Who is at the screen, and what they may do.

import { computed, signal } from "@preact/signals";
import { ask, useCsrf, whenSignedOut } from "../api/client";
import type { Role, Session } from "../api/types";

/** Undefined until central has said. */
export const session = signal<Session | undefined>(undefined);
/** True after a session ended under somebody's hands: they are told, and come back to where they were. */
export const ended = signal(false);

const RANK: Record<Role, number> = { viewer: 1, analyst: 2, admin: 3 };

export const who = computed(() => session.value?.user ?? null);
export const role = computed<Role | null>(() => who.value?.role ?? (session.value?.anonymous_read ? "viewer" : null));
export const may = (needed: Role): boolean => role.value !== null && RANK[role.value] >= RANK[needed];

export function take(next: Session): void {
  useCsrf(next.csrf);
  session.value = next;
  if (next.user) ended.value = false;
}

export async function loadSession(): Promise<void> {
  take(await ask<Session>("/session"));
}

export async function signIn(name: string, password: string): Promise<void> {
  take(await ask<Session>("/session", { method: "POST", body: { name, password } }));
}

export async function signOut(): Promise<void> {
  await ask<void>("/session", { method: "DELETE" });
  await loadSession();
}

whenSignedOut(() => {
  const before = session.value;
  if (!before?.user) return;
  ended.value = true;
  useCsrf(null);
  session.value = { ...before, user: null, csrf: null };
});
