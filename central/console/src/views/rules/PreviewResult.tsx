import type { Alert } from "../../api/types";
import { day } from "../../lib/time";
import { count, kindWord } from "../../lib/words";
import { siteName } from "../../state/sites";
import { Mark } from "../../ui/parts";

export interface Preview {
  days: number;
  looks: number;
  took_ms: number;
  rules: { rule: string; now: number; then: number }[];
  alerts: (Alert & { is: "kept" | "new" | "gone"; alert?: Alert })[];
}

const WORDS = { kept: "as now", new: "would be new", gone: "would be gone" } as const;

/** What the last days' looks would have raised. */
export function PreviewResult({ preview }: { preview: Preview }) {
  const added = preview.alerts.filter((alert) => alert.is === "new").length;
  const gone = preview.alerts.filter((alert) => alert.is === "gone").length;
  return (
    <section class="preview" aria-label="Preview" role="status">
      <p>
        <strong>
          In the last {preview.days} days: {added} more, {gone} fewer.
        </strong>{" "}
        <span class="quiet">
          {count(preview.looks, "look")} tried in {(preview.took_ms / 1_000).toFixed(1)} s
        </span>
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">rule</th>
            <th scope="col" class="number">
              now
            </th>
            <th scope="col" class="number">
              then
            </th>
          </tr>
        </thead>
        <tbody>
          {preview.rules.map((rule) => (
            <tr key={rule.rule} class={rule.now === rule.then ? "" : "strong"}>
              <td>{rule.rule}</td>
              <td class="number">{rule.now}</td>
              <td class="number">{rule.then}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <ul class="alerts-here">
        {preview.alerts.map((entry) => {
          const alert = entry.alert ?? entry;
          return (
            <li key={`${alert.id}${entry.is}`}>
              <Mark severity={alert.severity} />
              <span>
                {kindWord(alert.kind)}, {siteName(alert.site)}
              </span>
              <span class="quiet">{day(alert.opened_at)}</span>
              <span class="spring" />
              <span class={entry.is === "new" ? "good" : entry.is === "gone" ? "bad" : "quiet"}>{WORDS[entry.is]}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
