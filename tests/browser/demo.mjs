// `rolegate demo` as a person meets it: plain http on 127.0.0.1, no names, nothing to install.
// `tests/browser_sign_in.rs` starts it and runs this.

import assert from "node:assert/strict";
import { test } from "node:test";

import { commandLine } from "./aws.mjs";
import { startBrowser } from "./browser.mjs";
import { readKeys, signIn, takeRole, untilMetadataIsKnown } from "./portal.mjs";
import { watch } from "./watch.mjs";

const { gateway, aws } = JSON.parse(process.env.ROLEGATE_TEST_HOUSE);
const LONGEST = { timeout: 180_000 };
const DEVELOPER = "arn:aws:iam::629114864828:role/engineering/Developer";
const TOMAS = "arn:aws:sts::629114864828:assumed-role/Developer/tomas.varga@meridale.example";

for (const connection of ["workforce", "workforce-saml"]) {
  test(`a person signs in at the demo by ${connection} and uses the keys as the page gives them`, LONGEST, async () => {
    await signInAndUse(connection);
  });
}

async function signInAndUse(connection) {
  const { browser, context } = await startBrowser({ resolve: [] });
  try {
    const page = await context.newPage();
    await untilMetadataIsKnown(page, gateway, "workforce-saml");
    await context.clearCookies();
    const complaints = await watch(context);
    await signIn(page, gateway, { connection, person: "tomas" });
    // A loopback address counts as trustworthy, so that the browser keeps Secure cookies there.
    const kept = await context.cookies(gateway);
    assert.deepEqual(kept.map(({ name }) => name).sort(), ["__Host-rolegate-browser", "__Host-rolegate-session"]);
    assert.ok(kept.every(({ secure }) => secure));
    await takeRole(page, DEVELOPER);
    assert.equal((await use(await readKeys(page))).Arn, TOMAS);
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
}

async function use(keys) {
  const lines = commandLine({ aws });
  try {
    return await lines.whoWithShell(keys.bash);
  } finally {
    lines.remove();
  }
}
