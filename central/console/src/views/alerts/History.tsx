import type { HistoryLine } from "../../api/types";
import { When } from "../../ui/parts";

/** Newest first: what central and people did to the alert. */
export function History({ lines }: { lines: HistoryLine[] }) {
  if (!lines.length) return <p class="quiet">Nothing yet.</p>;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">when</th>
          <th scope="col">who</th>
          <th scope="col">what</th>
          <th scope="col">why</th>
        </tr>
      </thead>
      <tbody>
        {[...lines].reverse().map((line) => (
          <tr key={line.position}>
            <td class="nowrap">
              <When at={line.at} />
            </td>
            <td>{line.actor}</td>
            <td>{line.what}</td>
            <td class="wraps">{[line.reason, line.note].filter(Boolean).join(": ")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
