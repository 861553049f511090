import { segment } from "../../api/client";
import { Menu } from "../../ui/Menu";
import { Key } from "../../ui/parts";

const FORMATS: [string, string, string][] = [
  ["html", "Report to print", "one page with the paragraph, the numbers and the looks"],
  ["cap", "CAP 1.2", "Common Alerting Protocol, XML"],
  ["stix", "STIX 2.1", "threat intelligence, JSON"],
  ["cot", "Cursor on Target", "for TAK, XML"],
  ["geojson", "GeoJSON", "zones and vessels, for maps"],
  ["kml", "KML", "for globes"],
  ["csv", "CSV", "signals and looks, for sheets"],
];

export function ExportMenu({ id }: { id: string }) {
  return (
    <Menu
      id="export"
      title="Export this alert"
      label={
        <>
          Export <Key>x</Key>
        </>
      }
    >
      {FORMATS.map(([format, name, what]) => (
        <a
          key={format}
          href={`/api/v1/alerts/${segment(id)}/export/${format}`}
          // Central names the file; a link without a name the router would take for one of its own.
          {...(format === "html" ? { target: "_blank", rel: "noopener" } : { download: `alert.${format}` })}
        >
          {name} <span class="quiet">{what}</span>
        </a>
      ))}
    </Menu>
  );
}
