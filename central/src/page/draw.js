// Drawings: the timeline of an alert, and the map of a site. All text goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";
const METRES_PER_DEGREE = 111195;

export function svg(name, attributes = {}, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

const day = (ms) => new Date(ms).toISOString().slice(0, 10);
const minute = (text) => text.slice(0, 16).replace("T", " ");

/** Lanes of signals over time, the looks they rest on, the window in which they met, and when the alert was raised. */
export function timeline(alert, looks, chosen, choose) {
  const width = 1000, left = 92, right = 12, laneHeight = 24, top = 20;
  const opened = Date.parse(alert.opened_at);
  const spans = alert.signals.map((signal) => ({ ...signal, from: Date.parse(signal.from), to: Date.parse(signal.to) }))
    .filter((signal) => Number.isFinite(signal.from) && Number.isFinite(signal.to));
  const seen = looks.map((entry) => Date.parse(entry.look.acquired_at));
  const times = [opened, ...spans.flatMap((span) => [span.from, span.to]), ...seen];
  let first = Math.min(...times), last = Math.max(...times);
  const margin = Math.max((last - first) * 0.04, 6 * 3600e3);
  first -= margin; last += margin;
  const x = (ms) => left + ((ms - first) / (last - first)) * (width - left - right);
  const height = top + (spans.length + 1) * laneHeight + 22;
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Timeline of the alert's signals" });

  const bottom = height - 22;
  const meet = [Math.max(...spans.map((span) => span.from)), Math.min(...spans.map((span) => span.to))];
  if (spans.length > 1) {
    const [from, to] = meet[0] <= meet[1] ? meet : [meet[1], meet[0]];
    root.append(svg("rect", { class: "windowband", x: x(from) - 2, y: top - 4, width: Math.max(x(to) - x(from), 1) + 4, height: bottom - top + 4 }));
  }
  const step = axisStep(last - first);
  for (let at = Math.ceil(first / step) * step; at < last; at += step) {
    root.append(svg("line", { class: "axis", x1: x(at), x2: x(at), y1: top - 4, y2: bottom }));
    root.append(svg("text", { x: x(at), y: height - 7, "text-anchor": "middle" }, day(at)));
  }
  spans.forEach((span, index) => {
    const y = top + index * laneHeight;
    root.append(svg("line", { class: "lane", x1: left, x2: width - right, y1: y + laneHeight - 4, y2: y + laneHeight - 4 }));
    root.append(svg("text", { class: "strong", x: 0, y: y + 14 }, `${span.kind}`));
    const bar = svg("rect", { class: `span ${span.kind}`, x: x(span.from), y: y + 3, width: Math.max(x(span.to) - x(span.from), 4), height: 13, rx: 3 });
    bar.append(svg("title", {}, `${span.kind} at ${span.zone}: ${span.value} ${span.unit}, usual ${span.baseline}`));
    root.append(bar);
  });
  const y = top + spans.length * laneHeight;
  root.append(svg("text", { class: "strong", x: 0, y: y + 14 }, "looks"));
  looks.forEach((entry, index) => {
    const zones = entry.look.zones, at = x(seen[index]);
    const clear = zones.reduce((sum, zone) => sum + zone.visible, 0) / Math.max(zones.length, 1);
    const names = `tick${clear < 0.5 ? " dim" : ""}${entry.id === chosen ? " chosen" : ""}`;
    const tick = svg("line", { class: names, x1: at, x2: at, y1: y + 2, y2: y + 17 });
    tick.append(svg("title", {}, `${minute(entry.look.acquired_at)} ${entry.look.sensor.name}, ${Math.round(clear * 100)} % clear`));
    tick.addEventListener("click", () => choose(entry.id));
    root.append(tick);
  });
  root.append(svg("line", { class: "opened", x1: x(opened), x2: x(opened), y1: top - 6, y2: bottom }));
  root.append(svg("text", { x: x(opened) - 4, y: 11, "text-anchor": "end" }, "alert raised"));
  return root;
}

function axisStep(span) {
  const dayMs = 86400e3;
  return [1, 2, 7, 14, 30, 90, 365].map((days) => days * dayMs).find((step) => span / step <= 9) ?? 730 * dayMs;
}

/** Zones of a site and the vessels of a look, north up, equal scale both ways. */
export function siteMap(geojson, look) {
  const width = 620, height = 400, margin = 48;
  const rings = geojson.features.map((feature) => ({
    properties: feature.properties,
    points: feature.geometry.type === "LineString" ? feature.geometry.coordinates : feature.geometry.coordinates[0],
    closed: feature.geometry.type !== "LineString",
  }));
  const vessels = look?.vessels ?? [];
  // Framed by where things are done: an anchorage is large, and may run out of the picture.
  const framed = rings.filter((ring) => ring.properties.kind !== "anchorage");
  const all = (framed.length ? framed : rings).flatMap((ring) => ring.points);
  const lons = all.map((point) => point[0]), lats = all.map((point) => point[1]);
  const middle = [(Math.min(...lons) + Math.max(...lons)) / 2, (Math.min(...lats) + Math.max(...lats)) / 2];
  const kx = METRES_PER_DEGREE * Math.cos((middle[1] * Math.PI) / 180);
  const spanX = (Math.max(...lons) - Math.min(...lons)) * kx || 100, spanY = (Math.max(...lats) - Math.min(...lats)) * METRES_PER_DEGREE || 100;
  const scale = Math.min((width - 2 * margin) / spanX, (height - 2 * margin) / spanY);
  const place = ([lon, lat]) => [width / 2 + (lon - middle[0]) * kx * scale, height / 2 - (lat - middle[1]) * METRES_PER_DEGREE * scale];

  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Map of ${geojson.name ?? "the site"}` });
  root.append(svg("rect", { class: "sea", width, height, rx: 5 }));
  const labels = [];
  for (const ring of rings) {
    const points = ring.points.map(place);
    const shape = svg(ring.closed ? "polygon" : "polyline", { class: `zone ${ring.properties.kind}`, points: points.map((point) => point.join(",")).join(" ") });
    shape.append(svg("title", {}, `${ring.properties.zone} (${ring.properties.kind})`));
    root.append(shape);
    const xs = points.map((point) => point[0]), ys = points.map((point) => point[1]);
    const at = [(Math.min(...xs) + Math.max(...xs)) / 2, Math.min(...ys) - 4];
    if (!labels.some((other) => other.name === ring.properties.zone || (Math.abs(other.at[0] - at[0]) < 60 && Math.abs(other.at[1] - at[1]) < 12))) labels.push({ name: ring.properties.zone, at });
  }
  for (const vessel of vessels) {
    const [x, y] = place([vessel.lon, vessel.lat]);
    if (x < 0 || y < 0 || x > width || y > height) continue;
    const half = Math.max((vessel.length_m * scale) / 2, 5), beam = Math.max(((vessel.beam_m ?? vessel.length_m / 6) * scale) / 2, 1.8);
    const hull = svg("path", { class: `hull ${vessel.ais}`, d: `M0 ${-half}L${beam} ${-half * 0.55}V${half}H${-beam}V${-half * 0.55}Z`, transform: `translate(${x} ${y}) rotate(${vessel.heading_deg ?? 0})` });
    hull.append(svg("title", {}, `${vessel.class}, ${Math.round(vessel.length_m)} m${vessel.length_sd_m ? ` ± ${Math.round(vessel.length_sd_m)}` : ""}, AIS ${vessel.ais}, confidence ${vessel.confidence.toFixed(2)}`));
    root.append(hull);
  }
  for (const label of labels) root.append(svg("text", { x: Math.min(Math.max(label.at[0], 40), width - 40), y: Math.max(label.at[1], 12), "text-anchor": "middle" }, label.name));
  const metres = [50, 100, 200, 500, 1000, 2000, 5000].findLast((length) => length * scale < width / 4) ?? 50;
  root.append(svg("line", { class: "scale", x1: 14, x2: 14 + metres * scale, y1: height - 14, y2: height - 14 }));
  root.append(svg("text", { x: 14, y: height - 20 }, metres < 1000 ? `${metres} m` : `${metres / 1000} km`));
  return root;
}
