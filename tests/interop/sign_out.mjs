// Signs a person in at a gateway's portal through oidc-provider.mjs, in a real browser, and out again: first at
// the provider, which tells the gateway by itself, and then in the portal, which leads to the provider and back.
//
//   node tests/interop/sign_out.mjs --gateway URL --issuer URL --connection ID --login NAME
//
// Prints one line of JSON: {toldBy: path of the roles after the first, signedOut: {path, text} after the second}.

import { parseArgs } from "node:util";

import { startBrowser } from "../browser/browser.mjs";
import { signIn } from "./sign_in.mjs";

const { values } = parseArgs({
  options: {
    gateway: { type: "string" },
    issuer: { type: "string" },
    connection: { type: "string" },
    login: { type: "string" },
  },
});

/** The provider asks whether one means it. */
const CONFIRM = 'button[name="logout"][value="yes"]';

const { browser, context } = await startBrowser({ resolve: [] });
try {
  process.stdout.write(`${JSON.stringify(await run(await context.newPage()))}\n`);
} finally {
  await browser.close();
}

async function run(page) {
  await enter(page);
  await page.goto(`${values.issuer}/session/end`);
  await confirm(page);
  await page.goto(`${values.gateway}/roles`);
  const toldBy = new URL(page.url()).pathname;

  await enter(page);
  await page.click("details.menu summary");
  await page.click("details.menu form[action='/sign-out'] button");
  await page.waitForURL(`${values.issuer}/session/end**`);
  await confirm(page);
  await page.waitForURL(`${values.gateway}/signed-out**`);
  const text = await page.locator("body").innerText();
  return { toldBy, signedOut: { path: new URL(page.url()).pathname, text } };
}

async function enter(page) {
  await signIn(page, {
    start: `${values.gateway}/`,
    click: `button[name="connection"][value="${values.connection}"]`,
    login: values.login,
    returnTo: values.gateway,
  });
  await page.waitForURL(`${values.gateway}/roles`);
}

async function confirm(page) {
  await Promise.all([page.waitForEvent("domcontentloaded"), page.click(CONFIRM)]);
}
