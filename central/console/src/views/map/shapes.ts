// Shapes on the map, made of what central says. Pure.

import type { Feature, FeatureCollection, LineString, Polygon } from "geojson";
import type { SiteRow, StationRow, Voyage } from "../../api/types";
import { DAY_MS, millis } from "../../lib/time";

const STEPS = 32;
/** A footprint fades over this many days. */
const FADE_DAYS = 7;
const STRENGTH = [0.06, 0.3] as const;
/** A port is a few pixels at the scale of a sea: footprints are drawn this much larger, in degrees. */
const FOOTPRINT_MARGIN_DEG = 0.06;

const radians = (degrees: number) => (degrees * Math.PI) / 180;
const degrees = (angle: number) => (angle * 180) / Math.PI;

/** Points of a great circle; longitudes run on past 180 so that a line over the Pacific does not cross the whole map. */
export function greatCircle(from: [number, number], to: [number, number]): [number, number][] {
  const vector = ([lon, lat]: [number, number]) => [Math.cos(radians(lat)) * Math.cos(radians(lon)), Math.cos(radians(lat)) * Math.sin(radians(lon)), Math.sin(radians(lat))] as const;
  const [a, b] = [vector(from), vector(to)];
  const angle = Math.acos(Math.min(Math.max(a[0] * b[0] + a[1] * b[1] + a[2] * b[2], -1), 1));
  if (angle < 1e-9) return [from, to];
  let before = from[0];
  return Array.from({ length: STEPS + 1 }, (_, step) => {
    const share = step / STEPS;
    const [p, q] = [Math.sin((1 - share) * angle) / Math.sin(angle), Math.sin(share * angle) / Math.sin(angle)];
    const [x, y, z] = [p * a[0] + q * b[0], p * a[1] + q * b[1], p * a[2] + q * b[2]];
    let lon = degrees(Math.atan2(y, x));
    while (lon - before > 180) lon -= 360;
    while (lon - before < -180) lon += 360;
    before = lon;
    return [lon, degrees(Math.atan2(z, Math.hypot(x, y)))] as [number, number];
  });
}

export function voyageLines(voyages: Voyage[]): FeatureCollection<LineString> {
  const features: Feature<LineString>[] = [];
  for (const { alert, from_lon_lat: from, to_lon_lat: to } of voyages) {
    if (from && to) features.push({ type: "Feature", properties: { alert }, geometry: { type: "LineString", coordinates: greatCircle(from, to) } });
  }
  return { type: "FeatureCollection", features };
}

/** Where a station (or all of them) looked lately: the newer, the stronger. */
export function footprints(stations: StationRow[], sites: ReadonlyMap<string, SiteRow>, station: string | null, now: number): FeatureCollection<Polygon> {
  const newest = new Map<string, number>();
  for (const row of stations) {
    if (station && row.station !== station) continue;
    for (const scene of row.scenes ?? []) newest.set(scene.site, Math.max(newest.get(scene.site) ?? 0, millis(scene.acquired_at)));
  }
  const features: Feature<Polygon>[] = [];
  for (const [id, at] of newest) {
    const box = sites.get(id)?.bbox;
    if (!box) continue;
    const [w, s, e, n] = [box[0] - FOOTPRINT_MARGIN_DEG, box[1] - FOOTPRINT_MARGIN_DEG, box[2] + FOOTPRINT_MARGIN_DEG, box[3] + FOOTPRINT_MARGIN_DEG];
    const freshness = Math.max(0, 1 - (now - at) / (FADE_DAYS * DAY_MS));
    features.push({
      type: "Feature",
      properties: { site: id, strength: STRENGTH[0] + (STRENGTH[1] - STRENGTH[0]) * freshness },
      geometry: { type: "Polygon", coordinates: [[[w, s], [e, s], [e, n], [w, n], [w, s]]] },
    });
  }
  return { type: "FeatureCollection", features };
}

/** Which labels fit without covering one another; the first ones count most. */
export function uncovered(boxes: { x: number; y: number; width: number; height: number }[]): boolean[] {
  const kept: typeof boxes = [];
  return boxes.map((box) => {
    const isFree = kept.every((other) => box.x + box.width < other.x || other.x + other.width < box.x || box.y + box.height < other.y || other.y + other.height < box.y);
    if (isFree) kept.push(box);
    return isFree;
  });
}
