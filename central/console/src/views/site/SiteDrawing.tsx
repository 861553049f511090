// Zones of a site and the vessels of a look, drawn to scale. Not a map of the land: what the site file says, and what was seen.

import type { LineString, Polygon } from "geojson";
import { useRef, useState } from "preact/hooks";
import type { Look, SiteShape, Vessel } from "../../api/types";
import { type LonLat, fit, hull, scaleBar } from "../../lib/ground";
import { figure, percent } from "../../lib/words";
import { letterScale, useWidth } from "../../ui/hooks";
import "../../styles/drawing.css";

const MARGIN = 40;
const HEIGHT_SHARE = 0.66;
const ZOOM_MAX = 12;
/** About as wide as a letter of a label is. */
const LETTER_PX = 6.6;
const HULL_PX_MIN = 9;
const LABEL_PX = [64, 13] as const;

interface DrawingProps {
  shape: SiteShape;
  look?: Look | undefined;
  chosen?: number | null;
  choose?: (vessel: number) => void;
}

export function SiteDrawing({ shape, look, chosen = null, choose }: DrawingProps) {
  const [box, width] = useWidth<HTMLDivElement>();
  const [view, setView] = useState({ zoom: 1, dx: 0, dy: 0 });
  const drag = useRef<{ x: number; y: number } | null>(null);
  const height = Math.max(Math.round(width * HEIGHT_SHARE), 220);
  const zones = shape.features.map((feature) => ({ properties: feature.properties, points: pointsOf(feature.geometry), isLine: feature.geometry.type === "LineString" }));
  // Framed by where things are done: an anchorage is large, and may run out of the picture.
  const framed = zones.filter((zone) => zone.properties.kind !== "anchorage");
  const ground = fit((framed.length ? framed : zones).flatMap((zone) => zone.points), width, height, MARGIN);
  const place = (at: LonLat): [number, number] => {
    const [x, y] = ground.place(at);
    return [(x - width / 2) * view.zoom + width / 2 + view.dx, (y - height / 2) * view.zoom + height / 2 + view.dy];
  };
  const px_per_m = ground.px_per_m * view.zoom;
  const bar = scaleBar(px_per_m, width);
  const seen = new Map(look?.zones.map((zone) => [zone.zone, zone.visible]));
  const zoom = (by: number) => setView((before) => {
    const next = Math.min(Math.max(before.zoom * by, 1), ZOOM_MAX);
    const ratio = next / before.zoom;
    return next === 1 ? { zoom: 1, dx: 0, dy: 0 } : { zoom: next, dx: before.dx * ratio, dy: before.dy * ratio };
  });
  const labels = labelled(zones.map((zone) => ({ name: zone.properties.zone, points: zone.points.map(place) })), width, height);

  return (
    <div class="drawing" ref={box}>
      {width > 0 && (
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={`${shape.name}: ${zones.length} zones${look ? `, ${look.vessels.length} vessels in the look` : ""}`}
          onPointerDown={(event) => {
            if (view.zoom === 1) return;
            drag.current = { x: event.clientX - view.dx, y: event.clientY - view.dy };
            event.currentTarget.setPointerCapture(event.pointerId);
          }}
          onPointerMove={(event) => {
            const from = drag.current;
            if (from) setView((before) => ({ ...before, dx: event.clientX - from.x, dy: event.clientY - from.y }));
          }}
          onPointerUp={() => (drag.current = null)}
        >
          <rect class="ground" width={width} height={height} />
          {zones.map((zone, index) => {
            const visible = seen.get(zone.properties.zone);
            const classes = `zone ${zone.properties.kind} ${look && visible === undefined ? "not-looked" : ""} ${visible !== undefined && visible < 0.7 ? "hidden-zone" : ""}`;
            const points = zone.points.map((point) => place(point).map((each) => each.toFixed(1)).join(",")).join(" ");
            const words = `${zone.properties.zone} (${zone.properties.kind.replaceAll("_", " ")})${look ? (visible === undefined ? ", not looked at" : `, ${percent(visible)} seen`) : ""}`;
            return zone.isLine ? (
              <polyline key={index} class={classes} points={points}>
                <title>{words}</title>
              </polyline>
            ) : (
              <polygon key={index} class={classes} points={points}>
                <title>{words}</title>
              </polygon>
            );
          })}
          {look?.vessels.map((vessel, index) => {
            const [x, y] = place([vessel.lon, vessel.lat]);
            if (x < -20 || y < -20 || x > width + 20 || y > height + 20) return null;
            const length = Math.max(vessel.length_m * px_per_m, HULL_PX_MIN);
            const beam = Math.max((vessel.beam_m ?? vessel.length_m / 6) * px_per_m, HULL_PX_MIN / 3);
            return (
              <g key={index} class={`hull ${vessel.ais} ${index === chosen ? "chosen" : ""}`} transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`} onClick={() => choose?.(index)}>
                {index === chosen && <circle r={length / 2 + 7} />}
                <path d={hull(length, beam)} transform={`rotate(${vessel.heading_deg ?? 0})`}>
                  <title>{vesselWords(vessel)}</title>
                </path>
              </g>
            );
          })}
          {labels.map((label) => (
            <text key={label.name} class="zone-name" x={label.x} y={label.y} text-anchor="middle">
              {label.name}
            </text>
          ))}
          <g class="scale" transform={`translate(12 ${height - 12})`}>
            <line x1={0} x2={bar.metres * px_per_m} y1={0} y2={0} />
            <text y={-5}>{bar.words}</text>
          </g>
          <text class="north" x={width - 16} y={20} text-anchor="middle">
            N↑
          </text>
        </svg>
      )}
      <div class="zooms">
        <button type="button" aria-label="Nearer" onClick={() => zoom(1.6)}>
          +
        </button>
        <button type="button" aria-label="Farther" disabled={view.zoom === 1} onClick={() => zoom(1 / 1.6)}>
          −
        </button>
      </div>
    </div>
  );
}

const pointsOf = (geometry: Polygon | LineString): LonLat[] =>
  (geometry.type === "LineString" ? geometry.coordinates : (geometry.coordinates[0] ?? [])) as LonLat[];

/** One name a zone, above it, where it covers no other name. */
function labelled(zones: { name: string; points: [number, number][] }[], width: number, height: number): { name: string; x: number; y: number }[] {
  const labels: { name: string; x: number; y: number }[] = [];
  for (const { name, points } of zones) {
    const xs = points.map(([x]) => x);
    const ys = points.map(([, y]) => y);
    const half = (name.length * LETTER_PX * letterScale()) / 2;
    const x = Math.min(Math.max((Math.min(...xs) + Math.max(...xs)) / 2, half), width - half);
    const y = Math.min(...ys) - 5;
    if (y < 10 || y > height - 4 || labels.some((other) => other.name === name || (Math.abs(other.x - x) < LABEL_PX[0] && Math.abs(other.y - y) < LABEL_PX[1]))) continue;
    labels.push({ name, x, y });
  }
  return labels;
}

export function vesselWords(vessel: Vessel): string {
  const sd = vessel.length_sd_m ? ` ± ${figure(Math.round(vessel.length_sd_m))}` : "";
  const radio = vessel.ais === "matched" ? `AIS ${vessel.mmsi ?? "matched"}` : vessel.ais === "dark" ? "dark" : "AIS not received here";
  return `${vessel.class}, ${figure(Math.round(vessel.length_m))}${sd} m, ${radio}, confidence ${vessel.confidence.toFixed(2)}`;
}
