// Every station, those that need attention first: what it last said of itself, what central has of it, and what was lost.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { ask, segment } from "../../api/client";
import type { StationRow } from "../../api/types";
import { siteName } from "../../state/sites";
import { minute, shortMinute, span } from "../../lib/time";
import { count, figure } from "../../lib/words";
import { useAsked, useEvery } from "../../ui/hooks";
import { Age, Empty, Failure, Loading, Sheet } from "../../ui/parts";
import { Refused } from "./Refused";
import "../../styles/stations.css";

const ASK_EVERY_MS = 10_000;

export default function StationsView() {
  const asked = useAsked("stations", () => ask<{ stations: StationRow[]; now: string }>("/stations"));
  useEvery(ASK_EVERY_MS, asked.again);
  const stations = asked.data?.stations ?? [];
  const needy = stations.filter((station) => station.attention?.length).length;
  return (
    <div class="page">
      <header class="page-head">
        <h1>Stations</h1>
        <span class="quiet">{asked.data && (needy ? `${needy} of ${stations.length} need attention` : `${count(stations.length, "station")}, all well`)}</span>
      </header>
      {asked.failure && <Failure what="The stations could not be loaded:" why={asked.failure} again={asked.again} />}
      {!asked.data && !asked.failure && <Loading what="Loading stations" />}
      {asked.data && !stations.length && <Empty title="No station is registered">Stations and their keys stand in the registry that central's configuration names.</Empty>}
      <div class="stations">
        {stations.map((station) => (
          <Station key={station.station} station={station} />
        ))}
      </div>
      <Refused />
    </div>
  );
}

function Station({ station }: { station: StationRow }) {
  const epoch = station.epochs[0];
  const gaps = station.epochs.reduce((sum, each) => sum + each.gaps, 0);
  const lost = station.epochs.reduce((sum, each) => sum + (each.looks_lost ?? 0), 0);
  const attention = station.attention ?? [];
  return (
    <Sheet
      title={station.name}
      class={`station ${attention.length ? "needs" : ""}`}
      beside={
        <span class={station.revoked ? "bad" : attention.length ? "bad" : "good"}>{station.revoked ? "revoked" : attention.length ? "needs attention" : "well"}</span>
      }
    >
      {attention.length > 0 && (
        <ul class="attention">
          {attention.map((why) => (
            <li key={why}>{why}</li>
          ))}
        </ul>
      )}
      <dl class="numbers">
        <Line name="last event">
          <Age at={station.last_event_at} /> {station.last_event_at && <span class="quiet">ago</span>}
        </Line>
        <Line name="events accounted for">{epoch ? `${figure(epoch.through_seq)} in epoch ${epoch.epoch}` : "none yet"}</Line>
        <Line name="gaps">{gaps ? <Gaps station={station.station} gaps={gaps} lost={lost} /> : <span class="good">none</span>}</Line>
      </dl>
      <h3>
        What it says of itself <span class="quiet">{station.state_received_at ? `at ${shortMinute(station.state_received_at)}, not signed` : ""}</span>
      </h3>
      {station.state ? <Said state={station.state} /> : <p class="quiet">Nothing yet.</p>}
      <h3>Last scenes</h3>
      {station.scenes?.length ? (
        <table>
          <thead>
            <tr>
              <th scope="col">acquired</th>
              <th scope="col">site</th>
              <th scope="col">here after</th>
            </tr>
          </thead>
          <tbody>
            {station.scenes.slice(0, 5).map((scene) => (
              <tr key={`${scene.scene}${scene.site}`} title={scene.scene}>
                <td>{shortMinute(scene.acquired_at)}</td>
                <td>
                  <a href={`/sites/${segment(scene.site)}`}>{siteName(scene.site)}</a>
                </td>
                <td>{scene.received_at ? span(Date.parse(scene.received_at) - Date.parse(scene.acquired_at)) : "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p class="quiet">None yet.</p>
      )}
    </Sheet>
  );
}

function Line({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** What is looked for first; whatever else the station chose to say is below. */
const FIRST = ["state", "software", "model", "up_s", "spool events", "spool oldest_age_s", "spool bytes", "clock steps"];

/** Figures and short texts, nested ones by their path. */
function Said({ state }: { state: Record<string, unknown> }) {
  const lines = flat(state);
  const first = FIRST.flatMap((name) => lines.filter((line) => line[0] === name));
  const rest = lines.filter(([name]) => !FIRST.includes(name));
  return (
    <>
      <Lines lines={first} />
      {rest.length > 0 && (
        <details class="said">
          <summary>{count(rest.length, "more figure")}</summary>
          <Lines lines={rest} />
        </details>
      )}
    </>
  );
}

function Lines({ lines }: { lines: [string, string][] }) {
  return (
    <dl class="numbers">
      {lines.map(([name, value]) => (
        // The unit stands with the value.
        <Line key={name} name={name.replace(/_(ms|s|bytes)$/, "").replaceAll("_", " ")}>
          {value}
        </Line>
      ))}
    </dl>
  );
}

const LINES_MAX = 40;

export function flat(value: Record<string, unknown>, prefix = ""): [string, string][] {
  return Object.entries(value)
    .flatMap(([key, each]): [string, string][] => {
      const name = prefix ? `${prefix} ${key}` : key;
      if (each === null || each === undefined) return [[name, "–"]];
      if (typeof each === "object" && !Array.isArray(each)) return flat(each as Record<string, unknown>, name);
      return [[name, shownAs(key, each)]];
    })
    .slice(0, LINES_MAX);
}

function shownAs(key: string, value: unknown): string {
  if (typeof value === "number") {
    // Names carry their unit, last.
    if (key.endsWith("_ms") && Math.abs(value) > 1e11) return minute(value);
    if (key.endsWith("_ms")) return span(value);
    if (key.endsWith("_s")) return span(value * 1_000);
    if (key.endsWith("_bytes") || key === "bytes") return value < 1e6 ? `${figure(value / 1e3)} kB` : `${figure(value / 1e6)} MB`;
    return figure(value);
  }
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value)) return minute(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  return Array.isArray(value) ? value.map(String).join(", ") : String(value);
}

interface Gap {
  epoch: number;
  first_seq: number;
  last_seq: number;
  looks_lost: number;
  reason: string;
  at: string;
}

function Gaps({ station, gaps, lost }: { station: string; gaps: number; lost: number }) {
  const [isOpen, open] = useState(false);
  const asked = useAsked(isOpen ? station : null, () => ask<{ gaps: Gap[] }>(`/stations/${segment(station)}/gaps`));
  return (
    <>
      <button type="button" class="plain link" aria-expanded={isOpen} onClick={() => open(!isOpen)}>
        {count(gaps, "gap")}, {count(lost, "look")} lost
      </button>
      {isOpen && asked.failure && <p class="bad">{asked.failure}</p>}
      {isOpen &&
        asked.data?.gaps.map((gap) => (
          <p key={`${gap.epoch}/${gap.first_seq}`} class="quiet">
            {minute(gap.at)}: {gap.first_seq} to {gap.last_seq}, {gap.reason}
          </p>
        ))}
    </>
  );
}
