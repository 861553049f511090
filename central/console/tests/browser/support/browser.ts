// Debian's Chromium, headless, with WebGL in software. Each person has a context of their own: cookies, storage, theme.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, type BrowserContext, type Page, chromium } from "playwright-core";

const CHROMIUM = process.env.QUAYWATCH_CHROMIUM ?? "/usr/bin/chromium";
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
];
/** What every laptop on a shift has at least. */
export const VIEWPORT = { width: 1366, height: 768 };
/** Two cores are shared with whatever else runs: a page that takes this long has failed. */
export const PATIENCE_MS = 40_000;

export function launch(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) throw new Error(`no Chromium at ${CHROMIUM}: install Debian's package chromium (deploy/setup does), or name one in QUAYWATCH_CHROMIUM`);
  return chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS, headless: true });
}

export interface Person {
  context: BrowserContext;
  page: Page;
  /** What went wrong on the page: errors, policy violations, requests to anybody but central. */
  faults: string[];
}

export async function person(browser: Browser, url: string, theme: "dark" | "light" = "dark"): Promise<Person> {
  // Over TLS the certificate is central's own: tests/browser/tls.test.ts.
  const context = await browser.newContext({ baseURL: url, viewport: VIEWPORT, colorScheme: theme, acceptDownloads: true, reducedMotion: "reduce", ignoreHTTPSErrors: true });
  context.setDefaultTimeout(PATIENCE_MS);
  if (process.env.QUAYWATCH_CONSOLE_DIST) await freshConsole(context, process.env.QUAYWATCH_CONSOLE_DIST);
  const page = await context.newPage();
  const faults: string[] = [];
  watch(page, url, faults);
  return { context, page, faults };
}

/** The console from a folder instead of central's own: while one works on it, central need not be built for every change. */
async function freshConsole(context: BrowserContext, dist: string): Promise<void> {
  const isConsole = (url: URL) => !url.pathname.startsWith("/api/");
  await context.route(isConsole, async (route) => {
    const name = new URL(route.request().url()).pathname;
    const index = await route.fetch({ url: new URL("/", route.request().url()).href });
    const body = await readFile(join(dist, name.includes(".") ? name : "index.html"));
    const types: Record<string, string> = { html: "text/html", js: "text/javascript", mjs: "text/javascript", css: "text/css", json: "application/json", svg: "image/svg+xml" };
    const type = types[name.split(".")[1] ?? "html"] ?? "text/html";
    await route.fulfill({ body, headers: { "content-type": type, "content-security-policy": index.headers()["content-security-policy"] ?? "" } });
  });
}

function watch(page: Page, url: string, faults: string[]): void {
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // Chromium writes a line for every answer of 4xx and for every lost connection; both are the page's business and are looked at there.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) faults.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== new URL(url).origin) faults.push(`outside request: ${request.url()}`);
  });
}

export async function signIn(page: Page, name: string, password: string): Promise<void> {
  await page.goto("/alerts");
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Views" }).waitFor();
}

/** Makes the first admin by the link of central's log, as a person would. */
export async function setUp(page: Page, link: string, name: string, password: string): Promise<void> {
  await page.goto(link);
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel(/^New password at least/).fill(password);
  await page.getByLabel("The same again").fill(password);
  await page.getByRole("button", { name: "Begin" }).click();
  await page.getByRole("navigation", { name: "Views" }).waitFor();
}

/** A command as the page itself sends it. */
export const command = (page: Page, method: string, path: string, body: unknown) =>
  page.evaluate(
    async ({ method, path, body }) => {
      const { csrf } = await (await fetch("/api/v1/session")).json();
      const answer = await fetch(`/api/v1${path}`, { method, headers: { "content-type": "application/json", "x-csrf-token": csrf }, body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    },
    { method, path, body },
  );
