import { useState } from "preact/hooks";
import { ask, said, segment } from "../../api/client";
import type { Role } from "../../api/types";
import { useAsked } from "../../ui/hooks";
import { Dialog } from "../../ui/Dialog";
import { Failure, Loading, Sheet, When } from "../../ui/parts";
import { tell } from "../../ui/toast";
import { ROLES } from "./Users";

interface Token {
  id: number | string;
  name: string;
  role: Role;
  created_at: string;
  created_by: string;
  expires_at: string | null;
  last_used_at: string | null;
  token?: string;
}

export function Tokens() {
  const asked = useAsked("tokens", () => ask<{ tokens: Token[] }>("/tokens"));
  const [adding, add] = useState(false);
  const revoke = async (token: Token) => {
    try {
      await ask<void>(`/tokens/${segment(String(token.id))}`, { method: "DELETE" });
      tell(`The token ${token.name} does not work any more.`);
    } catch (thrown) {
      tell(said(thrown), true);
    }
    asked.again();
  };
  return (
    <Sheet title="Programs" beside={<button type="button" onClick={() => add(true)}>New token</button>}>
      {asked.failure && <Failure what="The tokens could not be loaded:" why={asked.failure} again={asked.again} />}
      {!asked.data && !asked.failure && <Loading what="Loading tokens" />}
      {asked.data && !asked.data.tokens.length && <p class="quiet">No program has a token.</p>}
      {asked.data && asked.data.tokens.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">name</th>
              <th scope="col">role</th>
              <th scope="col">made</th>
              <th scope="col">ends</th>
              <th scope="col">last used</th>
              <th scope="col">
                <span class="hidden">revoke</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {asked.data.tokens.map((token) => (
              <tr key={token.id}>
                <td>{token.name}</td>
                <td>{token.role}</td>
                <td>
                  <When at={token.created_at} /> <span class="quiet">by {token.created_by}</span>
                </td>
                <td>{token.expires_at ? <When at={token.expires_at} /> : <span class="quiet">no end</span>}</td>
                <td>
                  <When at={token.last_used_at} />
                </td>
                <td>
                  <button type="button" onClick={() => void revoke(token)}>
                    Revoke
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {adding && <NewToken close={() => add(false)} done={asked.again} />}
    </Sheet>
  );
}

function NewToken({ close, done }: { close: () => void; done: () => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [days, setDays] = useState("90");
  const [made, setMade] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      const body: Record<string, unknown> = { name: name.trim(), role };
      if (days) body.expires_days = Number(days);
      const token = await ask<Token>("/tokens", { method: "POST", body });
      setMade(token.token ?? null);
      done();
    } catch (thrown) {
      setFailure(said(thrown));
    }
  };
  return (
    <Dialog title="New token" close={close}>
      {made ? (
        <div class="stack">
          <p>This is the token. It is shown now and never again.</p>
          <pre class="wraps" tabIndex={0} role="region" aria-label="The token">
            {made}
          </pre>
          <footer>
            <button type="button" class="first" onClick={close}>
              I have it
            </button>
          </footer>
        </div>
      ) : (
        <form onSubmit={(event) => void submit(event)}>
          <label class="field">
            For which program
            <input data-first required maxLength={64} value={name} onInput={(event) => setName(event.currentTarget.value)} />
          </label>
          <label class="field">
            Role
            <select value={role} onChange={(event) => setRole(event.currentTarget.value as Role)}>
              {ROLES.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
          <label class="field">
            Ends after days <span class="quiet">empty: no end</span>
            <input type="number" min={1} max={3650} value={days} onInput={(event) => setDays(event.currentTarget.value)} />
          </label>
          {failure && (
            <p class="bad" role="alert">
              {failure}
            </p>
          )}
          <footer>
            <button type="button" onClick={close}>
              Cancel
            </button>
            <button type="submit" class="first">
              Make it
            </button>
          </footer>
        </form>
      )}
    </Dialog>
  );
}
