// Doing something to an alert. Nobody's edit is lost: where somebody was faster, central refuses, the dialog stays open with all that was
// typed, says what the other did, and sends again only when told to.

import { useState } from "preact/hooks";
import { ApiError, said } from "../../api/client";
import type { Alert, AlertWithHistory, CloseReason } from "../../api/types";
import { type Command, type Verb, act, look, possible } from "../../state/act";
import { now } from "../../state/clock";
import { HOUR_MS, fromInput, minute, toInput } from "../../lib/time";
import { stateWord } from "../../lib/words";
import { Dialog } from "../../ui/Dialog";
import { Choice } from "../../ui/parts";
import { tell } from "../../ui/toast";

const NOTE_CHARS_MAX = 4_000;
const TITLES: Record<Verb, string> = { acknowledge: "Acknowledge", escalate: "Escalate", close: "Close", reopen: "Open again", note: "Add a note" };
const DONE: Record<Verb, string> = { acknowledge: "Acknowledged.", escalate: "Escalated.", close: "Closed.", reopen: "Opened again.", note: "Noted." };
const REASONS: { value: CloseReason; label: string; means: string }[] = [
  { value: "confirmed", label: "Confirmed", means: "it was what it looked like" },
  { value: "false-alarm", label: "False alarm", means: "what was seen was not there" },
  { value: "benign", label: "Benign", means: "it was there, and is harmless" },
  { value: "duplicate", label: "Duplicate", means: "another alert tells the same" },
];
const UNTILS: { value: string; label: string; hours: number | null }[] = [
  { value: "4", label: "4 h", hours: 4 },
  { value: "8", label: "8 h", hours: 8 },
  { value: "24", label: "1 day", hours: 24 },
  { value: "72", label: "3 days", hours: 72 },
  { value: "at", label: "at …", hours: null },
  { value: "never", label: "no end", hours: null },
];

interface ActProps {
  alert: AlertWithHistory;
  verb: Verb;
  close: () => void;
  done: () => void;
}

export function Act({ alert, verb, close, done }: ActProps) {
  const [note, setNote] = useState("");
  const [reason, setReason] = useState<CloseReason>("confirmed");
  const [until, setUntil] = useState("8");
  const [at, setAt] = useState(() => toInput(now.value + 8 * HOUR_MS));
  // The revision that was on the screen when the dialog opened, until the person has seen what changed.
  const [seen, setSeen] = useState<Alert>(alert);
  const [overtaken, setOvertaken] = useState<AlertWithHistory | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);

  const send = async (from: Alert) => {
    setSending(true);
    setFailure(null);
    const command: Command = { revision: from.revision, note };
    if (verb === "close") command.reason = reason;
    if (verb === "acknowledge" && until !== "never") {
      const hours = UNTILS.find((each) => each.value === until)?.hours;
      command.until = hours ? new Date(now.value + hours * HOUR_MS).toISOString() : fromInput(at);
    }
    try {
      await act(alert.id, verb, command);
      tell(DONE[verb]);
      done();
      close();
    } catch (thrown) {
      if (thrown instanceof ApiError && thrown.status === 409) {
        try {
          setOvertaken(await look(alert.id));
        } catch (again) {
          setFailure(said(again));
        }
      } else {
        setFailure(said(thrown));
      }
    } finally {
      setSending(false);
    }
  };

  const submit = (event: Event) => {
    event.preventDefault();
    const from = overtaken ?? seen;
    setSeen(from);
    setOvertaken(null);
    void send(from);
  };
  const isStillPossible = !overtaken || possible(overtaken).includes(verb);
  const needsNote = verb === "note" && !note.trim();

  return (
    <Dialog title={TITLES[verb]} close={close}>
      <form onSubmit={submit}>
        {verb === "acknowledge" && (
          <fieldset>
            <legend>I look after it until</legend>
            <Choice name="Until" value={until} choices={UNTILS} choose={setUntil} />
            {until === "at" && <input type="datetime-local" aria-label="Until, UTC" value={at} min={toInput(now.value)} required onInput={(event) => setAt(event.currentTarget.value)} />}
            <p class="quiet">{until === "never" ? "It stays acknowledged until somebody closes it." : "Then it is open again, by itself."}</p>
          </fieldset>
        )}
        {verb === "close" && (
          <fieldset class="reasons">
            <legend>Because</legend>
            {REASONS.map((each) => (
              <label key={each.value} class="check">
                <input type="radio" name="reason" value={each.value} checked={reason === each.value} data-first={reason === each.value ? "" : undefined} onChange={() => setReason(each.value)} />
                <span>
                  <strong>{each.label}</strong>: {each.means}
                </span>
              </label>
            ))}
          </fieldset>
        )}
        {verb === "escalate" && <p>It is told to whom the notification routes name for escalated alerts, and stays on top of the queue.</p>}
        <label class="field">
          Note {verb !== "note" && <span class="quiet">(for those who read the history)</span>}
          <textarea
            rows={4}
            maxLength={NOTE_CHARS_MAX}
            value={note}
            data-first={verb === "close" ? undefined : ""}
            onInput={(event) => setNote(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
            }}
          />
        </label>
        {overtaken && <Overtaken before={seen} after={overtaken} isStillPossible={isStillPossible} />}
        {failure && (
          <p class="bad" role="alert">
            Not done: {failure}. What you typed is still here.
          </p>
        )}
        <footer>
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="first" disabled={isSending || needsNote || !isStillPossible}>
            {isSending ? "Sending …" : overtaken ? `${TITLES[verb]} all the same` : TITLES[verb]}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function Overtaken({ before, after, isStillPossible }: { before: Alert; after: AlertWithHistory; isStillPossible: boolean }) {
  const since = after.history.filter((line) => line.at >= before.changed_at).slice(-3);
  return (
    <div class="overtaken" role="alert">
      <p>
        <strong>Somebody was faster.</strong> The alert is now <em>{stateWord(after)}</em> (revision {after.revision}). Nothing of yours was done or lost.
      </p>
      <ul>
        {since.map((line) => (
          <li key={line.position}>
            {minute(line.at)} {line.actor}: {line.what}
            {line.reason ? `, ${line.reason}` : ""}
            {line.note ? `: “${line.note}”` : ""}
          </li>
        ))}
      </ul>
      {!isStillPossible && <p>As the alert is now, this cannot be done to it. Copy your note, or add it as a note.</p>}
    </div>
  );
}
