// Who changed what. Each entry carries the hash of the one before: a changed or missing line shows.

import { useState } from "preact/hooks";
import { ask, said } from "../../api/client";
import { figure } from "../../lib/words";
import { useAsked } from "../../ui/hooks";
import { Empty, Failure, Loading, When } from "../../ui/parts";
import { tell } from "../../ui/toast";

interface Entry {
  position: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  detail: unknown;
  hash: string;
}

interface Page {
  entries: Entry[];
  next: number | null;
}

const PAGE = 100;

export default function AuditView() {
  const first = useAsked("audit", () => ask<Page>(`/audit?limit=${PAGE}`));
  const [older, setOlder] = useState<Page[]>([]);
  const [search, setSearch] = useState("");
  const [verdict, setVerdict] = useState<{ intact: boolean; words: string } | null>(null);
  const pages = first.data ? [first.data, ...older] : [];
  const next = pages.at(-1)?.next ?? null;
  const entries = pages.flatMap((page) => page.entries).filter((entry) => !search || JSON.stringify(entry).toLowerCase().includes(search.toLowerCase()));
  const more = () =>
    ask<Page>(`/audit?limit=${PAGE}&before=${next}`).then(
      (page) => setOlder([...older, page]),
      (thrown: unknown) => tell(said(thrown), true),
    );
  const verify = async () => {
    try {
      const { intact, entries: number, broken_at: at } = await ask<{ intact: boolean; entries: number; broken_at: number | null }>("/audit/verify");
      setVerdict({ intact, words: intact ? `All ${figure(number)} entries are as they were written.` : `The log was changed at entry ${at ?? "?"}.` });
    } catch (thrown) {
      tell(said(thrown), true);
    }
  };
  return (
    <div class="page">
      <header class="page-head">
        <h1>Audit</h1>
        <input type="search" aria-label="Search these entries" placeholder="Search these entries" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
        <button type="button" onClick={() => void verify()}>
          Check the chain
        </button>
        {verdict && (
          <span role="status" class={verdict.intact ? "good" : "bad"}>
            {verdict.words}
          </span>
        )}
      </header>
      {first.failure && <Failure what="The audit log could not be loaded:" why={first.failure} again={first.again} />}
      {!first.data && !first.failure && <Loading what="Loading the audit log" />}
      {first.data && !entries.length && <Empty title={search ? "Nothing here says that" : "Nothing was changed yet"} />}
      {entries.length > 0 && (
        <section class="sheet" aria-label="Audit log">
          <table>
            <thead>
              <tr>
                <th scope="col" class="number">
                  no.
                </th>
                <th scope="col">when</th>
                <th scope="col">who</th>
                <th scope="col">what</th>
                <th scope="col">to</th>
                <th scope="col">detail</th>
              </tr>
            </thead>
            <tbody>
              {entries.map((entry) => (
                <tr key={entry.position} title={entry.hash}>
                  <td class="number">{entry.position}</td>
                  <td class="nowrap">
                    <When at={entry.at} />
                  </td>
                  <td>{entry.actor}</td>
                  <td>{entry.action}</td>
                  <td class="wraps">{entry.subject}</td>
                  <td class="wraps">{typeof entry.detail === "string" ? entry.detail : entry.detail ? JSON.stringify(entry.detail) : ""}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {next !== null && (
            <button type="button" onClick={() => void more()}>
              Older entries
            </button>
          )}
        </section>
      )}
    </div>
  );
}
