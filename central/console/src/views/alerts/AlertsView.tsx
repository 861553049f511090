// The queue on the left, the chosen alert on the right; worked from the keyboard.

import { useCallback, useEffect, useState } from "preact/hooks";
import { useLocation, useRoute } from "preact-iso";
import { walk } from "../../state/queue";
import { useShortcuts } from "../../ui/shortcuts";
import { Empty } from "../../ui/parts";
import { AlertPage } from "./AlertPage";
import { Queue } from "./Queue";
import "../../styles/queue.css";

export function AlertsView() {
  const { route } = useLocation();
  const { params } = useRoute();
  const chosen = params.id ? decodeURIComponent(params.id) : null;
  const choose = useCallback((id: string) => route(`/alerts/${encodeURIComponent(id)}`, true), [route]);
  const step = (by: number) => {
    const list = walk.value;
    const at = list.findIndex((alert) => alert.id === chosen);
    const next = list[at < 0 ? 0 : Math.min(Math.max(at + by, 0), list.length - 1)];
    if (next) choose(next.id);
  };
  useShortcuts({
    j: () => step(1),
    k: () => step(-1),
    "/": () => document.getElementById("search")?.focus(),
  });
  // On a wide screen the worst alert is shown at once; on a narrow one the queue has the screen to itself.
  const [isWide] = useState(() => window.matchMedia("(min-width: 901px)").matches);
  const first = walk.value[0]?.id;
  useEffect(() => {
    if (!chosen && isWide && first) choose(first);
  }, [chosen, isWide, first, choose]);
  return (
    <div class={`desk ${chosen ? "has-alert" : ""}`}>
      <Queue chosen={chosen} choose={choose} />
      {chosen ? (
        <AlertPage key={chosen} id={chosen} />
      ) : (
        <div class="detail">
          <Empty title="No alert is chosen">Alerts come up on the left by themselves. j and k walk the queue.</Empty>
        </div>
      )}
    </div>
  );
}
