// What a person does to an alert. A command names the revision that was looked at; where somebody was faster, central does nothing and
// says so, and the words that were typed stay where they are (views/alerts/Act.tsx).

import { ask, segment } from "../api/client";
import type { Alert, AlertWithHistory, CloseReason } from "../api/types";
import { put } from "./queue";

export type Verb = "acknowledge" | "escalate" | "close" | "reopen" | "note";

export interface Command {
  revision: number;
  note?: string;
  until?: string;
  reason?: CloseReason;
}

export async function act(id: string, verb: Verb, command: Command): Promise<Alert> {
  const body: Record<string, unknown> = { revision: command.revision };
  if (command.note?.trim()) body.note = command.note.trim();
  if (command.until) body.until = command.until;
  if (command.reason) body.reason = command.reason;
  const alert = await ask<AlertWithHistory>(`/alerts/${segment(id)}/${verb}`, { method: "POST", body });
  put(alert, true);
  return alert;
}

export const look = (id: string): Promise<AlertWithHistory> => ask<AlertWithHistory>(`/alerts/${segment(id)}`);

export interface SilenceScope {
  site?: string;
  rule?: string;
  zone?: string;
  until: string;
  reason: string;
}

export const silence = (scope: SilenceScope): Promise<unknown> => ask("/silences", { method: "POST", body: scope });

/** What may be done to an alert as it is. */
export function possible(alert: Alert): Verb[] {
  if (alert.withdrawn) return ["note"];
  switch (alert.state) {
    case "open":
      return ["acknowledge", "escalate", "close", "note"];
    case "acknowledged":
      return ["acknowledge", "escalate", "close", "note"];
    case "escalated":
      return ["acknowledge", "close", "note"];
    case "closed":
      return ["reopen", "note"];
  }
}
