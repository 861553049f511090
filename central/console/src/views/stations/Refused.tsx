// Messages that central refused: kept, counted, told.

import { ask } from "../../api/client";
import { minute } from "../../lib/time";
import { figure } from "../../lib/words";
import { useAsked } from "../../ui/hooks";
import { Sheet } from "../../ui/parts";

interface Refusal {
  position: number;
  at?: string;
  received_at?: string;
  topic: string;
  reason: string;
  detail: string;
  length?: number;
  bytes?: number;
}

export function Refused() {
  const asked = useAsked("quarantine", () => ask<{ refused: Refusal[] }>("/quarantine?limit=50"));
  const rows = asked.data?.refused ?? [];
  return (
    <Sheet title="Refused messages" beside={<span class="quiet">{rows.length ? `the newest ${rows.length}` : ""}</span>}>
      {asked.failure && <p class="bad">{asked.failure}</p>}
      {asked.data && !rows.length && <p class="quiet">None. Messages with a wrong key, topic or form would stand here.</p>}
      {rows.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Refused messages">
          <table>
            <thead>
              <tr>
                <th scope="col">when</th>
                <th scope="col">topic</th>
                <th scope="col">reason</th>
                <th scope="col">detail</th>
                <th scope="col" class="number">
                  bytes
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.position}>
                  <td class="nowrap">{minute(row.at ?? row.received_at)}</td>
                  <td class="wraps">{row.topic}</td>
                  <td>{row.reason}</td>
                  <td class="wraps">{row.detail}</td>
                  <td class="number">{figure(row.length ?? row.bytes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Sheet>
  );
}
