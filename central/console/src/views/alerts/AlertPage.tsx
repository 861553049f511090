// One alert: what it says, when and where it came together, what it rests on, how sure it is, what was done about it.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ask, segment } from "../../api/client";
import { stood } from "../../api/stream";
import type { AlertWithHistory, Evidence, Lanes as LanesData } from "../../api/types";
import { lastChange, markRead } from "../../state/queue";
import { siteName } from "../../state/sites";
import { type Verb, possible } from "../../state/act";
import { may, role } from "../../state/session";
import { byChance, figure, kindWord, stateWord } from "../../lib/words";
import { between } from "../../lib/time";
import { useAsked, useSince } from "../../ui/hooks";
import { useShortcuts } from "../../ui/shortcuts";
import { Fact, Failure, Key, Loading, Mark, Sheet, When } from "../../ui/parts";
import { Lanes } from "../../lanes/Lanes";
import { Act } from "./Act";
import { ExportMenu } from "./ExportMenu";
import { History } from "./History";
import { LookPanel, firstLook } from "./LookPanel";
import { Raw } from "./Raw";
import { Score } from "./Score";
import { SilenceDialog } from "./SilenceDialog";
import { Steps } from "./Steps";
import "../../styles/alert.css";

const READ_AFTER_MS = 600;

export function AlertPage({ id }: { id: string }) {
  const path = `/alerts/${segment(id)}`;
  const alert = useAsked(id, () => ask<AlertWithHistory>(path));
  const revision = alert.data?.revision ?? null;
  // What it rests on changes with the alert only when central added looks.
  const key = alert.data ? `${id}~${alert.data.evidence.length}` : null;
  const evidence = useAsked(key, () => ask<Evidence>(`${path}/evidence`));
  const lanes = useAsked(key, () => ask<LanesData>(`${path}/lanes`));
  const [picked, pick] = useState<string | null>(null);
  const [verb, setVerb] = useState<Verb | "silence" | null>(null);
  const top = useRef<HTMLElement>(null);

  useEffect(() => {
    const change = lastChange.value;
    if (change?.alert.id === id && change.alert.revision !== revision) alert.again();
  }, [lastChange.value]);
  useSince(stood.value, alert.again);

  useEffect(() => {
    const timer = setTimeout(() => void markRead(id), READ_AFTER_MS);
    return () => clearTimeout(timer);
  }, [id, role.value]);

  const look = useMemo(() => picked ?? (alert.data && evidence.data ? firstLook(alert.data, evidence.data) : null), [picked, alert.data, evidence.data]);
  const walkLooks = (by: number) => {
    const list = lanes.data?.looks ?? [];
    const at = list.findIndex((each) => each.id === look);
    const next = list[at < 0 ? list.length - 1 : Math.min(Math.max(at + by, 0), list.length - 1)];
    if (next) pick(next.id);
  };

  const can = alert.data && may("analyst") ? possible(alert.data) : [];
  const start = (wanted: Verb) => () => can.includes(wanted) && setVerb(wanted);
  useShortcuts({
    a: start("acknowledge"),
    e: start("escalate"),
    c: start("close"),
    n: start("note"),
    o: start("reopen"),
    s: () => may("analyst") && alert.data && setVerb("silence"),
    x: () => document.getElementById("export")?.click(),
    "[": () => walkLooks(-1),
    "]": () => walkLooks(1),
  });

  if (!alert.data) {
    return (
      <article class="detail">
        {alert.failure ? <Failure what="This alert could not be loaded:" why={alert.failure} again={alert.again} /> : <Loading what="Loading the alert" />}
      </article>
    );
  }
  const shown = alert.data;
  return (
    <article class="detail" ref={top} aria-label={`${kindWord(shown.kind)}, ${siteName(shown.site)}`}>
      <Head alert={shown} can={can} start={setVerb} />
      <p class="paragraph">{shown.text}</p>
      <Facts alert={shown} />
      <Sheet title="Timeline" beside={<Legend />} class="timeline">
        {lanes.failure && <Failure what="The timeline could not be loaded:" why={lanes.failure} again={lanes.again} />}
        {lanes.data ? <Lanes lanes={lanes.data} signals={shown.signals} openedAt={shown.opened_at} chosen={look} choose={pick} /> : !lanes.failure && <Loading what="Loading the timeline" />}
      </Sheet>
      <LookPanel alert={shown} evidence={evidence.data} failure={evidence.failure} again={evidence.again} look={look} pick={pick} walk={walkLooks} />
      <div class="pair">
        <Sheet title="What triggered this">
          {evidence.data ? <Steps alert={shown} evidence={evidence.data} pick={pick} /> : evidence.failure ? <p class="quiet">The looks could not be loaded.</p> : <Loading what="Loading the looks" />}
        </Sheet>
        <Sheet title="The numbers behind the score">
          <Score alert={shown} />
        </Sheet>
      </div>
      <Sheet title="What was done" beside={<span class="quiet">revision {shown.revision}</span>}>
        <History lines={shown.history} />
      </Sheet>
      <Raw alert={shown} evidence={evidence.data} />
      {verb === "silence" ? <SilenceDialog alert={shown} close={() => setVerb(null)} /> : verb && <Act alert={shown} verb={verb} close={() => setVerb(null)} done={alert.again} />}
    </article>
  );
}

function Head({ alert, can, start }: { alert: AlertWithHistory; can: Verb[]; start: (verb: Verb | "silence") => void }) {
  const button = (verb: Verb, label: string, key: string, isFirst = false) =>
    can.includes(verb) && (
      <button type="button" class={isFirst ? "first" : ""} onClick={() => start(verb)}>
        {label} <Key>{key}</Key>
      </button>
    );
  return (
    <header class="alert-head">
      <a class="back" href="/alerts" aria-label="Back to the queue">
        ←
      </a>
      <Mark severity={alert.severity} />
      <h1>
        {kindWord(alert.kind)}, <a href={`/sites/${segment(alert.site)}`}>{siteName(alert.site)}</a>
      </h1>
      <span class={`word ${alert.state}`} data-state={alert.state}>
        {stateWord(alert)}
      </span>
      <span class="spring" />
      <div class="acts" role="toolbar" aria-label="What to do">
        {button("acknowledge", alert.state === "acknowledged" ? "Acknowledge anew" : "Acknowledge", "a", alert.state === "open")}
        {button("escalate", "Escalate", "e")}
        {button("close", "Close", "c")}
        {button("reopen", "Open again", "o")}
        {button("note", "Note", "n")}
        {may("analyst") && (
          <button type="button" onClick={() => start("silence")}>
            Silence <Key>s</Key>
          </button>
        )}
        <ExportMenu id={alert.id} />
      </div>
    </header>
  );
}

function Facts({ alert }: { alert: AlertWithHistory }) {
  return (
    <dl class="facts">
      <Fact name="raised">
        <When at={alert.opened_at} />
      </Fact>
      <Fact name="began" title="Between these moments: the looks before and after bound it">
        {between(alert.onset.earliest, alert.onset.latest)}
      </Fact>
      <Fact name="chance" title="How often this rule would raise an alert here by coincidence alone, from the site's own history">
        {byChance(alert.expected_false_per_site_year)}
      </Fact>
      <Fact name="rule">
        <a href={`/rules#${segment(alert.rule)}`}>{alert.rule}</a>
      </Fact>
      <Fact name="evidence">{figure(alert.evidence.length)} looks</Fact>
      {alert.handled_by && <Fact name="handled by">{alert.handled_by}</Fact>}
      {alert.state === "acknowledged" && alert.acknowledged_until && (
        <Fact name="until">
          <When at={alert.acknowledged_until} />
        </Fact>
      )}
      {alert.covered_by && (
        <Fact name="part of">
          <a href={`/alerts/${segment(alert.covered_by)}`}>another alert</a>
        </Fact>
      )}
      {alert.silenced && (
        <Fact name="silenced">
          <a href="/silences">yes</a>
        </Fact>
      )}
    </dl>
  );
}

function Legend() {
  return (
    <span class="legend" aria-hidden="true">
      <i class="swatch seen" /> seen <i class="swatch maybe" /> arrived or left in between <i class="swatch cloud" /> cloud <i class="swatch meet" /> where they meet
    </span>
  );
}
