// Starts Chromium for a test that needs several registrable domains over TLS on one machine.
//
// Host names are mapped inside the browser, so no resolver or hosts file is touched. Certificates
// are checked, but a chain that has a pinned key in it is taken as it is, whatever its names and
// dates: a test of those needs an HTTP client that is given the authority instead.

import { createHash, X509Certificate } from "node:crypto";

import { chromiumPath, load } from "../tools/modules.mjs";

const QUIET = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-gpu",
  "--disable-quic",
  "--disable-sync",
  "--no-first-run",
  // The machines that run tests often are containers without user namespaces. Only pages of the
  // test itself are opened.
  "--no-sandbox",
];

/**
 * Starts a headless browser with one fresh profile.
 *
 * @param {object} options
 * @param {string[]} options.resolve  rules such as "MAP *.idp.example 127.0.0.1" or
 *   "MAP gateway.example:443 127.0.0.1:8443"; every name they leave out does not resolve
 * @param {string[]} [options.pins]   `publicKeyPin` of a certificate that may end a chain
 * @param {object} [options.context]  passed to playwright's `newContext`
 * @param {string[]} [options.withoutFlags]  flags of playwright's own that are left out
 * @returns {Promise<{browser: object, context: object}>} close `browser` to end both
 */
export async function startBrowser({ resolve, pins = [], context = {}, withoutFlags = [] }) {
  const { chromium } = await playwright();
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: [...QUIET, ...resolverArguments(resolve), ...pinArguments(pins)],
    ignoreDefaultArgs: withoutFlags,
  });
  try {
    return { browser, context: await browser.newContext(context) };
  } catch (error) {
    await browser.close();
    throw error;
  }
}

/** The base64 SHA-256 of the certificate's SubjectPublicKeyInfo, as Chromium's pins want it. */
export function publicKeyPin(certificatePem) {
  const key = new X509Certificate(certificatePem).publicKey;
  return createHash("sha256").update(key.export({ type: "spki", format: "der" })).digest("base64");
}

async function playwright() {
  const module = await load("playwright-core");
  return module.default ?? module;
}

function resolverArguments(rules) {
  // The rule for everything comes last: the first that matches wins.
  const all = [...rules, "EXCLUDE 127.0.0.1", "EXCLUDE localhost", "MAP * ~NOTFOUND"];
  return [`--host-resolver-rules=${all.join(", ")}`];
}

function pinArguments(pins) {
  return pins.length === 0 ? [] : [`--ignore-certificate-errors-spki-list=${pins.join(",")}`];
}
