import { useEffect, useRef } from "preact/hooks";
import type { Alert } from "../../api/types";
import { failure, filter, fresh, load, loadMore, loading, next, shown, walk } from "../../state/queue";
import { siteName } from "../../state/sites";
import { byChance, byChanceShort, coincided, kindWord, stateWord } from "../../lib/words";
import { Age, Empty, Failure, Loading, Mark } from "../../ui/parts";
import { QueueFilter } from "./QueueFilter";

interface QueueProps {
  chosen: string | null;
  choose: (id: string) => void;
}

export function Queue({ chosen, choose }: QueueProps) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const onScroll = (event: Event) => {
    const box = event.currentTarget as HTMLElement;
    if (box.scrollHeight - box.scrollTop - box.clientHeight < box.clientHeight) void loadMore();
  };
  const isEmpty = walk.value.length === 0;
  return (
    <section class="queue" aria-label="Alert queue">
      <QueueFilter />
      <div class="rows" ref={list} onScroll={onScroll} tabIndex={isEmpty ? -1 : 0} aria-busy={loading.value} role="region" aria-label="Alerts">
        {failure.value && <Failure what="The alerts could not be loaded:" why={failure.value} again={() => void load()} />}
        {isEmpty && loading.value && <Loading what="Loading alerts" />}
        {isEmpty && !loading.value && !failure.value && <Nothing />}
        {shown.value.map((section) => (
          <div key={section.key}>
            {section.title && (
              <h3 class="section-head">
                {section.title} <span class="quiet">{section.alerts.length}</span>
              </h3>
            )}
            <ul>
              {section.alerts.map((alert) => (
                <Row key={alert.id} alert={alert} isChosen={alert.id === chosen} isFresh={fresh.value.has(alert.id)} choose={choose} />
              ))}
            </ul>
          </div>
        ))}
        {next.value && (
          <button type="button" class="more" disabled={loading.value} onClick={() => void loadMore()}>
            {loading.value ? "Loading …" : "More alerts"}
          </button>
        )}
      </div>
    </section>
  );
}

function Row({ alert, isChosen, isFresh, choose }: { alert: Alert; isChosen: boolean; isFresh: boolean; choose: (id: string) => void }) {
  const classes = ["row", alert.unread ? "unread" : "", isFresh ? "fresh" : "", alert.state === "closed" ? "done" : "", alert.silenced ? "silenced" : ""];
  return (
    <li>
      <button type="button" class={classes.filter(Boolean).join(" ")} aria-current={isChosen} data-id={alert.id} onClick={() => choose(alert.id)}>
        <Mark severity={alert.severity} />
        <span class="row-title">
          {kindWord(alert.kind)} <span class="row-site">{siteName(alert.site)}</span>
        </span>
        <span class="row-age">
          <Age at={alert.opened_at} />
        </span>
        <span class="row-under">
          {alert.unread && <span class="hidden">unread, </span>}
          {alert.state !== "open" && <span class={`word ${alert.state}`}>{stateWord(alert)}</span>}
          {alert.silenced && <span>silenced</span>}
          {alert.covered_by && <span title="A larger alert contains it">part of another</span>}
          <span class="what">{coincided(alert)}</span>
        </span>
        <span class="row-rate" title={byChance(alert.expected_false_per_site_year)}>
          {byChanceShort(alert.expected_false_per_site_year)}
        </span>
      </button>
    </li>
  );
}

function Nothing() {
  const { text, unreadOnly, severities, site, kind, states } = filter.value;
  const isNarrow = text !== "" || unreadOnly || severities.length > 0 || site !== "" || kind !== "" || states.length !== 3;
  return isNarrow ? (
    <Empty title="Nothing matches">No alert is like this. Widen the filter above.</Empty>
  ) : (
    <Empty title="All is worked off">Looks are correlated as they come in; an alert shows up here by itself.</Empty>
  );
}
