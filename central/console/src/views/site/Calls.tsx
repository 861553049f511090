// Vessels' stays, with what is known of their coming and going: two looks bound each.

import { useState } from "preact/hooks";
import type { Stay } from "../../api/types";
import { between } from "../../lib/time";
import { figure } from "../../lib/words";
import { Choice, Empty } from "../../ui/parts";

const ROWS_FIRST = 25;

export function Calls({ calls }: { calls: Stay[] }) {
  const [kind, setKind] = useState<"all" | "dark" | "tanker">("all");
  const [isAll, showAll] = useState(false);
  if (!calls.length) return <Empty title="No call in this time" />;
  const fitting = calls.filter((call) => kind === "all" || (kind === "dark" ? call.dark : call.class === "tanker" || call.kind === "oil_berth"));
  const shown = isAll ? fitting : fitting.slice(0, ROWS_FIRST);
  return (
    <>
      <Choice
        name="Which calls"
        value={kind}
        choose={setKind}
        choices={[
          { value: "all", label: "all" },
          { value: "dark", label: "dark" },
          { value: "tanker", label: "tankers" },
        ]}
      />
      <div class="scroll calls" tabIndex={0} role="region" aria-label="List of calls">
        <table>
          <thead>
            <tr>
              <th scope="col">zone</th>
              <th scope="col">vessel</th>
              <th scope="col" class="number">
                length, m
              </th>
              <th scope="col">radio</th>
              <th scope="col">arrived between</th>
              <th scope="col">seen</th>
              <th scope="col">left between</th>
              <th scope="col" class="number">
                sure
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((call, index) => (
              <tr key={index}>
                <td>{call.zone}</td>
                <td>{call.class}</td>
                <td class="number nowrap">
                  {figure(Math.round(call.length_m))} <span class="quiet">± {figure(Math.round(call.length_sd_m))}</span>
                </td>
                <td>{call.dark ? <span class="bad">dark</span> : call.mmsi ? `MMSI ${call.mmsi}` : <span class="quiet">not known</span>}</td>
                <td>{between(call.arrived.earliest, call.arrived.latest)}</td>
                <td>{between(call.first_seen, call.last_seen)}</td>
                <td>{call.departed ? between(call.departed.earliest, call.departed.latest) : <span class="good">still there</span>}</td>
                <td class="number">{figure(call.existence)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {fitting.length > shown.length && (
        <button type="button" onClick={() => showAll(true)}>
          All {fitting.length}
        </button>
      )}
    </>
  );
}
