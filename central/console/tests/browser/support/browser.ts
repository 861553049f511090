// Debian's Chromium, headless, with WebGL in software. Each person has a context of their own: cookies, storage, theme.

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
export const PATIENCE_MS = 20_000;

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS, headless: true });

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
  const page = await context.newPage();
  const faults: string[] = [];
  watch(page, url, faults);
  return { context, page, faults };
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
