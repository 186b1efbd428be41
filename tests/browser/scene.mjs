// What the scripts share that `tests/browser_sign_in.rs` runs: the gateway and the provider that it
// started, and one browser for all tests of a script.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before } from "node:test";

import { commandLine, startProxy } from "./aws.mjs";
import { publicKeyPin, startBrowser } from "./browser.mjs";
import { look } from "./look.mjs";
import { watch } from "./watch.mjs";

export const house = JSON.parse(process.env.ROLEGATE_TEST_HOUSE);
export const { gateway, provider } = house;
export const gatewayHost = new URL(gateway).hostname;
export const SESSION_COOKIE = "__Host-rolegate-session";
/** Names the session of a browser and opens nothing. */
export const BROWSER_COOKIE = "__Host-rolegate-browser";
/** Says which way to sign in this browser took last. */
export const CONNECTION_COOKIE = "__Host-rolegate-connection";
export const LONGEST = { timeout: 180_000 };
const PATIENCE_MS = 30_000;

let browser;

before(async () => {
  const resolve = [
    `MAP ${gatewayHost}:443 127.0.0.1:${house.gatewayPort}`,
    `MAP ${new URL(provider).hostname} 127.0.0.1`,
  ];
  const pins = [publicKeyPin(readFileSync(house.authority))];
  // People's browsers keep whole pages for their Back button; playwright's default is not to.
  const withoutFlags = ["--disable-back-forward-cache"];
  ({ browser } = await startBrowser({ resolve, pins, withoutFlags }));
});

after(() => browser?.close());

/** Runs `use` with a page of a fresh profile; no page on its way may have violated its policy. */
export async function withPage(use, options = {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  try {
    const complaints = await watch(context);
    await use(await context.newPage(), complaints);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
  }
}

export async function assertLooksGood(page, name) {
  assert.deepEqual(await look(page, name, house.artifacts), []);
}

export const text = (page, selector = "body") => page.locator(selector).innerText();

/** Runs `use` with the AWS command line, which reaches the gateway by its name. */
export async function withCommandLine(use) {
  const proxy = await startProxy({ [`${gatewayHost}:443`]: house.gatewayPort });
  const environment = { HTTPS_PROXY: proxy.url, AWS_CA_BUNDLE: house.authority };
  const lines = commandLine({ aws: house.aws, environment });
  try {
    return await use(lines);
  } finally {
    lines.remove();
    proxy.stop();
  }
}
