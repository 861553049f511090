// The zones of a site: drawn while they are edited, tried on history before they are saved.

import { useMemo, useState } from "preact/hooks";
import { useLocation, useRoute } from "preact-iso";
import { ask, segment } from "../../api/client";
import type { SiteShape } from "../../api/types";
import { forgetShape, siteShape, sites } from "../../state/sites";
import { useAsked } from "../../ui/hooks";
import { Empty, Failure, Loading, Sheet } from "../../ui/parts";
import { SiteDrawing } from "../site/SiteDrawing";
import { Editor } from "./Editor";
import { asText } from "./geojson";
import "../../styles/rules.css";

export default function ZonesView() {
  const { params } = useRoute();
  const { route } = useLocation();
  const first = [...sites.value.values()][0]?.site;
  const id = params.id ? decodeURIComponent(params.id) : first;
  if (!id) return sites.value.size === 0 ? <Loading what="Loading the sites" /> : <Empty title="No site is watched" />;
  return (
    <div class="page">
      <header class="page-head">
        <h1>Zones</h1>
        <select aria-label="Site" value={id} onChange={(event) => route(`/zones/${segment(event.currentTarget.value)}`)}>
          {[...sites.value.values()].map((site) => (
            <option key={site.site} value={site.site}>
              {site.name}
            </option>
          ))}
        </select>
        <a href={`/sites/${segment(id)}`}>The site</a>
      </header>
      <Zones key={id} id={id} />
    </div>
  );
}

function Zones({ id }: { id: string }) {
  const shape = useAsked(id, () => siteShape(id));
  const revisions = useAsked(id, () => ask<{ revisions: { revision: number }[] }>(`/sites/${segment(id)}/revisions`));
  const [typed, setTyped] = useState<string | null>(null);
  const text = useMemo(() => (shape.data ? asText(shape.data) : ""), [shape.data]);
  const drawn = useMemo(() => read(typed ?? text), [typed, text]);
  const again = () => {
    forgetShape(id);
    setTyped(null);
    shape.again();
    revisions.again();
  };
  if (shape.failure && !shape.data) return <Failure what="The zones could not be loaded:" why={shape.failure} again={again} />;
  if (revisions.failure && !revisions.data) return <Failure what="The revisions could not be loaded:" why={revisions.failure} again={again} />;
  if (!shape.data || !revisions.data) return <Loading what="Loading the zones" />;
  return (
    <div class="rules-grid">
      <Editor name="zones" path={`/sites/${segment(id)}`} text={text} revision={revisions.data.revisions[0]?.revision ?? 0} saved={again} typed={setTyped} />
      <div class="stack">
        <Sheet title="As it would be drawn">
          {typeof drawn === "string" ? (
            <p class="bad" role="status">
              {drawn}
            </p>
          ) : (
            <SiteDrawing shape={drawn} />
          )}
        </Sheet>
        <Sheet title="Zones">
          {typeof drawn !== "string" && (
            <table>
              <thead>
                <tr>
                  <th scope="col">zone</th>
                  <th scope="col">kind</th>
                  <th scope="col">track</th>
                  <th scope="col" class="number">
                    corners
                  </th>
                </tr>
              </thead>
              <tbody>
                {drawn.features.map((feature, index) => (
                  <tr key={index}>
                    <td>{feature.properties.zone}</td>
                    <td>{feature.properties.kind.replaceAll("_", " ")}</td>
                    <td>{feature.properties.track ?? ""}</td>
                    <td class="number">{feature.geometry.type === "LineString" ? feature.geometry.coordinates.length : (feature.geometry.coordinates[0]?.length ?? 1) - 1}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Sheet>
      </div>
    </div>
  );
}

/** What can be drawn of a text that somebody is typing; else what is in the way. Central checks the rest. */
function read(text: string): SiteShape | string {
  try {
    const shape = JSON.parse(text) as SiteShape;
    const isWhole = Array.isArray(shape.features) && shape.features.every((feature) => feature.properties?.zone && feature.properties.kind && (feature.geometry?.type === "Polygon" || feature.geometry?.type === "LineString"));
    return isWhole ? shape : "Not yet a site file: each feature needs `properties.zone`, `properties.kind`, and a Polygon or LineString.";
  } catch (thrown) {
    return `Not yet JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
}
