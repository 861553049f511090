// Every watched site: whether it can be judged at all, and what is open there.

import { useEffect } from "preact/hooks";
import { said, segment } from "../../api/client";
import { loadSites, sites } from "../../state/sites";
import { severityRank } from "../../lib/words";
import { Age, Empty, Mark } from "../../ui/parts";
import { tell } from "../../ui/toast";

export default function SitesView() {
  useEffect(() => {
    loadSites().catch((thrown: unknown) => tell(said(thrown), true));
  }, []);
  const rows = [...sites.value.values()].sort((one, other) => severityRank(one.worst ?? "") - severityRank(other.worst ?? "") || (other.open ?? 0) - (one.open ?? 0) || one.name.localeCompare(other.name));
  return (
    <div class="page">
      <header class="page-head">
        <h1>Sites</h1>
        <span class="quiet">{rows.length} watched, what needs attention first</span>
      </header>
      {rows.length === 0 ? (
        <Empty title="No site is watched">Put site files into the folder that central's configuration names, or write one under Zones.</Empty>
      ) : (
        <section class="sheet" aria-label="Sites">
          <table class="list">
            <thead>
              <tr>
                <th scope="col">site</th>
                <th scope="col">open</th>
                <th scope="col">worst</th>
                <th scope="col">last look</th>
                <th scope="col">last clear look</th>
                <th scope="col">can be judged</th>
                <th scope="col" class="number">
                  zones
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.site}>
                  <td>
                    <a href={`/sites/${segment(row.site)}`}>{row.name}</a> <span class="quiet">{row.site}</span>
                  </td>
                  <td>{row.open ?? 0}</td>
                  <td>{row.worst ? <Mark severity={row.worst} /> : <span class="quiet">–</span>}</td>
                  <td>
                    <Age at={row.last_look_at} />
                  </td>
                  <td>
                    <Age at={row.last_clear_at} />
                  </td>
                  <td>{row.evaluable === false ? <span class={row.last_look_at ? "bad" : "quiet"}>no: {row.why_not ?? "not enough was seen"}</span> : <span class="good">yes</span>}</td>
                  <td class="number">{row.zones}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </div>
  );
}
