// Every page in both themes: axe finds nothing serious, nothing is asked of anybody but central, nothing breaks the security policy. With
// QUAYWATCH_SCREENSHOTS set to a folder, pictures of them are written there.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Person, command, launch, person, setUp, signIn } from "./support/browser";
import { Central, PASSWORD } from "./support/central";
import { chips } from "./support/chip";
import { VIEWS } from "./support/views";

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const folder = process.env.QUAYWATCH_SCREENSHOTS;
let central: Central;
let browser: Browser;
const people = {} as Record<"dark" | "light", Person>;

beforeAll(async () => {
  browser = await launch();
  central = await Central.start({ sinks: true });
  people.dark = await person(browser, central.url, "dark");
  people.light = await person(browser, central.url, "light");
  await setUp(people.dark.page, await central.setupLink(), "Ana", PASSWORD);
  await signIn(people.light.page, "Ana", PASSWORD);
  await central.sendLater("vostochny", await chips(browser));
  await people.dark.page.locator("[data-id^=dock-rail-tanker]").waitFor();
  await fill(people.dark.page);
});

afterAll(async () => {
  await browser?.close();
  await central?.remove();
});

/** What a site in use has: people, a program, a silence, a station that waits. */
async function fill(page: Page): Promise<void> {
  for (const [name, role] of [["Ben", "analyst"], ["Chiara", "analyst"], ["Wall screen", "viewer"]]) await command(page, "POST", "/users", { name, role, password: PASSWORD });
  await command(page, "POST", "/tokens", { name: "situation board", role: "viewer", expires_days: 90 });
  await command(page, "POST", "/silences", { site: "nampo", until: "2024-03-20T00:00:00Z", reason: "Dredging at the river mouth until the 20th" });
  await command(page, "POST", "/silences", { rule: "slowdown", until: "2024-03-15T00:00:00Z", reason: "Ice in the strait: slowdowns are expected" });
}

async function serious(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(axePath, "utf8"));
  const found = await page.evaluate(async () => {
    const axe = (window as unknown as { axe: { run: (where: Document, how: object) => Promise<{ violations: { id: string; impact: string; nodes: { html: string; failureSummary?: string }[] }[] }> } }).axe;
    return (await axe.run(document, { resultTypes: ["violations"] })).violations;
  });
  return found
    .filter((each) => each.impact === "serious" || each.impact === "critical")
    .map((each) => `${each.id}: ${each.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 140)} ${node.failureSummary ?? ""}`).join(" | ")}`);
}

async function picture(page: Page, name: string): Promise<void> {
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`) });
}

describe.each(["dark", "light"] as const)("in_the_%s_theme", (theme) => {
  test.each(VIEWS)("$name: the_page_is_whole_and_axe_finds_nothing_serious", async ({ name, path, shows, settleMs }) => {
    const { page } = people[theme];
    await page.goto(path);
    await page.locator(shows).first().waitFor();
    await page.locator(".loading").first().waitFor({ state: "detached" });
    if (settleMs && folder) await page.waitForTimeout(settleMs);
    await picture(page, `${name}-${theme}`);
    expect(await serious(page)).toEqual([]);
  });

  test("the_dialogs_menus_and_help_too", async () => {
    const { page } = people[theme];
    await page.goto("/alerts");
    await page.locator(".lanes svg").waitFor();
    for (const [key, name] of [["a", "acknowledge"], ["c", "close"], ["s", "silence"], ["?", "help"]] as const) {
      await page.keyboard.press(key);
      await page.getByRole("dialog").waitFor();
      await picture(page, `dialog-${name}-${theme}`);
      expect(await serious(page), name).toEqual([]);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
    await page.keyboard.press("x");
    await picture(page, `export-${theme}`);
    expect(await serious(page), "export").toEqual([]);
  });

  test("and_the_sign_in", async () => {
    const stranger = await person(browser, central.url, theme);
    await stranger.page.goto("/alerts");
    await stranger.page.getByRole("button", { name: "Sign in" }).waitFor();
    await picture(stranger.page, `login-${theme}`);
    expect(await serious(stranger.page)).toEqual([]);
    expect(stranger.faults).toEqual([]);
    await stranger.context.close();
  });

  test("nothing_went_wrong_on_the_way", () => {
    expect(people[theme].faults).toEqual([]);
  });
});

test("on_a_wall_screen_and_on_a_phone_nothing_runs_out_of_the_page", async () => {
  const { page } = people.dark;
  for (const [name, size] of [["wall", { width: 2560, height: 1440 }], ["narrow", { width: 420, height: 800 }]] as const) {
    await page.setViewportSize(size);
    await page.goto("/alerts");
    await page.locator("[data-id]").first().waitFor();
    if (name === "wall") await page.locator(".lanes svg").waitFor();
    await picture(page, `alerts-${name}`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(over, name).toBeLessThanOrEqual(0);
  }
});
