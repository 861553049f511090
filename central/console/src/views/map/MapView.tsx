// The map: sites by what is open there, voyages, where stations looked lately. All of it comes from central.

import { useEffect, useMemo, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { ask, segment } from "../../api/client";
import { stood } from "../../api/stream";
import type { StationRow, Voyage } from "../../api/types";
import { sites } from "../../state/sites";
import { lastChange } from "../../state/queue";
import { loadSites, siteName } from "../../state/sites";
import { severityRank, count } from "../../lib/words";
import { between } from "../../lib/time";
import { useAsked, useSince } from "../../ui/hooks";
import { Age, Failure, Mark } from "../../ui/parts";
import { MapCanvas } from "./MapCanvas";
import "../../styles/map.css";

export default function MapView() {
  const { route } = useLocation();
  const [station, setStation] = useState<string | null>(null);
  const [focus, setFocus] = useState<string | null>(() => decodeURIComponent(location.hash.slice(1)) || null);
  const stations = useAsked("stations", () => ask<{ stations: StationRow[] }>("/stations"));
  const voyages = useAsked("voyages", () => ask<{ voyages: Voyage[] }>("/voyages?limit=100"));
  const change = lastChange.value;
  useEffect(() => {
    if (!change) return;
    void loadSites().catch(() => undefined);
    if (change.alert.kind === "voyage") voyages.again();
  }, [change]);
  useSince(stood.value, voyages.again);
  const rows = useMemo(() => [...sites.value.values()].sort((one, other) => severityRank(one.worst ?? "") - severityRank(other.worst ?? "") || one.name.localeCompare(other.name)), [sites.value]);
  return (
    <div class="map-view">
      <h1 class="hidden">Map</h1>
      <MapCanvas sites={rows} stations={stations.data?.stations ?? []} station={station} voyages={voyages.data?.voyages ?? []} focus={focus} open={(id) => route(`/sites/${segment(id)}`)} />
      <aside class="map-side" aria-label="On the map">
        <section>
          <h2>Sites</h2>
          <ul>
            {rows.map((row) => (
              <li key={row.site}>
                <button type="button" class="side-row" aria-pressed={focus === row.site} onClick={() => setFocus(focus === row.site ? null : row.site)}>
                  {row.worst ? <Mark severity={row.worst} /> : <span class={`site-dot ${row.evaluable === false ? "blind" : "calm"}`} aria-hidden="true" />}
                  <span>{row.name}</span>
                  <span class="quiet">{row.open ? `${row.open} open` : row.evaluable === false ? "cannot be judged" : "calm"}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
        <section>
          <h2>Stations</h2>
          {stations.failure && <Failure what="The stations could not be loaded:" why={stations.failure} again={stations.again} />}
          <ul>
            {stations.data?.stations.map((row) => (
              <li key={row.station}>
                <button type="button" class="side-row" aria-pressed={station === row.station} title="Show where it looked" onClick={() => setStation(station === row.station ? null : row.station)}>
                  <span class={`site-dot ${row.attention?.length ? "blind" : "calm"}`} aria-hidden="true" />
                  <span>{row.name}</span>
                  <span class={row.attention?.length ? "bad" : "quiet"}>
                    <Age at={row.last_event_at} />
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </section>
        <section>
          <h2>Voyages</h2>
          {voyages.failure && <Failure what="The voyages could not be loaded:" why={voyages.failure} again={voyages.again} />}
          {voyages.data && !voyages.data.voyages.length && <p class="quiet">None known.</p>}
          <ul>
            {voyages.data?.voyages.map((voyage) => (
              <li key={voyage.alert}>
                <a class="side-row" href={`/alerts/${segment(voyage.alert)}`}>
                  <span class="site-dot voyage" aria-hidden="true" />
                  <span class="two">
                    {siteName(voyage.from)} to {siteName(voyage.to)}
                    <br />
                    <span class="quiet">
                      {voyage.length_m ? `${Math.round(voyage.length_m)} m, ` : ""}
                      {count(voyage.legs, "leg")}
                      {voyage.arrived && (
                        <>
                          <br />
                          arrived {between(voyage.arrived.earliest, voyage.arrived.latest)}
                        </>
                      )}
                    </span>
                  </span>
                </a>
              </li>
            ))}
          </ul>
        </section>
      </aside>
    </div>
  );
}
