// MapLibre, kept in step with what central says. Sites are buttons of the page over the map: they take the keyboard and have names.

import { AttributionControl, LngLatBounds, Map as MapLibre, Marker, NavigationControl, ScaleControl, type GeoJSONSource, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import "maplibre-gl/dist/maplibre-gl.css";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Feature, FeatureCollection } from "geojson";
import type { SiteRow, StationRow, Voyage } from "../../api/types";
import { said } from "../../api/client";
import { now } from "../../state/clock";
import { shade } from "../../state/prefs";
import { siteShape } from "../../state/sites";
import { Failure } from "../../ui/parts";
import { coarse, fine } from "./basemap";
import { NOTHING, style } from "./layers";
import { footprints, uncovered, voyageLines } from "./shapes";

// A worker from central's own address: the security policy forbids those made from text.
setWorkerUrl(workerUrl);

/** From this zoom on the fine coastline is fetched, and zones are drawn. */
const FINE_ZOOM = 5;
const ZONES_ZOOM = 8;
const FOCUS_ZOOM = 12;

interface CanvasProps {
  sites: SiteRow[];
  stations: StationRow[];
  station: string | null;
  voyages: Voyage[];
  focus: string | null;
  open: (site: string) => void;
}

export function MapCanvas({ sites, stations, station, voyages, focus, open }: CanvasProps) {
  const holder = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<MapLibre | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const framed = useRef(false);
  const tone = shade.value;

  useEffect(() => {
    if (!holder.current) return;
    let gone = false;
    let made: MapLibre;
    try {
      made = new MapLibre({ container: holder.current, style: style(tone), center: [120, 40], zoom: 2.2, minZoom: 1, maxZoom: 17, attributionControl: false, dragRotate: false, pitchWithRotate: false, renderWorldCopies: true });
    } catch (thrown) {
      setFailure(said(thrown));
      return;
    }
    made.touchZoomRotate.disableRotation();
    made.addControl(new NavigationControl({ showCompass: false }), "top-right");
    made.addControl(new ScaleControl({ maxWidth: 120 }), "bottom-left");
    made.addControl(new AttributionControl({ compact: false, customAttribution: "Coast: Natural Earth" }), "bottom-right");
    made.on("load", () => {
      if (gone) return;
      setMap(made);
      coarse().then(
        ({ land, borders }) => {
          if (gone) return;
          put(made, "land", land);
          put(made, "borders", borders);
        },
        (thrown: unknown) => setFailure(said(thrown)),
      );
    });
    let isFine = false;
    made.on("moveend", () => {
      if (isFine || made.getZoom() < FINE_ZOOM) return;
      isFine = true;
      fine().then(
        (land) => !gone && put(made, "land", land),
        () => (isFine = false),
      );
    });
    return () => {
      gone = true;
      setMap(null);
      made.remove();
    };
  }, [tone]);

  // Where the sites are, at first.
  useEffect(() => {
    if (!map || !sites.length || framed.current) return;
    framed.current = true;
    const bounds = new LngLatBounds();
    // Where something is seen; a site that no station has looked at yet would only make the picture wide.
    const seen = sites.filter((site) => site.last_look_at);
    for (const site of seen.length ? seen : sites) bounds.extend([site.lon, site.lat]);
    map.fitBounds(bounds, { padding: 90, maxZoom: 7, duration: 0 });
  }, [map, sites]);

  useEffect(() => {
    if (map) put(map, "voyages", voyageLines(voyages));
  }, [map, voyages]);
  const known = new Map(sites.map((site) => [site.site, site]));
  useEffect(() => {
    if (map) put(map, "footprints", footprints(stations, known, station, now.peek()));
  }, [map, stations, station, sites]);

  useEffect(() => {
    const site = focus ? known.get(focus) : undefined;
    if (map && site) map.flyTo({ center: [site.lon, site.lat], zoom: FOCUS_ZOOM, duration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 900 });
  }, [map, focus]);

  useEffect(() => {
    if (!map) return;
    let turn = 0;
    const draw = async () => {
      const mine = ++turn;
      if (map.getZoom() < ZONES_ZOOM) return put(map, "zones", NOTHING);
      const box = map.getBounds();
      const near = sites.filter((site) => box.contains([site.lon, site.lat]));
      const shapes = await Promise.allSettled(near.map((site) => siteShape(site.site)));
      if (mine !== turn) return;
      put(map, "zones", { type: "FeatureCollection", features: shapes.flatMap((shape) => (shape.status === "fulfilled" ? shape.value.features : [])) });
    };
    const moved = () => void draw();
    map.on("moveend", moved);
    moved();
    return () => {
      turn = -1;
      map.off("moveend", moved);
    };
  }, [map, sites]);

  useMarkers(map, sites, open);

  return (
    <div class="map-canvas">
      <div ref={holder} class="map-holder" role="region" aria-label="Map of the sites" />
      {failure && <Failure what="The map could not be drawn:" why={`${failure}. The list beside it works`} />}
    </div>
  );
}

function put(map: MapLibre, source: string, data: Feature | FeatureCollection): void {
  map.getSource<GeoJSONSource>(source)?.setData(data);
}

function useMarkers(map: MapLibre | null, sites: SiteRow[], open: (site: string) => void): void {
  const opening = useRef(open);
  opening.current = open;
  useEffect(() => {
    if (!map) return;
    const markers = sites.map((site, index) => {
      const element = document.createElement("button");
      element.type = "button";
      const state = site.worst ?? (site.evaluable === false ? "blind" : "calm");
      element.className = `site-marker ${state}`;
      element.setAttribute("aria-label", `${site.name}: ${site.open ? `${site.open} open, worst ${site.worst}` : state === "blind" ? "cannot be judged" : "calm"}`);
      const name = document.createElement("span");
      name.textContent = site.name;
      const mark = document.createElement("i");
      // Drawn by the style sheet: for a reader it stands in the label.
      if (site.open) mark.dataset.open = String(site.open);
      element.append(mark, name);
      // The list begins with the worst: that one lies on top.
      element.style.zIndex = String(sites.length - index);
      element.addEventListener("click", () => opening.current(site.site));
      return { name, marker: new Marker({ element, anchor: "left", offset: [-9, 0] }).setLngLat([site.lon, site.lat]).addTo(map) };
    });
    const sort = () => {
      const boxes = markers.map(({ name }) => {
        const { x, y, width, height } = name.getBoundingClientRect();
        return { x, y, width, height };
      });
      uncovered(boxes).forEach((isFree, index) => markers[index]?.name.classList.toggle("covered", !isFree));
    };
    map.on("move", sort);
    sort();
    return () => {
      map.off("move", sort);
      for (const { marker } of markers) marker.remove();
    };
  }, [map, sites]);
}
