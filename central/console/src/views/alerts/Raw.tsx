// The alert and its looks as central tells them, for those who check a figure or write a program.

import { useState } from "preact/hooks";
import type { AlertWithHistory, Evidence } from "../../api/types";
import { health } from "../../state/clock";
import { tell } from "../../ui/toast";

export function Raw({ alert, evidence }: { alert: AlertWithHistory; evidence: Evidence | undefined }) {
  const [isOpen, open] = useState(false);
  const text = () => JSON.stringify({ central: health.value?.version ?? null, alert, evidence: evidence?.looks ?? null, evidence_left_out: evidence?.left_out ?? null }, null, 2);
  const copy = () =>
    navigator.clipboard.writeText(text()).then(
      () => tell("Copied."),
      () => tell("The browser did not allow copying.", true),
    );
  return (
    <details class="sheet raw" open={isOpen} onToggle={(event) => open(event.currentTarget.open)}>
      <summary>Raw JSON: the alert, its history, and every look it rests on</summary>
      {isOpen && (
        <>
          <button type="button" onClick={() => void copy()}>
            Copy
          </button>
          {/* Scrolls both ways: reachable by keyboard. */}
          <pre tabIndex={0} role="region" aria-label="Raw JSON">
            {text()}
          </pre>
        </>
      )}
    </details>
  );
}
