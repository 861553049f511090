import { keys } from "./state/prefs";
import { health } from "./state/clock";
import { Dialog } from "./ui/Dialog";

const GROUPS: [string, [string, string][]][] = [
  ["Alerts", [["j / k", "next, previous alert"], ["a", "acknowledge, with an until"], ["e", "escalate"], ["c", "close with a reason"], ["n", "add a note"], ["o", "open again"], ["s", "silence site, rule or zone"], ["x", "export"]]],
  ["Looks", [["[ / ]", "look before, look after"], ["← / →", "the same, with the timeline in focus"]]],
  ["Everywhere", [["/", "search the queue"], ["g a", "alerts"], ["g m", "map"], ["g s", "sites"], ["g t", "stations"], ["g r", "rules"], ["?", "this help"], ["Esc", "close a dialog"]]],
];

export function Help({ close }: { close: () => void }) {
  return (
    <Dialog title="Keys and help" close={close} wide>
      <div class="help">
        {GROUPS.map(([title, lines]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {lines.map(([key, does]) => (
                <div key={key}>
                  <dt>
                    <kbd>{key}</kbd>
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <label class="check">
        <input type="checkbox" checked={keys.value} onChange={(event) => (keys.value = event.currentTarget.checked)} /> Single keys work
      </label>
      <p class="quiet">
        Times are UTC by central's clock. <a href="/api/v1/openapi.json">API description</a>. {health.value && `Central ${health.value.version}.`}
      </p>
    </Dialog>
  );
}
