// A picture of a vessel, as small as stations send them: cut out of the rendered scene that the documents show.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";

const SCENE = fileURLToPath(new URL("../../../../../docs/screenshots/rendered-vostochny-3m.jpg", import.meta.url));
const CHIP_PX = 72;
const QUALITY = 0.7;

/** JPEG of the part of the scene round a share of its width and height. */
export async function chip(browser: Browser, across: number, down: number): Promise<Buffer> {
  const page = await browser.newPage();
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
  await page.close();
  return Buffer.from(data.slice(data.indexOf(",") + 1), "base64");
}
