import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { ApiError, said } from "../../api/client";
import { ended, session, signIn, who } from "../../state/session";

export function Login() {
  const { route } = useLocation();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [failure, setFailure] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);
  const isAsked = location.pathname === "/login";

  const submit = async (event: Event) => {
    event.preventDefault();
    setSending(true);
    setFailure(null);
    try {
      await signIn(name, password);
      // Whoever was sent here on the way stays where they wanted to go.
      if (isAsked) route("/alerts", true);
    } catch (thrown) {
      const wait = thrown instanceof ApiError && thrown.retryAfterS ? ` Try again in ${thrown.retryAfterS} s.` : "";
      setFailure(`${said(thrown)}.${wait}`);
      setPassword("");
    } finally {
      setSending(false);
    }
  };

  return (
    <main class="gate">
      <form onSubmit={(event) => void submit(event)} aria-label="Sign in">
        <h1 class="brand">
          <img src="/icon.svg" alt="" width="26" height="26" /> Quaywatch
        </h1>
        {ended.value && (
          <p class="overtaken" role="status">
            Your session has ended. Sign in, and you are back where you were.
          </p>
        )}
        {who.value && <p>You are signed in as {who.value.name}.</p>}
        <label class="field">
          Name
          <input autocomplete="username" required maxLength={64} value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <label class="field">
          Password
          <input type="password" autocomplete="current-password" required maxLength={256} value={password} onInput={(event) => setPassword(event.currentTarget.value)} />
        </label>
        {failure && (
          <p class="bad" role="alert">
            {failure}
          </p>
        )}
        <button type="submit" class="first" disabled={isSending}>
          {isSending ? "Signing in …" : "Sign in"}
        </button>
        {session.value?.anonymous_read && <a href="/alerts">Go on reading without signing in</a>}
      </form>
    </main>
  );
}
