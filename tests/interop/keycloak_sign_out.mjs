// Signs a person in at a gateway's portal through a Keycloak by OpenID Connect, in a real browser, and out again:
// first at Keycloak, which tells the gateway by itself, and then in the portal, which leads to Keycloak and back.
//
//   node tests/interop/keycloak_sign_out.mjs --gateway URL --issuer URL --connection ID --login NAME --password TEXT
//
// Prints one line of JSON: {keys: whether a role's keys were taken, toldBy: path of the roles after the first,
// signedOut: {path, text} after the second, asksAgain: whether Keycloak then asks who somebody is}.

import { parseArgs } from "node:util";

import { startBrowser } from "../browser/browser.mjs";
import { signIn } from "./sign_in.mjs";

const { values } = parseArgs({
  options: {
    gateway: { type: "string" },
    issuer: { type: "string" },
    connection: { type: "string" },
    login: { type: "string" },
    password: { type: "string" },
  },
});

const WAY_IN = `button[name="connection"][value="${values.connection}"]`;
const LOGOUT = `${values.issuer}/protocol/openid-connect/logout`;

const { browser, context } = await startBrowser({ resolve: [] });
try {
  process.stdout.write(`${JSON.stringify(await run(await context.newPage()))}\n`);
} finally {
  await browser.close();
}

async function run(page) {
  await enter(page);
  await Promise.all([page.waitForURL("**/credentials"), page.locator(".role-link").first().click()]);
  const keys = JSON.parse(await page.locator("#text-json").textContent());
  await page.goto(LOGOUT);
  await Promise.all([page.waitForEvent("domcontentloaded"), page.click("#kc-logout")]);
  await page.goto(`${values.gateway}/roles`);
  const toldBy = new URL(page.url()).pathname;

  await enter(page);
  await page.click("details.menu summary");
  await page.click("details.menu form[action='/sign-out'] button");
  await page.waitForURL(`${values.gateway}/signed-out**`);
  const text = await page.locator("body").innerText();
  const signedOut = { path: new URL(page.url()).pathname, text };
  await page.goto(values.gateway);
  await page.click(WAY_IN);
  await page.waitForSelector('input[name="username"]');
  return { keys, toldBy, signedOut, asksAgain: page.url().startsWith(values.issuer) };
}

async function enter(page) {
  await signIn(page, {
    start: `${values.gateway}/`,
    click: WAY_IN,
    login: values.login,
    password: values.password,
    returnTo: values.gateway,
  });
  await page.waitForURL(`${values.gateway}/roles`);
}
