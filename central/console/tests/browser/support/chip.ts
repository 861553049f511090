// A picture of a vessel, as small as stations send them: cut out of the rendered scene that the documents show.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";

const SCENE = fileURLToPath(new URL("../../../../../docs/screenshots/rendered-vostochny-3m.jpg", import.meta.url));
const CHIP_PX = 72;
const QUALITY = 0.7;

/** Where ships of the scene lie, as shares of its width and height, by the zone that is theirs. */
const SHIPS: Record<string, [number, number]> = { "pier-1": [0.383, 0.617], "pier-2": [0.469, 0.5], "oil-berth": [0.5525, 0.369] };

/** A picture for vessels of each of these zones; there is none of those elsewhere, as where a station's link had no room. */
export async function chips(browser: Browser): Promise<Record<string, Buffer>> {
  const made: Record<string, Buffer> = {};
  const page = await browser.newPage();
  for (const [zone, [across, down]] of Object.entries(SHIPS)) made[zone] = await chip(page, across, down);
  await page.close();
  return made;
}

/** JPEG of the part of the scene round a share of its width and height. */
async function chip(page: Page, across: number, down: number): Promise<Buffer> {
  const scene = `data:image/jpeg;base64,${(await readFile(SCENE)).toString("base64")}`;
  const data = await page.evaluate(
    async ({ scene, across, down, size, quality }) => {
      const image = new Image();
      image.src = scene;
      await image.decode();
      const canvas = document.createElement("canvas");
      canvas.width = size;
      canvas.height = size;
      canvas.getContext("2d")?.drawImage(image, image.width * across - size / 2, image.height * down - size / 2, size, size, 0, 0, size, size);
      return canvas.toDataURL("image/jpeg", quality);
    },
    { scene, across, down, size: CHIP_PX, quality: QUALITY },
  );
  return Buffer.from(data.slice(data.indexOf(",") + 1), "base64");
}
