// The work of a shift, against the real central fed by a scripted station: an alert arrives, is understood, worked, handed on, exported.

import { readFile } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { PATIENCE_MS, type Person, launch, person, setUp, signIn } from "./support/browser";
import { Central, PASSWORD } from "./support/central";
import { chips } from "./support/chip";

const SITE = "vostochny";
const HEADLINE = "[data-id^=dock-rail-tanker]";
/** Text that a page which took names for markup would carry out. */
const HOSTILE = `<img src=x onerror="document.title='taken'">`;

let central: Central;
let browser: Browser;
let ana: Person;
let ben: Person;

beforeAll(async () => {
  browser = await launch();
  central = await Central.start();
  ana = await person(browser, central.url);
  ben = await person(browser, central.url, "light");
});

// Each story goes on where the one before ended: after one that failed, the rest would only wait.
let hasFailed = false;
beforeEach((story) => {
  story.skip(hasFailed, "a story before this one failed");
});
afterEach(({ task }) => {
  hasFailed ||= task.result?.state === "fail";
});

afterAll(async () => {
  await browser?.close();
  await central?.remove();
});

test("the_first_admin_comes_in_by_the_link_of_the_log", async () => {
  await setUp(ana.page, await central.setupLink(), "Ana", PASSWORD);
  await ana.page.locator("[data-line=live]").waitFor();
});

test("an_admin_makes_an_analyst_who_chooses_a_password_of_their_own", async () => {
  const { page } = ana;
  await page.getByRole("link", { name: "Accounts" }).click();
  await page.getByRole("button", { name: "New person" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("Ben");
  await dialog.getByLabel("First password").fill("first password of ben");
  await dialog.getByRole("button", { name: "Add" }).click();
  await page.getByRole("cell", { name: "Ben" }).waitFor();

  await ben.page.goto("/alerts");
  await ben.page.getByLabel("Name", { exact: true }).fill("Ben");
  await ben.page.getByLabel("Password", { exact: true }).fill("first password of ben");
  await ben.page.getByRole("button", { name: "Sign in" }).click();
  await ben.page.getByLabel("Current password").fill("first password of ben");
  await ben.page.getByLabel(/^New password at least/).fill(PASSWORD);
  await ben.page.getByLabel("The same again").fill(PASSWORD);
  await ben.page.getByRole("button", { name: "Set it" }).click();
  await ben.page.getByRole("navigation", { name: "Views" }).waitFor();
  expect(await ben.page.getByRole("link", { name: "Accounts" }).count()).toBe(0);
});

test("an_alert_arrives_live_at_both_desks", async () => {
  await ana.page.goto("/alerts");
  await ben.page.goto("/alerts");
  await Promise.all([ana.page.locator("[data-line=live]").waitFor(), ben.page.locator("[data-line=live]").waitFor()]);
  expect(await ana.page.locator(HEADLINE).count()).toBe(0);
  const sent = await central.sendLater(SITE, await chips(browser));
  expect(sent).toBeGreaterThan(3);
  await Promise.all([ana.page.locator(HEADLINE).waitFor(), ben.page.locator(HEADLINE).waitFor()]);
  expect(await ana.page.locator(HEADLINE).getAttribute("class")).toContain("unread");
});

test("it_says_what_when_where_and_how_sure", async () => {
  const { page } = ana;
  await page.locator(HEADLINE).click();
  const alert = page.getByRole("article");
  await alert.getByText(/dock, rail, tanker/).first().waitFor();
  await alert.getByRole("group", { name: /Timeline from/ }).waitFor();
  for (const lane of ["dock", "rail", "tanker"]) expect(await alert.locator(`.lane.${lane}`).count()).toBe(1);
  expect(await alert.locator(".lane.tanker .stay").count()).toBeGreaterThan(0);
  for (const lane of ["rail", "apron"]) expect(await alert.locator(`.lane.${lane} .level`).count(), lane).toBeGreaterThan(0);
  expect(await alert.locator(".meets rect").count()).toBe(1);
  expect(await alert.locator(".drawing .zone").count()).toBeGreaterThan(5);
  expect(await alert.locator(".drawing .hull").count()).toBeGreaterThan(0);
  await alert.locator(".vessel img").first().waitFor();
  const isPicture = await alert.locator(".vessel img").first().evaluate(async (image: HTMLImageElement) => {
    await image.decode();
    return image.naturalWidth > 0;
  });
  expect(isPicture).toBe(true);
  await alert.locator(".steps li.meet").waitFor();
  await alert.getByText("expected false alerts, a year at this site").waitFor();
  await alert.getByText("Raw JSON").click();
  expect(await alert.locator("pre").innerText()).toContain('"rule": "dock-rail-tanker"');
});

test("reading_it_marks_it_as_read_for_this_person_only", async () => {
  await ana.page.locator(`${HEADLINE}:not(.unread)`).waitFor();
  await ben.page.reload();
  await ben.page.locator(`${HEADLINE}.unread`).waitFor();
});

test("j_and_k_walk_the_queue", async () => {
  const { page } = ana;
  const chosen = () => page.locator("[aria-current=true][data-id]").getAttribute("data-id");
  const ids = await page.locator("[data-id]").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-id")));
  const at = ids.indexOf(await chosen());
  await page.keyboard.press("j");
  await page.locator(`[aria-current=true][data-id="${ids[at + 1]}"]`).waitFor();
  await page.keyboard.press("k");
  await page.locator(`[aria-current=true][data-id="${ids[at]}"]`).waitFor();
});

test("of_two_who_act_at_once_neither_loses_a_word", async () => {
  await ben.page.locator(HEADLINE).click();
  await ben.page.getByRole("button", { name: /^Escalate/ }).waitFor();
  await ben.page.keyboard.press("e");
  await ben.page.getByRole("dialog").getByLabel(/^Note/).fill(HOSTILE);

  await ana.page.keyboard.press("a");
  const mine = ana.page.getByRole("dialog");
  await mine.getByRole("button", { name: "4 h" }).click();
  await mine.getByLabel(/^Note/).fill("I look at it");
  await mine.getByRole("button", { name: "Acknowledge" }).click();
  await ana.page.locator("[data-state=acknowledged]").waitFor();

  const theirs = ben.page.getByRole("dialog");
  await theirs.getByRole("button", { name: "Escalate", exact: true }).click();
  await theirs.getByText("Somebody was faster").waitFor();
  expect(await theirs.getByRole("alert").innerText()).toContain("I look at it");
  expect(await theirs.getByLabel(/^Note/).inputValue()).toBe(HOSTILE);
  await theirs.getByRole("button", { name: "Escalate all the same" }).click();

  await ana.page.locator("[data-state=escalated]").waitFor();
  const history = ana.page.getByRole("region", { name: "What was done" });
  await history.getByText(HOSTILE).waitFor();
  await history.getByText("I look at it").waitFor();
  expect(await ana.page.title()).not.toContain("taken");
});

test("it_is_exported_in_every_format", async () => {
  const { page } = ana;
  const id = await page.locator("[aria-current=true][data-id]").getAttribute("data-id");
  const starts: Record<string, RegExp> = { cap: /<alert[\s>]/, stix: /"type":\s*"bundle"/, cot: /<event[\s>]/, geojson: /FeatureCollection/, kml: /<kml[\s>]/, csv: /,/ };
  for (const [format, start] of Object.entries(starts)) {
    await page.keyboard.press("x");
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator(`a[href$="/export/${format}"]`).click()]);
    expect(await readFile(await download.path(), "utf8"), format).toMatch(start);
  }
  const report = await page.context().request.get(`/api/v1/alerts/${id}/export/html`);
  expect(report.headers()["content-type"]).toContain("text/html");
  expect(await report.text()).toContain("Vostochny");
});

test("a_reload_comes_back_to_the_same_alert", async () => {
  const { page } = ana;
  const before = page.url();
  await page.reload();
  await page.locator("[data-state=escalated]").waitFor();
  expect(page.url()).toBe(before);
});

test("central_goes_away_and_comes_back_and_nothing_is_missed", async () => {
  await central.stop();
  await ana.page.locator(".offline").waitFor();
  await central.run();
  await Promise.all([ana, ben].map(({ page }) => page.locator("[data-line=live]").waitFor()));
  await ana.page.locator(".offline").waitFor({ state: "detached" });
  await ben.page.keyboard.press("n");
  const dialog = ben.page.getByRole("dialog");
  await dialog.getByLabel(/^Note/).fill("still here after the restart");
  await dialog.getByRole("button", { name: "Add a note" }).click();
  await ana.page.getByText("still here after the restart").waitFor();
});

test("it_is_closed_with_a_reason_and_leaves_the_queue", async () => {
  const { page } = ana;
  await page.keyboard.press("c");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/^Confirmed/).check();
  await dialog.getByLabel(/^Note/).fill("three tankers, a train, a cargo ship");
  await dialog.getByRole("button", { name: "Close", exact: true }).click();
  await page.locator("[data-state=closed]").waitFor();
  expect(await page.locator("[data-state=closed]").innerText()).toContain("confirmed");
  await page.getByRole("button", { name: /^Closed/ }).click();
  await page.locator(HEADLINE).waitFor();
});

test("a_silence_is_made_listed_and_ended", async () => {
  const { page } = ben;
  await page.keyboard.press("s");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Because").fill("known works at the pier");
  await dialog.getByRole("button", { name: "Silence", exact: true }).click();
  await dialog.waitFor({ state: "detached" });
  // What is silenced is neither listed nor counted.
  await page.goto("/alerts");
  await page.locator("[data-line=live]").waitFor();
  await vi.waitFor(async () => {
    const atWork = await page.getByRole("button", { name: /^At work/ }).innerText();
    expect(Number(/\d+/.exec(atWork)?.[0])).toBe(await page.locator("[data-id]").count());
  }, PATIENCE_MS);
  await page.getByRole("link", { name: "Silences" }).click();
  await page.getByText("known works at the pier").waitFor();
  await page.getByRole("button", { name: "End now" }).click();
  await page.getByText("Nothing is silenced").waitFor();
});

test("what_is_typed_the_moment_the_rules_appear_is_kept", async () => {
  const { page } = ana;
  await page.evaluate(() => {
    new MutationObserver((_, observer) => {
      const field = document.querySelector<HTMLTextAreaElement>("textarea.editor");
      if (!field) return;
      observer.disconnect();
      field.value = "typed at once";
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }).observe(document.body, { childList: true, subtree: true });
  });
  await page.getByRole("link", { name: "Rules" }).click();
  await page.getByRole("button", { name: "Preview" }).click();
  await page.locator(".faults").getByText(/line 1/).first().waitFor();
  expect(await page.getByLabel("Text of the rules").inputValue()).toBe("typed at once");
  await page.getByRole("link", { name: "Silences" }).click();
});

test("a_changed_rule_is_tried_on_history_before_it_is_saved", async () => {
  const { page } = ana;
  await page.getByRole("link", { name: "Rules" }).click();
  const text = page.getByLabel("Text of the rules");
  const before = await text.inputValue();
  await text.fill(before.replace("window_days = 7", "window_dais = 7"));
  await page.getByRole("button", { name: "Preview" }).click();
  await page.locator(".faults").getByText(/window_dais/).first().waitFor();
  await text.fill(before.replace("window_days = 7", "window_days = 5"));
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByRole("status", { name: "Preview" }).getByText(/In the last 90 days/).waitFor();
  await page.getByLabel("Why this change").fill("a shorter window");
  await page.getByRole("button", { name: /^Save/ }).click();
  await page.getByText(/Saved as revision/).waitFor();
});

test("what_was_done_stands_in_the_audit_log_and_its_chain_holds", async () => {
  const { page } = ana;
  await page.getByRole("link", { name: "Audit" }).click();
  await page.getByText("Ben").first().waitFor();
  await page.getByRole("button", { name: "Check the chain" }).click();
  await page.getByText(/entries are as they were written/).waitFor();
});

test("whoever_signs_out_sees_nothing_more", async () => {
  await ben.page.locator("#settings").click();
  await ben.page.getByRole("button", { name: "Sign out" }).click();
  await ben.page.getByRole("button", { name: "Sign in" }).waitFor();
  await signIn(ben.page, "Ben", PASSWORD);
});

test("no_page_had_an_error_or_asked_anybody_but_central", () => {
  expect(ana.faults).toEqual([]);
  expect(ben.faults).toEqual([]);
});
