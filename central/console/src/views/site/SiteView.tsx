// One site: what came and went, what is usual and what is now, what was delivered against the cap, and what could be seen at all.

import { useState } from "preact/hooks";
import { useRoute } from "preact-iso";
import { ask, query, segment } from "../../api/client";
import type { Lanes as LanesData, Look, Overview } from "../../api/types";
import { lookPath } from "../../api/client";
import { siteShape } from "../../state/sites";
import { shortMinute } from "../../lib/time";
import { coincided, count, kindWord, stateWord } from "../../lib/words";
import { useAsked } from "../../ui/hooks";
import { Age, Choice, Empty, Failure, Loading, Mark, Sheet } from "../../ui/parts";
import { Lanes } from "../../lanes/Lanes";
import { Baselines } from "./Baselines";
import { Calendar } from "./Calendar";
import { Calls } from "./Calls";
import { Ledger } from "./Ledger";
import { SiteDrawing } from "./SiteDrawing";
import "../../styles/site.css";

const SPANS = [
  { value: "90", label: "3 months" },
  { value: "365", label: "a year" },
];

export default function SiteView() {
  const { params } = useRoute();
  const id = decodeURIComponent(params.id ?? "");
  const [days, setDays] = useState("365");
  const [look, pick] = useState<string | null>(null);
  const overview = useAsked(`${id}~${days}`, () => ask<Overview>(`/sites/${segment(id)}/overview${query({ days })}`));
  const lanes = useAsked(id, () => ask<LanesData>(`/sites/${segment(id)}/lanes`));
  const shape = useAsked(id, () => siteShape(id));
  const shown = look ?? lanes.data?.looks.at(-1)?.id ?? null;
  const chosen = useAsked(shown, () => ask<{ look: Look; chips: number[] }>(`/looks/${lookPath(shown ?? "")}`));

  if (overview.failure && !overview.data) return <Failure what="The site could not be loaded:" why={overview.failure} again={overview.again} />;
  const data = overview.data;
  return (
    <div class="page">
      <header class="page-head">
        <h1>{data?.name ?? id}</h1>
        <Choice name="Time looked back" value={days} choices={SPANS} choose={setDays} />
        <a href={`/zones/${segment(id)}`}>Zones</a>
        <a href={`/map#${segment(id)}`}>On the map</a>
      </header>
      <Sheet title="The last weeks" class="site-lanes">
        {lanes.failure && <Failure what="The timeline could not be loaded:" why={lanes.failure} again={lanes.again} />}
        {lanes.data ? <Lanes lanes={lanes.data} chosen={shown} choose={pick} /> : !lanes.failure && <Loading what="Loading the timeline" />}
      </Sheet>
      <div class="pair">
        <Sheet class="site-look" title={chosen.data ? `Look of ${shortMinute(chosen.data.look.acquired_at)}` : "Zones"} beside={chosen.data && <span class="quiet">{`${chosen.data.look.sensor.name}, ${count(chosen.data.look.vessels.length, "vessel")}`}</span>}>
          {shape.data ? <SiteDrawing shape={shape.data} look={chosen.data?.look} /> : shape.failure ? <Failure what="The zones could not be loaded:" why={shape.failure} again={shape.again} /> : <Loading what="Loading the zones" />}
        </Sheet>
        <div class="stack">
          <Sheet title="Alerts here">{data ? <AlertsHere overview={data} /> : <Loading what="Loading" />}</Sheet>
          <Sheet title="Oil ledger">{data ? <Ledger lines={data.ledger} /> : <Loading what="Loading" />}</Sheet>
          <Sheet title="What could be seen">{data ? <Calendar days={data.visibility} from={data.from} to={data.to} /> : <Loading what="Loading" />}</Sheet>
        </div>
      </div>
      <Sheet title="Usual, and now">{data ? <Baselines baselines={data.baselines} /> : <Loading what="Loading" />}</Sheet>
      <Sheet title="Calls" beside={data && <span class="quiet">{count(data.calls.length, "call")}, newest first</span>}>
        {data ? <Calls calls={data.calls} /> : <Loading what="Loading" />}
      </Sheet>
    </div>
  );
}

function AlertsHere({ overview }: { overview: Overview }) {
  if (!overview.alerts.length) return <Empty title="No alert yet" />;
  return (
    <ul class="alerts-here">
      {overview.alerts.map((alert) => (
        <li key={alert.id}>
          <Mark severity={alert.severity} />
          <a href={`/alerts/${segment(alert.id)}`}>{kindWord(alert.kind)}</a>
          <span class="quiet">{coincided(alert)}</span>
          <span class="spring" />
          <span class={`word ${alert.state}`}>{stateWord(alert)}</span>
          <Age at={alert.opened_at} />
        </li>
      ))}
    </ul>
  );
}
