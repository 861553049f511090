// Names that want to be markup: a site's, a silence's reason, a note, a station's word of itself. They stay text on every page.

import { beforeAll, expect, test, vi } from "vitest";
import { PATIENCE_MS, command } from "./support/browser";
import { desk } from "./support/desk";
import { VIEWS } from "./support/views";

const HOSTILE = `<img src=x onerror="document.title='taken'">`;

const at = desk();

beforeAll(async () => {
  await at.central.sendLater("vostochny");
  await at.ana.page.locator("[data-id^=dock-rail-tanker]").waitFor();
});

test("a_site_a_silence_and_a_note_take_the_names", async () => {
  const { page } = at.ana;
  const [site, alert] = await page.evaluate(async () => {
    const get = async (path: string) => (await fetch(`/api/v1${path}`)).json();
    const queue = await get("/alerts?rule=dock-rail-tanker&site=vostochny");
    return [await get("/sites/vostochny"), queue.alerts[0]];
  });
  await command(page, "PUT", "/sites/vostochny", { revision: 1, text: JSON.stringify({ ...site, name: HOSTILE }), note: HOSTILE });
  await command(page, "POST", "/silences", { site: "nampo", until: "2024-03-20T00:00:00Z", reason: HOSTILE });
  // Looks that are still on their way change the alert.
  const note = (revision: number) => command(page, "POST", `/alerts/${alert.id}/note`, { revision, note: HOSTILE });
  await vi.waitFor(async () => note(await page.evaluate(async (id) => (await (await fetch(`/api/v1/alerts/${id}`)).json()).revision, alert.id)), { timeout: PATIENCE_MS, interval: 500 });
  await at.central.stations.values().next().value?.say({ state: HOSTILE, software: HOSTILE, note: HOSTILE });
});

test.each(VIEWS)("$name: nothing_on_the_page_is_carried_out", async ({ path, shows }) => {
  const { page } = at.ana;
  await page.goto(path);
  await page.locator(shows).first().waitFor();
  await page.locator(".loading").first().waitFor({ state: "detached" });
  expect(await page.locator('img[src="x"]').count()).toBe(0);
  expect(await page.title()).not.toContain("taken");
});

test("the_name_is_read_as_it_was_written", async () => {
  const { page } = at.ana;
  await page.goto("/sites");
  await page.getByText(HOSTILE).first().waitFor();
  await page.goto("/silences");
  await page.getByText(HOSTILE).first().waitFor();
});

test("no_page_had_an_error_or_asked_anybody_but_central", () => {
  expect(at.ana.faults).toEqual([]);
});
