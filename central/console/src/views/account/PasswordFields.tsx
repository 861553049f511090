// A new password, twice. Central takes 12 to 256 characters and asks nothing else of them.

export const PASSWORD_CHARS_MIN = 12;
export const PASSWORD_CHARS_MAX = 256;

export function PasswordFields({ one, other, setOne, setOther }: { one: string; other: string; setOne: (text: string) => void; setOther: (text: string) => void }) {
  return (
    <>
      <label class="field">
        New password <span class="quiet">at least {PASSWORD_CHARS_MIN} characters; a few words are better than signs</span>
        <input type="password" autocomplete="new-password" required minLength={PASSWORD_CHARS_MIN} maxLength={PASSWORD_CHARS_MAX} value={one} onInput={(event) => setOne(event.currentTarget.value)} />
      </label>
      <label class="field">
        The same again
        <input type="password" autocomplete="new-password" required maxLength={PASSWORD_CHARS_MAX} value={other} onInput={(event) => setOther(event.currentTarget.value)} />
      </label>
      {other && one !== other && (
        <p class="bad" role="status">
          They are not the same yet.
        </p>
      )}
    </>
  );
}
