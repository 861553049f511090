// A text in force (rules, or a site's zones), edited with care: tried on history first, saved with a reason, on the revision that was read;
// every revision can be brought back.

import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, ask, said } from "../../api/client";
import { may } from "../../state/session";
import { Choice, Sheet } from "../../ui/parts";
import { tell } from "../../ui/toast";
import { CodeField } from "./CodeField";
import { PreviewResult, type Preview } from "./PreviewResult";
import { Revisions } from "./Revisions";

interface EditorProps {
  name: string;
  path: string;
  text: string;
  revision: number;
  saved: () => void;
  /** Called as somebody types, for a drawing beside the text. */
  typed?: (text: string) => void;
}

const DAYS = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "a year" },
];

export function Editor({ name, path, text, revision, saved, typed }: EditorProps) {
  const [draft, setDraft] = useState(text);
  const [base, setBase] = useState(revision);
  const [note, setNote] = useState("");
  const [days, setDays] = useState("90");
  const [preview, setPreview] = useState<Preview | null>(null);
  const [faults, setFaults] = useState<string[]>([]);
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState<"preview" | "save" | null>(null);
  const isChanged = draft !== text;

  // Saved by somebody else: an untouched editor follows; a touched one keeps what was typed and says so. An effect runs some time after
  // what it is of was shown: what was typed since then stands in `typedNow` and not in `draft`, and the first one has nothing to follow.
  const shown = useRef({ text, revision });
  const typedNow = useRef(text);
  useEffect(() => {
    const before = shown.current;
    if (before.text === text && before.revision === revision) return;
    shown.current = { text, revision };
    if (typedNow.current === before.text || base === revision) {
      typedNow.current = text;
      setDraft(text);
      setBase(revision);
    }
  }, [text, revision]);

  const change = (next: string) => {
    typedNow.current = next;
    setDraft(next);
    setPreview(null);
    setFaults([]);
    typed?.(next);
  };
  const run = async (what: "preview" | "save", job: () => Promise<void>) => {
    setBusy(what);
    setFailure(null);
    setFaults([]);
    try {
      await job();
    } catch (thrown) {
      if (thrown instanceof ApiError && thrown.faults.length) setFaults(thrown.faults);
      else if (thrown instanceof ApiError && thrown.status === 409) {
        setFailure(`somebody saved the ${name} meanwhile. What you typed is still here: compare it with the newest revision below, then save again`);
        if (thrown.revision !== null) setBase(thrown.revision);
      } else setFailure(said(thrown));
    } finally {
      setBusy(null);
    }
  };
  const tryOut = () => run("preview", async () => setPreview(await ask<Preview>(`${path}/preview`, { method: "POST", body: { text: draft, days: Number(days) } })));
  const save = () =>
    run("save", async () => {
      const { revision: next } = await ask<{ revision: number }>(path, { method: "PUT", body: { revision: base, text: draft, note } });
      setBase(next);
      setNote("");
      setPreview(null);
      tell(`Saved as revision ${next}. In force now.`);
      saved();
    });

  return (
    <Sheet title={name === "rules" ? "The rules file" : "The site file"} beside={<span class="quiet">revision {revision}{isChanged && ", with changes of yours"}</span>}>
      <CodeField text={draft} change={change} label={`Text of the ${name}`} isReadOnly={!may("analyst")} faults={faults} />
      {faults.length > 0 && (
        <ul class="faults" role="alert">
          {faults.map((fault, index) => (
            <li key={index} class="bad">
              {fault}
            </li>
          ))}
        </ul>
      )}
      {failure && (
        <p class="bad" role="alert">
          Not done: {failure}.
        </p>
      )}
      {may("analyst") && (
        <div class="editor-tools">
          <span>Try on the last</span>
          <Choice name="Days of history" value={days} choices={DAYS} choose={setDays} />
          <button type="button" disabled={busy !== null} onClick={() => void tryOut()}>
            {busy === "preview" ? "Trying …" : "Preview"}
          </button>
          <span class="spring" />
          {isChanged && (
            <button type="button" onClick={() => change(text)}>
              Undo all
            </button>
          )}
        </div>
      )}
      {preview && <PreviewResult preview={preview} />}
      {may("admin") && (
        <form
          class="editor-tools"
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <input required maxLength={500} placeholder="Why this change" aria-label="Why this change" value={note} onInput={(event) => setNote(event.currentTarget.value)} />
          <button type="submit" class="first" disabled={!isChanged || busy !== null || !note.trim()} title={preview ? "" : "A preview first shows what it would do"}>
            {busy === "save" ? "Saving …" : "Save, in force at once"}
          </button>
        </form>
      )}
      <Revisions name={name} path={path} revision={revision} show={change} reverted={saved} />
    </Sheet>
  );
}
