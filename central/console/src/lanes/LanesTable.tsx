// The lanes in words, for screen readers and for those who want the figures.

import type { Lanes } from "../api/types";
import { shortMinute } from "../lib/time";
import { figure } from "../lib/words";

export function LanesTable({ lanes }: { lanes: Lanes }) {
  const stays = lanes.lanes.flatMap((lane) => (lane.stays ?? []).map((stay) => ({ lane: lane.lane, stay })));
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Stays">
      <table>
        <thead>
          <tr>
            <th scope="col">lane</th>
            <th scope="col">zone</th>
            <th scope="col">what</th>
            <th scope="col">arrived between</th>
            <th scope="col">left between</th>
          </tr>
        </thead>
        <tbody>
          {stays.map(({ lane, stay }) => (
            <tr key={`${lane}${stay.zone}${stay.first_seen}${stay.length_m}`}>
              <td>{lane}</td>
              <td>{stay.zone}</td>
              <td>
                {stay.class}, {figure(Math.round(stay.length_m))} m{stay.dark ? ", dark" : ""}
              </td>
              <td>
                {shortMinute(stay.arrived.earliest)} and {shortMinute(stay.arrived.latest)}
              </td>
              <td>{stay.departed ? `${shortMinute(stay.departed.earliest)} and ${shortMinute(stay.departed.latest)}` : "not seen to leave"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
