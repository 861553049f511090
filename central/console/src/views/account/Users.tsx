import { useState } from "preact/hooks";
import { ApiError, ask, said, segment } from "../../api/client";
import type { Role } from "../../api/types";
import { who } from "../../state/session";
import { useAsked } from "../../ui/hooks";
import { Dialog } from "../../ui/Dialog";
import { Failure, Loading, Sheet, When } from "../../ui/parts";
import { tell } from "../../ui/toast";
import { PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN } from "./PasswordFields";

interface User {
  name: string;
  role: Role;
  disabled: boolean;
  must_change_password: boolean;
  created_at: string;
  last_login_at: string | null;
  revision: number;
}

export const ROLES: Role[] = ["viewer", "analyst", "admin"];

export function Users() {
  const asked = useAsked("users", () => ask<{ users: User[] }>("/users"));
  const [adding, add] = useState(false);
  const [renewing, renew] = useState<User | null>(null);
  const change = async (user: User, what: Record<string, unknown>, done: string) => {
    try {
      await ask(`/users/${segment(user.name)}`, { method: "PATCH", body: { revision: user.revision, ...what } });
      tell(done);
    } catch (thrown) {
      tell(thrown instanceof ApiError && thrown.status === 409 ? `Not done: ${said(thrown)}.` : said(thrown), true);
    }
    asked.again();
  };
  return (
    <Sheet title="People" beside={<button type="button" onClick={() => add(true)}>New person</button>}>
      {asked.failure && <Failure what="The people could not be loaded:" why={asked.failure} again={asked.again} />}
      {!asked.data && !asked.failure && <Loading what="Loading people" />}
      {asked.data && (
        <table>
          <thead>
            <tr>
              <th scope="col">name</th>
              <th scope="col">role</th>
              <th scope="col">last signed in</th>
              <th scope="col">since</th>
              <th scope="col">state</th>
              <th scope="col">
                <span class="hidden">change</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {asked.data.users.map((user) => (
              <tr key={user.name}>
                <td>
                  {user.name} {user.name === who.value?.name && <span class="quiet">(you)</span>}
                </td>
                <td>
                  <select aria-label={`Role of ${user.name}`} value={user.role} onChange={(event) => void change(user, { role: event.currentTarget.value }, `${user.name} is ${event.currentTarget.value} now.`)}>
                    {ROLES.map((role) => (
                      <option key={role}>{role}</option>
                    ))}
                  </select>
                </td>
                <td>
                  <When at={user.last_login_at} />
                </td>
                <td>
                  <When at={user.created_at} />
                </td>
                <td>{user.disabled ? <span class="bad">disabled</span> : user.must_change_password ? <span class="quiet">must choose a password</span> : <span class="good">active</span>}</td>
                <td class="nowrap">
                  <button type="button" onClick={() => renew(user)}>
                    New password
                  </button>{" "}
                  <button type="button" onClick={() => void change(user, { disabled: !user.disabled }, user.disabled ? `${user.name} may sign in again.` : `${user.name} is signed out and may not come in.`)}>
                    {user.disabled ? "Enable" : "Disable"}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {adding && <NewPerson close={() => add(false)} done={asked.again} />}
      {renewing && <Renew user={renewing} close={() => renew(null)} change={change} />}
    </Sheet>
  );
}

function NewPerson({ close, done }: { close: () => void; done: () => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("analyst");
  const [password, setPassword] = useState("");
  const [failure, setFailure] = useState<string | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      await ask("/users", { method: "POST", body: { name: name.trim(), role, password } });
      tell(`${name.trim()} may sign in, and chooses a password of their own then.`);
      done();
      close();
    } catch (thrown) {
      setFailure(said(thrown));
    }
  };
  return (
    <Dialog title="New person" close={close}>
      <form onSubmit={(event) => void submit(event)}>
        <label class="field">
          Name
          <input data-first required maxLength={64} autocomplete="off" value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <label class="field">
          Role
          <select value={role} onChange={(event) => setRole(event.currentTarget.value as Role)}>
            {ROLES.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <First password={password} setPassword={setPassword} />
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
            Add
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function Renew({ user, close, change }: { user: User; close: () => void; change: (user: User, what: Record<string, unknown>, done: string) => Promise<void> }) {
  const [password, setPassword] = useState("");
  return (
    <Dialog title={`New password for ${user.name}`} close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void change(user, { password }, `${user.name} is signed out, and signs in with the new password.`);
          close();
        }}
      >
        <First password={password} setPassword={setPassword} />
        <footer>
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="first">
            Set it
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function First({ password, setPassword }: { password: string; setPassword: (text: string) => void }) {
  return (
    <label class="field">
      First password <span class="quiet">at least {PASSWORD_CHARS_MIN} characters; it must be changed at the first sign-in</span>
      <input type="text" autocomplete="off" required minLength={PASSWORD_CHARS_MIN} maxLength={PASSWORD_CHARS_MAX} value={password} onInput={(event) => setPassword(event.currentTarget.value)} />
    </label>
  );
}
