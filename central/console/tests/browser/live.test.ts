// The moment between the queue's answer and the line: what changes then is told by neither, and must be seen all the same.

import { expect, test, vi } from "vitest";
import type { StationRow } from "../../src/api/types";
import { PATIENCE_MS } from "./support/browser";
import { desk } from "./support/desk";
import { EPOCH } from "./support/station";

const SITE = "vostochny";
const HEADLINE = "[data-id^=dock-rail-tanker]";

const at = desk();

test("an_alert_that_came_after_the_queue_and_before_the_line_is_shown", async () => {
  const { page } = at.ana;
  let connect = () => {};
  const held = new Promise<void>((done) => (connect = done));
  await page.route("**/api/v1/stream", async (route) => {
    await held;
    await route.continue();
  });
  const queue = page.waitForResponse((answer) => answer.url().includes("/api/v1/alerts?"));
  await page.goto("/alerts");
  await (await queue).finished();
  const sent = await at.central.sendLater(SITE);
  const taken = () =>
    page.evaluate(async (live) => {
      const { stations } = (await (await fetch("/api/v1/stations")).json()) as { stations: StationRow[] };
      return stations.reduce((sum, { epochs }) => sum + (epochs.find(({ epoch }) => epoch === live)?.through_seq ?? 0), 0);
    }, EPOCH);
  // All of it: a look that is still on its way would change the alert, and the line would tell that.
  await vi.waitFor(async () => expect(await taken()).toBe(sent), { timeout: PATIENCE_MS, interval: 200 });
  expect(await page.locator(HEADLINE).count()).toBe(0);
  connect();
  await page.locator(HEADLINE).waitFor();
});

test("no_page_had_an_error_or_asked_anybody_but_central", () => {
  expect(at.ana.faults).toEqual([]);
});
