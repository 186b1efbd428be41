// Signs a person in at the identity provider of oidc-provider.mjs or keycloak.mjs, in a real browser.
//
//   node tests/interop/sign_in.mjs --start URL --login NAME --return-to ORIGIN
//     [--click SELECTOR]   pressed on the start page, for example the provider's button
//     [--password TEXT]    default: any password will do, as it does for oidc-provider.mjs
//     [--resolve RULE]...  [--pin SPKI]...   see tests/browser/browser.mjs
//
// Prints one line of JSON, {url, title, text}, of the page that the person comes back to.

import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";

import { startBrowser } from "../browser/browser.mjs";

const STEP_MILLISECONDS = 15_000;
/** Login, consent and the way back, with room for a page that asks again. */
const MOST_PAGES = 5;

/** oidc-provider's field, and Keycloak's. */
const LOGIN_FIELD = 'input[name="login"], input[name="username"]';
/** Keycloak asks for none. */
const CONSENT_FORM = 'form:has(input[name="prompt"][value="consent"])';
const ANY_PASSWORD = "any password will do";

/**
 * Goes to `start` and through the provider's login and consent pages, until a page of the origin
 * `returnTo` is there.
 *
 * @param {object} page  a playwright page
 * @param {{start: string, click?: string, login: string, password?: string, returnTo: string}} journey
 * @throws {Error} naming the page it got stuck on
 */
export async function signIn(page, { start, click, login, password = ANY_PASSWORD, returnTo }) {
  page.setDefaultTimeout(STEP_MILLISECONDS);
  const { origin } = new URL(returnTo);
  await page.goto(start);
  if (click) {
    await leave(page, () => page.click(click));
  }
  if (page.url() === new URL(start).href) {
    throw new Error(`the start page did not lead to the provider: ${await describe(page)}`);
  }
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    await arrive(page, origin);
    if (new URL(page.url()).origin === origin) {
      return;
    }
    await answer(page, login, password);
  }
  throw new Error(`sign-in did not come back to ${returnTo}: still at ${await describe(page)}`);
}

/** Waits for a page to act on; one that only posts itself on (form_post) is passed by. */
async function arrive(page, origin) {
  const goals = { origin, forms: `${LOGIN_FIELD}, ${CONSENT_FORM}` };
  try {
    await page.waitForFunction(
      (wanted) => location.origin === wanted.origin || document.querySelector(wanted.forms),
      goals,
    );
  } catch (cause) {
    throw new Error(`neither a login nor a consent page: ${await describe(page)}`, { cause });
  }
}

async function answer(page, login, password) {
  if (await page.locator(LOGIN_FIELD).count()) {
    await page.fill(LOGIN_FIELD, login);
    await page.fill('input[name="password"]', password);
    await leave(page, () => page.press('input[name="password"]', "Enter"));
  } else {
    await leave(page, () => page.click(`${CONSENT_FORM} button[type="submit"]`));
  }
}

/** Does what leads to another page and waits for that page. */
async function leave(page, act) {
  await Promise.all([page.waitForEvent("domcontentloaded"), act()]);
}

async function describe(page) {
  const text = await page.locator("body").innerText();
  return `${page.url()}\n${text.slice(0, 500)}`;
}

async function main() {
  const { values } = parseArgs({
    options: {
      start: { type: "string" },
      login: { type: "string" },
      "return-to": { type: "string" },
      click: { type: "string" },
      password: { type: "string" },
      resolve: { type: "string", multiple: true, default: [] },
      pin: { type: "string", multiple: true, default: [] },
    },
  });
  const { start, login, password, click, resolve, pin } = values;
  const { browser, context } = await startBrowser({ resolve, pins: pin });
  try {
    const page = await context.newPage();
    await signIn(page, { start, click, login, password, returnTo: values["return-to"] });
    const text = await page.locator("body").innerText();
    const facts = { url: page.url(), title: await page.title(), text };
    process.stdout.write(`${JSON.stringify(facts)}\n`);
  } finally {
    await browser.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main();
}
