// The console over TLS, as `http.tls_cert` and `http.tls_key` turn it on: everything works, and nothing goes in the clear.

import http from "node:http";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Person, launch, person, setUp } from "./support/browser";
import { Central, PASSWORD } from "./support/central";

let central: Central;
let browser: Browser;
let ana: Person;

beforeAll(async () => {
  browser = await launch();
  central = await Central.start({ tls: true });
  ana = await person(browser, central.url);
});

afterAll(async () => {
  await browser?.close();
  await central?.remove();
});

test("the_link_of_the_log_names_the_secure_address_and_leads_in", async () => {
  const link = await central.setupLink();
  expect(link).toMatch(/^https:/);
  await setUp(ana.page, link, "Ana", PASSWORD);
  await ana.page.locator("[data-line=live]").waitFor();
});

test("the_session_cookie_never_leaves_without_encryption", async () => {
  const cookies = await ana.context.cookies();
  const session = cookies.find((cookie) => cookie.name === "quaywatch_session");
  expect(session).toMatchObject({ secure: true, httpOnly: true, sameSite: "Strict" });
});

test("browsers_are_told_to_come_back_over_tls_only", async () => {
  const answer = await ana.context.request.get("/api/v1/health");
  expect(answer.headers()["strict-transport-security"]).toMatch(/^max-age=\d{7,}/);
});

test("an_alert_arrives_live_and_is_worked", async () => {
  const { page } = ana;
  await central.sendLater("vostochny");
  await page.locator("[data-id^=dock-rail-tanker]").click();
  await page.getByRole("button", { name: /^Escalate/ }).waitFor();
  await page.keyboard.press("e");
  await page.getByRole("dialog").getByRole("button", { name: "Escalate", exact: true }).click();
  await page.locator("[data-state=escalated]").waitFor();
});

test("a_request_in_the_clear_gets_no_answer", async () => {
  const status = await new Promise((done) => {
    const asked = http.get(`${central.url.replace("https:", "http:")}/api/v1/health`, (answer) => done(answer.statusCode));
    asked.on("error", () => done("refused"));
  });
  expect(status).toBe("refused");
});

test("no_page_had_an_error_or_asked_anybody_but_central", () => {
  expect(ana.faults).toEqual([]);
});
