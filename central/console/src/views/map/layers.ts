// The map's style: no tiles, no glyphs, no sprites, so no request to anybody. Names are drawn by the page, beside their markers.

import type { ExpressionSpecification, StyleSpecification } from "maplibre-gl";
import type { FeatureCollection } from "geojson";

export const NOTHING: FeatureCollection = { type: "FeatureCollection", features: [] };

const COLOURS = {
  dark: { water: "#0b1a26", land: "#1c2731", coast: "#3a4b5a", border: "#33424f", voyage: "#ff7b6e", footprint: "#7db7f5", dock: "#5fb0e0", tanker: "#dd8fd8", rail: "#e0b050", apron: "#63c59b", other: "#94a5b6" },
  light: { water: "#d9e6ef", land: "#f4f2ec", coast: "#a8b4bf", border: "#c3ccd4", voyage: "#b3221a", footprint: "#1659a8", dock: "#1f78b4", tanker: "#a3379c", rail: "#a86f00", apron: "#1c8058", other: "#566574" },
} as const;

export type Shade = keyof typeof COLOURS;

export function style(shade: Shade): StyleSpecification {
  const colour = COLOURS[shade];
  const byKind: ExpressionSpecification = ["match", ["get", "kind"], "berth", colour.dock, "oil_berth", colour.tanker, "rail_track", colour.rail, ["apron", "storage"], colour.apron, colour.other];
  return {
    version: 8,
    sources: {
      land: { type: "geojson", data: NOTHING, attribution: "Natural Earth" },
      borders: { type: "geojson", data: NOTHING },
      zones: { type: "geojson", data: NOTHING },
      footprints: { type: "geojson", data: NOTHING },
      voyages: { type: "geojson", data: NOTHING },
    },
    layers: [
      { id: "water", type: "background", paint: { "background-color": colour.water } },
      { id: "land", type: "fill", source: "land", paint: { "fill-color": colour.land, "fill-antialias": true } },
      { id: "coast", type: "line", source: "land", paint: { "line-color": colour.coast, "line-width": 0.8 } },
      { id: "borders", type: "line", source: "borders", paint: { "line-color": colour.border, "line-width": 0.8, "line-dasharray": [3, 2] } },
      { id: "footprints", type: "fill", source: "footprints", paint: { "fill-color": colour.footprint, "fill-opacity": ["get", "strength"] } },
      { id: "footprint-edges", type: "line", source: "footprints", paint: { "line-color": colour.footprint, "line-width": 1, "line-opacity": 0.6 } },
      { id: "zones", type: "fill", source: "zones", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": byKind, "fill-opacity": 0.25 } },
      { id: "zone-edges", type: "line", source: "zones", paint: { "line-color": byKind, "line-width": 1.4 } },
      { id: "voyages", type: "line", source: "voyages", layout: { "line-cap": "round" }, paint: { "line-color": colour.voyage, "line-width": 2, "line-dasharray": [2, 2] } },
    ],
  };
}
