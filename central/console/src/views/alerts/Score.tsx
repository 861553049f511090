// Every figure that the alert carries: the signals against their baselines, and the rule's own numbers.

import type { AlertWithHistory, Signal } from "../../api/types";
import { between, millis, minute } from "../../lib/time";
import { figure } from "../../lib/words";

export function Score({ alert }: { alert: AlertWithHistory }) {
  const details = Object.entries(alert.details);
  return (
    <>
      {alert.signals.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">signal</th>
              <th scope="col" class="number">
                seen
              </th>
              <th scope="col" class="number">
                usual
              </th>
              <th scope="col" class="number">
                p
              </th>
              <th scope="col">rarity</th>
            </tr>
          </thead>
          <tbody>
            {alert.signals.map((signal, index) => (
              <tr key={index}>
                <td title={signal.from ? between(signal.from, signal.to) : ""}>
                  {signal.kind}
                  <span class="quiet"> {signal.zone}</span>
                </td>
                <td class="number">
                  {figure(signal.value)} <span class="quiet">{signal.unit}</span>
                </td>
                <td class="number">{figure(signal.baseline)}</td>
                <td class="number">{figure(signal.p)}</td>
                <td>
                  <Rarity signal={signal} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <dl class="numbers">
        <div>
          <dt>expected false alerts, a year at this site</dt>
          <dd>{figure(alert.expected_false_per_site_year)}</dd>
        </div>
        {details.map(([name, value]) => (
          <div key={name}>
            <dt>{name.replaceAll("_", " ")}</dt>
            <dd>{tell(value)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** How rare, on a scale of powers of ten: 1 in 10, in 100, in 1,000, in 10,000. */
const DECADES_MAX = 4;

function Rarity({ signal }: { signal: Signal }) {
  const decades = Math.min(Math.max(-Math.log10(Math.max(signal.p, 1e-12)), 0), DECADES_MAX);
  return (
    <svg class="rarity" width="84" height="12" role="img" aria-label={`1 in ${figure(Math.round(1 / Math.max(signal.p, 1e-9)))}`}>
      <rect class="track" width="84" height="6" y="3" rx="2" />
      <rect class={`fill ${signal.kind}`} width={(decades / DECADES_MAX) * 84} height="6" y="3" rx="2" />
      {[1, 2, 3].map((decade) => (
        <line key={decade} x1={(decade / DECADES_MAX) * 84} x2={(decade / DECADES_MAX) * 84} y1="1" y2="11" />
      ))}
    </svg>
  );
}

function tell(value: unknown): string {
  if (typeof value === "string") return /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(millis(value)) ? minute(value) : value;
  if (typeof value === "number") return figure(value);
  if (Array.isArray(value)) return value.map(tell).join(", ");
  if (value && typeof value === "object") return Object.entries(value).map(([name, each]) => `${name.replaceAll("_", " ")} ${tell(each)}`).join("; ");
  return String(value);
}
