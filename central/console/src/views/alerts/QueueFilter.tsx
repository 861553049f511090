import { useEffect, useRef, useState } from "preact/hooks";
import type { AlertState, Severity } from "../../api/types";
import { counts, filter, group, markAllRead, setFilter, setGroup } from "../../state/queue";
import { sites } from "../../state/sites";
import { type Filter, type Group } from "../../state/filter";
import { AT_WORK, SEVERITIES, STATES, kindWord } from "../../lib/words";
import { said } from "../../api/client";
import { tell } from "../../ui/toast";

const SEARCH_DELAY_MS = 250;
const KINDS = ["coincidence", "surge", "slowdown", "voyage", "shift", "ledger", "dark_count", "growth"];

export function QueueFilter() {
  const { states, severities, site, kind, unreadOnly, silenced, sort } = filter.value;
  const [isMore, showMore] = useState(false);
  const unread = STATES.reduce((sum, state) => sum + (counts.value[state]?.unread ?? 0), 0);
  const tab = (name: string, wanted: AlertState[]) => {
    const number = wanted.reduce((sum, state) => sum + (counts.value[state]?.count ?? 0), 0);
    const isOn = wanted.length === states.length && wanted.every((state) => states.includes(state));
    return (
      <button type="button" aria-pressed={isOn} onClick={() => setFilter({ states: wanted })}>
        {name} <span class="quiet">{number}</span>
      </button>
    );
  };
  const more = severities.length + (site ? 1 : 0) + (kind ? 1 : 0) + (silenced === "hide" ? 0 : 1) + (sort === "severity" ? 0 : 1) + (group.value === "none" ? 0 : 1);
  return (
    <div class="filter">
      <div class="choice tabs" role="group" aria-label="State">
        {tab("At work", AT_WORK)}
        {tab("Open", ["open", "escalated"])}
        {tab("Closed", ["closed"])}
        {tab("All", [...STATES])}
      </div>
      <div class="filter-line">
        <Search />
        <button type="button" aria-pressed={unreadOnly} title="Only what you have not seen" onClick={() => setFilter({ unreadOnly: !unreadOnly })}>
          Unread <span class="quiet">{unread}</span>
        </button>
        <button type="button" aria-expanded={isMore} aria-controls="more-filters" onClick={() => showMore(!isMore)}>
          Filter{more ? ` (${more})` : ""}
        </button>
      </div>
      {isMore && (
        <div class="filter-more" id="more-filters">
          <div class="choice" role="group" aria-label="Severity">
            {SEVERITIES.map((each) => (
              <button key={each} type="button" aria-pressed={severities.includes(each)} onClick={() => setFilter({ severities: toggled(severities, each) })}>
                {each}
              </button>
            ))}
          </div>
          <label>
            Site
            <select value={site} onChange={(event) => setFilter({ site: event.currentTarget.value })}>
              <option value="">every site</option>
              {[...sites.value.values()].map((each) => (
                <option key={each.site} value={each.site}>
                  {each.name}
                </option>
              ))}
            </select>
          </label>
          <label>
            Kind
            <select value={kind} onChange={(event) => setFilter({ kind: event.currentTarget.value })}>
              <option value="">every kind</option>
              {KINDS.map((each) => (
                <option key={each} value={each}>
                  {kindWord(each)}
                </option>
              ))}
            </select>
          </label>
          <label>
            Silenced
            <select value={silenced} onChange={(event) => setFilter({ silenced: event.currentTarget.value as Filter["silenced"] })}>
              <option value="hide">not shown</option>
              <option value="show">shown</option>
              <option value="only">only these</option>
            </select>
          </label>
          <label>
            Order
            <select value={sort} onChange={(event) => setFilter({ sort: event.currentTarget.value as Filter["sort"] })}>
              <option value="severity">worst first</option>
              <option value="newest">newest first</option>
            </select>
          </label>
          <label>
            Group by
            <select value={group.value} onChange={(event) => setGroup(event.currentTarget.value as Group)}>
              <option value="none">nothing</option>
              <option value="site">site</option>
              <option value="severity">severity</option>
              <option value="state">state</option>
              <option value="kind">kind</option>
            </select>
          </label>
          <button type="button" disabled={unread === 0} onClick={() => markAllRead().catch((thrown: unknown) => tell(said(thrown), true))}>
            Mark all as read
          </button>
        </div>
      )}
    </div>
  );
}

function Search() {
  const [text, setText] = useState(filter.value.text);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => () => clearTimeout(timer.current), []);
  const change = (value: string) => {
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setFilter({ text: value }), SEARCH_DELAY_MS);
  };
  return (
    <input
      id="search"
      type="search"
      placeholder="Search  /"
      aria-label="Search alerts by paragraph, site or id"
      value={text}
      maxLength={200}
      onInput={(event) => change(event.currentTarget.value)}
      onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
    />
  );
}

function toggled(list: Severity[], each: Severity): Severity[] {
  return list.includes(each) ? list.filter((other) => other !== each) : [...list, each];
}
