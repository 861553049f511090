// A site file as people like to edit it: one zone a line, corners beside one another.

import type { SiteShape } from "../../api/types";

export function asText(shape: SiteShape): string {
  const { features, ...head } = shape;
  const first = Object.entries(head).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{${first.join(", ")}, "features": [\n${features.map((feature) => JSON.stringify(feature)).join(",\n")}\n]}\n`;
}
