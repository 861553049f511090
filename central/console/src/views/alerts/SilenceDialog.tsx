import { useState } from "preact/hooks";
import { said } from "../../api/client";
import type { Alert } from "../../api/types";
import { type SilenceScope, silence } from "../../state/act";
import { now } from "../../state/clock";
import { load } from "../../state/queue";
import { siteName } from "../../state/sites";
import { HOUR_MS } from "../../lib/time";
import { Dialog } from "../../ui/Dialog";
import { Choice } from "../../ui/parts";
import { tell } from "../../ui/toast";

const FOR = [
  { value: "8", label: "8 h" },
  { value: "24", label: "1 day" },
  { value: "168", label: "1 week" },
  { value: "720", label: "30 days" },
];

export function SilenceDialog({ alert, close }: { alert: Alert; close: () => void }) {
  const zones = [...new Set(alert.signals.map((signal) => signal.zone).filter(Boolean))];
  const [isSite, setSite] = useState(true);
  const [isRule, setRule] = useState(true);
  const [zone, setZone] = useState("");
  const [hours, setHours] = useState("24");
  const [reason, setReason] = useState("");
  const [failure, setFailure] = useState<string | null>(null);
  const isEmpty = !isSite && !isRule && !zone;

  const submit = async (event: Event) => {
    event.preventDefault();
    const scope: SilenceScope = { until: new Date(now.value + Number(hours) * HOUR_MS).toISOString(), reason: reason.trim() };
    if (isSite) scope.site = alert.site;
    if (isRule) scope.rule = alert.rule;
    if (zone) scope.zone = zone;
    try {
      await silence(scope);
      tell("Silenced. Alerts like this are still listed, and nobody is notified of them.");
      void load();
      close();
    } catch (thrown) {
      setFailure(said(thrown));
    }
  };

  return (
    <Dialog title="Silence" close={close}>
      <form onSubmit={(event) => void submit(event)}>
        <p>Alerts that match all of this are listed as silenced, and notify nobody.</p>
        <label class="check">
          <input type="checkbox" data-first checked={isSite} onChange={(event) => setSite(event.currentTarget.checked)} /> at {siteName(alert.site)}
        </label>
        <label class="check">
          <input type="checkbox" checked={isRule} onChange={(event) => setRule(event.currentTarget.checked)} /> by the rule {alert.rule}
        </label>
        {zones.length > 0 && (
          <label class="field">
            in zone
            <select value={zone} onChange={(event) => setZone(event.currentTarget.value)}>
              <option value="">any</option>
              {zones.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
        )}
        <fieldset>
          <legend>For</legend>
          <Choice name="For" value={hours} choices={FOR} choose={setHours} />
        </fieldset>
        <label class="field">
          Because
          <input required maxLength={500} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        </label>
        {failure && (
          <p class="bad" role="alert">
            Not silenced: {failure}
          </p>
        )}
        <footer>
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="first" disabled={isEmpty || !reason.trim()}>
            Silence
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
