import type { AlertWithHistory, Evidence } from "../../api/types";
import { shortMinute } from "../../lib/time";
import { stepsOf } from "./story";

export function Steps({ alert, evidence, pick }: { alert: AlertWithHistory; evidence: Evidence; pick: (look: string) => void }) {
  return (
    <ol class="steps">
      {stepsOf(alert, evidence).map((step, index) => (
        <li key={index} class={step.what}>
          <span class="step-when">{shortMinute(step.at)}</span>
          <span>
            <strong>{step.title}</strong>: {step.text}{" "}
            {step.look && (
              <button type="button" class="plain link" onClick={() => step.look && pick(step.look)}>
                show the look
              </button>
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}
