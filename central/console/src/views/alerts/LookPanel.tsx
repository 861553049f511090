// The chosen look: the site as it was seen then, the pictures the station sent, and the looks around it.

import { useEffect, useState } from "preact/hooks";
import { ask, lookPath } from "../../api/client";
import type { AlertWithHistory, Evidence, Look, LookEntry } from "../../api/types";
import { siteName, siteShape } from "../../state/sites";
import { figure, percent } from "../../lib/words";
import { shortMinute } from "../../lib/time";
import { useAsked } from "../../ui/hooks";
import { Failure, Key, Loading, Sheet } from "../../ui/parts";
import { SiteDrawing, vesselWords } from "../site/SiteDrawing";

interface LookPanelProps {
  alert: AlertWithHistory;
  evidence: Evidence | undefined;
  failure: string | null;
  again: () => void;
  look: string | null;
  pick: (look: string) => void;
  walk: (by: number) => void;
}

/** What to show first: the newest look with something in it that was known when the alert was raised. */
export function firstLook(alert: AlertWithHistory, evidence: Evidence): string | null {
  const known = (entry: LookEntry) => entry.look.received_at ?? entry.look.acquired_at;
  const ordered = [...evidence.looks].sort((one, other) => one.look.acquired_at.localeCompare(other.look.acquired_at));
  const here = ordered.filter((entry) => entry.look.site === alert.site);
  const withVessels = here.filter((entry) => entry.look.vessels.length > 0);
  return (withVessels.findLast((entry) => known(entry) <= alert.opened_at) ?? withVessels.at(-1) ?? here.at(-1) ?? ordered.at(-1))?.id ?? null;
}

export function LookPanel({ alert, evidence, failure, again, look, pick, walk }: LookPanelProps) {
  const inEvidence = evidence?.looks.find((entry) => entry.id === look);
  // A look of the timeline that the alert does not rest on is asked for by itself.
  const other = useAsked(look && evidence && !inEvidence ? look : null, () => ask<{ look: Look; chips: number[] }>(`/looks/${lookPath(look ?? "")}`));
  const entry: LookEntry | undefined = inEvidence ?? (other.data && look ? { id: look, ...other.data } : undefined);
  const site = entry?.look.site ?? alert.site;
  const shape = useAsked(site, () => siteShape(site));
  const [vessel, setVessel] = useState<number | null>(null);
  useEffect(() => setVessel(null), [look]);

  const title = entry ? `${siteName(site)}, ${shortMinute(entry.look.acquired_at)}` : siteName(site);
  return (
    <div class="pair looks-pair">
      <Sheet
        title={title}
        beside={
          <span class="look-steps">
            <button type="button" aria-label="Look before" onClick={() => walk(-1)}>
              ‹ <Key>[</Key>
            </button>
            <button type="button" aria-label="Look after" onClick={() => walk(1)}>
              <Key>]</Key> ›
            </button>
          </span>
        }
      >
        {shape.data ? <SiteDrawing shape={shape.data} look={entry?.look} chosen={vessel} choose={setVessel} /> : shape.failure ? <Failure what="The site's zones could not be loaded:" why={shape.failure} again={shape.again} /> : <Loading what="Loading the zones" />}
        <p class="legend">
          <i class="swatch dark" /> dark <i class="swatch matched" /> transmits <i class="swatch uncovered" /> no AIS received here <i class="swatch hidden-zone" /> zone not seen well
        </p>
      </Sheet>
      <Sheet title="The look" beside={entry && <span class="quiet">{inEvidence ? "evidence" : "not evidence of this alert"}</span>}>
        {entry ? <LookFacts entry={entry} vessel={vessel} choose={setVessel} /> : other.failure ? <Failure what="The look could not be loaded:" why={other.failure} again={other.again} /> : failure ? <Failure what="The looks could not be loaded:" why={failure} again={again} /> : <Loading what="Loading the look" />}
        {evidence && <EvidenceList evidence={evidence} look={look} pick={pick} />}
      </Sheet>
    </div>
  );
}

function LookFacts({ entry, vessel, choose }: { entry: LookEntry; vessel: number | null; choose: (vessel: number) => void }) {
  const { look, chips, id } = entry;
  const cars = look.rail.reduce((sum, track) => sum + track.cars, 0);
  const area = look.stacks.reduce((sum, stack) => sum + stack.area_m2, 0);
  return (
    <>
      <p class="look-line">
        {look.sensor.name}, {figure(look.sensor.gsd_m)} m pixels, by {look.station}. {look.rail.length > 0 && `${cars} cars on ${look.rail.length} tracks. `}
        {look.stacks.length > 0 && `${figure(area)} m² stacked. `}
        {look.vessels.length === 0 && "No vessel. "}
        <span class="quiet">{look.zones.map((zone) => `${zone.zone} ${percent(zone.visible)}`).join(", ")}</span>
      </p>
      {look.vessels.length > 0 && (
        <ul class="vessels">
          {look.vessels.map((each, index) => (
            <li key={index}>
              <button type="button" class={`vessel ${each.ais}`} aria-pressed={vessel === index} onClick={() => choose(index)}>
                {chips.includes(index) ? <img src={`/api/v1/looks/${lookPath(id)}/chips/${index}`} alt="" width="64" height="64" loading="lazy" /> : <span class="no-chip">no picture</span>}
                <span>
                  <strong>{each.zone ?? "off the zones"}</strong> {vesselWords(each)}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function EvidenceList({ evidence, look, pick }: { evidence: Evidence; look: string | null; pick: (look: string) => void }) {
  const ordered = [...evidence.looks].sort((one, other) => other.look.acquired_at.localeCompare(one.look.acquired_at));
  return (
    <>
      <h3>
        Evidence <span class="quiet">{evidence.left_out ? `the newest ${evidence.looks.length}` : evidence.looks.length}</span>
      </h3>
      <div class="scroll evidence" tabIndex={0} role="region" aria-label="Looks it rests on">
        <table>
          <thead>
            <tr>
              <th scope="col">acquired</th>
              <th scope="col">sensor</th>
              <th scope="col" class="number">
                vessels
              </th>
              <th scope="col" class="number">
                cars
              </th>
              <th scope="col">station</th>
            </tr>
          </thead>
          <tbody>
            {ordered.map((entry) => (
              <tr key={entry.id} class={entry.id === look ? "chosen" : ""}>
                <td class="nowrap">
                  <button type="button" class="plain link" aria-pressed={entry.id === look} onClick={() => pick(entry.id)}>
                    {shortMinute(entry.look.acquired_at)}
                  </button>
                </td>
                <td>{entry.look.sensor.name}</td>
                <td class="number">{entry.look.vessels.length}</td>
                <td class="number">{entry.look.rail.reduce((sum, track) => sum + track.cars, 0)}</td>
                <td>{entry.look.station}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
