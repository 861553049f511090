import { useState } from "preact/hooks";
import { ask, said, segment } from "../../api/client";
import type { Silence } from "../../api/types";
import { may } from "../../state/session";
import { siteName } from "../../state/sites";
import { useAsked } from "../../ui/hooks";
import { Empty, Failure, Loading, When } from "../../ui/parts";
import { tell } from "../../ui/toast";

export default function SilencesView() {
  const [isEnded, showEnded] = useState(false);
  const asked = useAsked(`silences~${isEnded}`, () => ask<{ silences: Silence[] }>(`/silences${isEnded ? "?ended=true" : ""}`));
  const end = async (id: Silence["id"]) => {
    try {
      await ask<void>(`/silences/${segment(String(id))}`, { method: "DELETE" });
      tell("Ended. Alerts like that notify again.");
      asked.again();
    } catch (thrown) {
      tell(said(thrown), true);
    }
  };
  const silences = asked.data?.silences ?? [];
  return (
    <div class="page">
      <header class="page-head">
        <h1>Silences</h1>
        <label class="check">
          <input type="checkbox" checked={isEnded} onChange={(event) => showEnded(event.currentTarget.checked)} /> with those that ended
        </label>
      </header>
      {asked.failure && <Failure what="The silences could not be loaded:" why={asked.failure} again={asked.again} />}
      {!asked.data && !asked.failure && <Loading what="Loading silences" />}
      {asked.data && !silences.length && <Empty title="Nothing is silenced">Silence a site, a rule or a zone from an alert, with the key s. Silenced alerts are listed and notify nobody.</Empty>}
      {silences.length > 0 && (
        <section class="sheet" aria-label="Silences">
          <table>
            <thead>
              <tr>
                <th scope="col">site</th>
                <th scope="col">rule</th>
                <th scope="col">kind</th>
                <th scope="col">zone</th>
                <th scope="col">until</th>
                <th scope="col">because</th>
                <th scope="col">by</th>
                <th scope="col">
                  <span class="hidden">end it</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {silences.map((silence) => (
                <tr key={silence.id}>
                  <td>{silence.site ? siteName(silence.site) : <span class="quiet">any</span>}</td>
                  <td>{silence.rule ?? <span class="quiet">any</span>}</td>
                  <td>{silence.kind ?? <span class="quiet">any</span>}</td>
                  <td>{silence.zone ?? <span class="quiet">any</span>}</td>
                  <td class="nowrap">
                    {silence.planned && (
                      <>
                        from <When at={silence.from} /> to{" "}
                      </>
                    )}
                    <When at={silence.ended_at ?? silence.until} />
                  </td>
                  <td class="wraps">{silence.reason}</td>
                  <td>{silence.created_by}</td>
                  <td>
                    {(silence.active || silence.planned) && may("analyst") ? (
                      <button type="button" onClick={() => void end(silence.id)}>
                        End now
                      </button>
                    ) : (
                      <span class="quiet">{silence.active || silence.planned ? "" : `ended${silence.ended_by ? ` by ${silence.ended_by}` : ""}`}</span>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </div>
  );
}
