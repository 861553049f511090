// How long a page takes over a slow link: 1.6 Mbit/s down, 150 ms there and back, nothing cached. Prints what it measured; fails when the
// queue is not there within the limit or the first load has grown beyond its budget.

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, person, setUp } from "./support/browser";
import { Central, PASSWORD } from "./support/central";

const DOWN_BITS_S = 1_600_000;
const UP_BITS_S = 750_000;
const LATENCY_MS = 150;
/** Packed bytes of everything that the queue and an alert need at first. */
const FIRST_BYTES_MAX = 120_000;
/** Of which the promise is 2 s on an idle machine; the test allows for one that is busy with the other tests. */
const QUEUE_MS_MAX = 8_000;

let central: Central;
let browser: Browser;

beforeAll(async () => {
  browser = await launch();
  central = await Central.start();
});

afterAll(async () => {
  await browser?.close();
  await central?.remove();
});

test("the_queue_is_there_soon_over_a_slow_link", async () => {
  const { context, page } = await person(browser, central.url);
  await setUp(page, await central.setupLink(), "Ana", PASSWORD);
  await central.sendLater("vostochny");
  await page.locator("[data-id]").first().waitFor();
  const link = await context.newCDPSession(page);
  await link.send("Network.enable");
  await link.send("Network.setCacheDisabled", { cacheDisabled: true });
  await link.send("Network.emulateNetworkConditions", { offline: false, latency: LATENCY_MS, downloadThroughput: DOWN_BITS_S / 8, uploadThroughput: UP_BITS_S / 8 });
  let bytes = 0;
  link.on("Network.loadingFinished", (event) => {
    bytes += event.encodedDataLength;
  });
  const start = Date.now();
  await page.goto("/alerts", { waitUntil: "commit" });
  await page.locator("[data-id]").first().waitFor();
  const queueMs = Date.now() - start;
  const queueBytes = bytes;
  await page.locator(".lanes svg").waitFor();
  const lanesMs = Date.now() - start;
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null);
  console.log(JSON.stringify({ bench: "console-load", link: "1.6 Mbit/s, 150 ms", first_paint_ms: paint && Math.round(paint), queue_ms: queueMs, lanes_ms: lanesMs, bytes_until_queue: queueBytes }));
  expect(queueBytes).toBeLessThan(FIRST_BYTES_MAX);
  expect(queueMs).toBeLessThan(QUEUE_MS_MAX);
});
