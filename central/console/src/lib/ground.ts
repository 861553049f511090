// From degrees to metres on the ground of one site, and to pixels. Good to a few centimetres over the ten kilometres of a port.

export const METRES_PER_DEGREE = 111_195;

export type LonLat = [number, number];

export interface Ground {
  /** Pixels of a place. */
  place: (at: LonLat) => [number, number];
  /** Longitude and latitude of a pixel. */
  locate: (x: number, y: number) => LonLat;
  px_per_m: number;
}

/** Fits places into a picture, north up, equal scale both ways. */
export function fit(places: LonLat[], width: number, height: number, margin: number): Ground {
  const lons = places.map(([lon]) => lon);
  const lats = places.map(([, lat]) => lat);
  const middle: LonLat = places.length ? [(Math.min(...lons) + Math.max(...lons)) / 2, (Math.min(...lats) + Math.max(...lats)) / 2] : [0, 0];
  const east = METRES_PER_DEGREE * Math.cos((middle[1] * Math.PI) / 180);
  const span = (all: number[], metres: number) => (all.length ? (Math.max(...all) - Math.min(...all)) * metres : 0) || 100;
  const px_per_m = Math.min((width - 2 * margin) / span(lons, east), (height - 2 * margin) / span(lats, METRES_PER_DEGREE));
  return {
    place: ([lon, lat]) => [width / 2 + (lon - middle[0]) * east * px_per_m, height / 2 - (lat - middle[1]) * METRES_PER_DEGREE * px_per_m],
    locate: (x, y) => [middle[0] + (x - width / 2) / (east * px_per_m), middle[1] - (y - height / 2) / (METRES_PER_DEGREE * px_per_m)],
    px_per_m,
  };
}

/** A round length for the scale bar, at most a quarter of the picture. */
export function scaleBar(px_per_m: number, width: number): { metres: number; words: string } {
  const metres = [20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10].find((length) => length * px_per_m < width / 4) ?? 10;
  return { metres, words: metres < 1_000 ? `${metres} m` : `${metres / 1_000} km` };
}

/** A hull seen from above, as the points of a polygon round (0, 0): bow first, lengths in pixels. */
export function hull(length: number, beam: number): string {
  const [half, side] = [length / 2, beam / 2];
  return `M0 ${-half}Q${side} ${-half * 0.8} ${side} ${-half * 0.5}V${half}H${-side}V${-half * 0.5}Q${-side} ${-half * 0.8} 0 ${-half}Z`;
}
