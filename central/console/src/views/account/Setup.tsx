// The first admin. Central writes a one-time link to its log; its fragment, which never travels over the network with the address, is
// the token.

import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { ask, said } from "../../api/client";
import type { Session } from "../../api/types";
import { take } from "../../state/session";
import { PasswordFields } from "./PasswordFields";

export function Setup() {
  const { route } = useLocation();
  const [token, setToken] = useState(() => decodeURIComponent(location.hash.slice(1)));
  const [name, setName] = useState("");
  const [one, setOne] = useState("");
  const [other, setOther] = useState("");
  const [failure, setFailure] = useState<string | null>(null);

  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      take(await ask<Session>("/setup", { method: "POST", body: { token: token.trim(), name: name.trim(), password: one } }));
      route("/alerts", true);
    } catch (thrown) {
      setFailure(said(thrown));
    }
  };

  return (
    <main class="gate">
      <form onSubmit={(event) => void submit(event)} aria-label="First sign-in">
        <h1 class="brand">
          <img src="/icon.svg" alt="" width="26" height="26" /> Quaywatch
        </h1>
        <p>Nobody has an account here yet. The first one administers this central, and makes those of the others.</p>
        {!location.hash && (
          <label class="field">
            Token <span class="quiet">what stands behind the # of the link in central's log</span>
            <input required autocomplete="off" value={token} onInput={(event) => setToken(event.currentTarget.value)} />
          </label>
        )}
        <label class="field">
          Your name
          <input autocomplete="username" required maxLength={64} value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <PasswordFields one={one} other={other} setOne={setOne} setOther={setOther} />
        {failure && (
          <p class="bad" role="alert">
            {failure}. Central writes a new link when it starts.
          </p>
        )}
        <button type="submit" class="first" disabled={!one || one !== other}>
          Begin
        </button>
      </form>
    </main>
  );
}
