import { useState } from "preact/hooks";
import { ask, said } from "../../api/client";
import { loadSession, signOut, who } from "../../state/session";
import { PasswordFields } from "./PasswordFields";

/** Asked of everyone whose password an admin chose. */
export function NewPassword() {
  const [current, setCurrent] = useState("");
  const [one, setOne] = useState("");
  const [other, setOther] = useState("");
  const [failure, setFailure] = useState<string | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      await ask<void>("/session/password", { method: "POST", body: { current, new: one } });
      await loadSession();
    } catch (thrown) {
      setFailure(said(thrown));
    }
  };
  return (
    <main class="gate">
      <form onSubmit={(event) => void submit(event)} aria-label="New password">
        <h1>Welcome, {who.value?.name}</h1>
        <p>An admin chose your password. Choose one that only you know.</p>
        <label class="field">
          Current password
          <input type="password" autocomplete="current-password" required value={current} onInput={(event) => setCurrent(event.currentTarget.value)} />
        </label>
        <PasswordFields one={one} other={other} setOne={setOne} setOther={setOther} />
        {failure && (
          <p class="bad" role="alert">
            {failure}
          </p>
        )}
        <button type="submit" class="first" disabled={!current || !one || one !== other}>
          Set it
        </button>
        <button type="button" onClick={() => void signOut()}>
          Sign out
        </button>
      </form>
    </main>
  );
}
