// Where most tests begin: a central of their own, a browser, and Ana, the first admin, signed in.

import type { Browser } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { type Person, launch, person, setUp } from "./browser";
import { Central, PASSWORD } from "./central";

export interface Desk {
  browser: Browser;
  central: Central;
  ana: Person;
}

/** A desk for the tests of one file; it is filled before the first of them and cleared away after the last. */
export function desk(): Desk {
  const made = {} as Desk;
  beforeAll(async () => {
    made.browser = await launch();
    made.central = await Central.start();
    made.ana = await person(made.browser, made.central.url);
    await setUp(made.ana.page, await made.central.setupLink(), "Ana", PASSWORD);
  });
  afterAll(async () => {
    await made.browser?.close();
    await made.central?.remove();
  });
  return made;
}
