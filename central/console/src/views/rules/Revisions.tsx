import { useState } from "preact/hooks";
import { ask, said } from "../../api/client";
import { may } from "../../state/session";
import { useAsked } from "../../ui/hooks";
import { When } from "../../ui/parts";
import { tell } from "../../ui/toast";

interface RevisionsProps {
  name: string;
  path: string;
  revision: number;
  /** Puts an old text into the editor, to read or to start from. */
  show: (text: string) => void;
  reverted: () => void;
}

interface Revision {
  revision: number;
  saved_at: string | null;
  saved_by: string | null;
  note: string | null;
}

export function Revisions({ name, path, revision, show, reverted }: RevisionsProps) {
  const [isOpen, open] = useState(false);
  const asked = useAsked(isOpen ? `${path}~${revision}` : null, () => ask<{ revisions: Revision[] }>(`${path}/revisions`));
  const guarded = (job: () => Promise<void>) => () => void job().catch((thrown: unknown) => tell(said(thrown), true));
  const look = (to: number) => guarded(async () => show((await ask<{ text: string }>(`${path}/revisions/${to}`)).text));
  const revert = (to: number) =>
    guarded(async () => {
      await ask(`${path}/revert`, { method: "POST", body: { revision, to, note: `back to revision ${to}` } });
      tell(`Revision ${to} is in force again.`);
      reverted();
    });
  return (
    <details class="revisions" open={isOpen} onToggle={(event) => open(event.currentTarget.open)}>
      <summary>Earlier revisions</summary>
      {asked.failure && <p class="bad">{asked.failure}</p>}
      {asked.data && !asked.data.revisions.length && <p class="quiet">None: the {name} are as they were installed.</p>}
      {asked.data && asked.data.revisions.length > 0 && (
        <table>
          <tbody>
            {asked.data.revisions.map((each) => (
              <tr key={each.revision}>
                <td>{each.revision}</td>
                <td class="nowrap">
                  <When at={each.saved_at} />
                </td>
                <td>{each.saved_by}</td>
                <td class="wraps">{each.note}</td>
                <td class="nowrap">
                  <button type="button" onClick={look(each.revision)}>
                    Show
                  </button>{" "}
                  {may("admin") && each.revision !== revision && (
                    <button type="button" onClick={revert(each.revision)}>
                      Bring back
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </details>
  );
}
