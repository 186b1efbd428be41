// Signs a person in at a gateway's portal through the provider of oidc-provider.mjs or keycloak.mjs,
// in a real browser, and takes the keys of one role.
//
//   node tests/interop/portal.mjs --gateway URL --connection ID --login NAME
//     [--password TEXT] default: any password will do, as it does for oidc-provider.mjs
//     [--role ARN]      the role; without it the run ends on the page after the sign-in
//
// Prints one line of JSON: {path, text} of the last page, and {credentials} where a role is given.

import { parseArgs } from "node:util";

import { startBrowser } from "../browser/browser.mjs";
import { signIn } from "./sign_in.mjs";

const { values } = parseArgs({
  options: {
    gateway: { type: "string" },
    connection: { type: "string" },
    login: { type: "string" },
    password: { type: "string" },
    role: { type: "string" },
  },
});

const { browser, context } = await startBrowser({ resolve: [] });
try {
  process.stdout.write(`${JSON.stringify(await run(await context.newPage()))}\n`);
} finally {
  await browser.close();
}

async function run(page) {
  await signIn(page, {
    start: `${values.gateway}/`,
    click: `button[name="connection"][value="${values.connection}"]`,
    login: values.login,
    password: values.password,
    returnTo: values.gateway,
  });
  await page.waitForLoadState();
  const credentials = values.role ? await takeKeys(page, values.role) : undefined;
  const text = await page.locator("body").innerText();
  return { path: new URL(page.url()).pathname, text, credentials };
}

async function takeKeys(page, role) {
  const button = page.locator(`.role button[name="role"][value="${role}"]`);
  await Promise.all([page.waitForURL("**/credentials"), button.click()]);
  return JSON.parse(await page.locator("#text-json").evaluate((element) => element.textContent));
}
