// `rolegate demo` as a person meets it: plain http on 127.0.0.1, no names, nothing to install.
// `tests/browser_sign_in.rs` starts it and runs this.

import assert from "node:assert/strict";
import { test } from "node:test";

import { commandLine } from "./aws.mjs";
import { startBrowser } from "./browser.mjs";
import { look } from "./look.mjs";
import { goToProvider, readKeys, signIn, takeRole, untilMetadataIsKnown } from "./portal.mjs";
import { watch } from "./watch.mjs";

const { gateway, aws, artifacts } = JSON.parse(process.env.ROLEGATE_TEST_HOUSE);
const LONGEST = { timeout: 180_000 };
const ANALYST = "arn:aws:iam::571203948816:role/data/Analyst";
const LUKAS = "arn:aws:sts::571203948816:assumed-role/Analyst/lukas.brandt@meridale.example";

for (const connection of ["workforce", "workforce-saml"]) {
  test(`a person signs in at the demo by ${connection} and uses the keys as the page gives them`, LONGEST, async () => {
    await signInAndUse(connection);
  });
}

/** What each button that breaks something ends on. */
const BROKEN = [
  ["expired", /came too late\..*It was good until [0-9:]+ UTC and reached us at [0-9:]+ UTC/s],
  ["fast-clock", /clock of your identity provider is ahead of ours/],
  ["other-audience", /made for another application/],
  ["forged", /not signed with a key that is known here|does not say once, and in one place, who you are/],
  ["replayed", /belongs to another sign-in/],
  ["renamed-groups", /no role is yours yet/],
  ["too-many-groups", /left out your groups/],
  // Last: the provider's pages offer to publish the key from then on.
  ["unpublished-key", /not signed with a key that is known here/],
];

test("every button that breaks something ends on a page that helps", LONGEST, async () => {
  const { browser } = await startBrowser({ resolve: [] });
  try {
    for (const [fault, sentence] of BROKEN) {
      await press(browser, { connection: "workforce", fault, sentence });
    }
    const page = await browser.newPage();
    await goToProvider(page, gateway, "workforce");
    await page.getByRole("button", { name: "Publish the key" }).waitFor();
    assert.deepEqual(await look(page, "demo-publish", artifacts), []);
  } finally {
    await browser.close();
  }
});

test("the same by SAML, by keyboard and without script", LONGEST, async () => {
  const { browser } = await startBrowser({ resolve: [] });
  try {
    await untilMetadataIsKnown(await browser.newPage(), gateway, "workforce-saml");
    for (const [fault, sentence] of BROKEN) {
      const options = { javaScriptEnabled: false };
      await press(browser, { connection: "workforce-saml", fault, sentence, options });
    }
  } finally {
    await browser.close();
  }
});

async function press(browser, { connection, fault, sentence, options = {} }) {
  const isScripted = options.javaScriptEnabled !== false;
  const context = await browser.newContext(options);
  try {
    const complaints = await watch(context);
    const page = await context.newPage();
    await goToProvider(page, gateway, connection);
    if (isScripted && fault === "expired") {
      assert.deepEqual(await look(page, "demo-break", artifacts), []);
    }
    await page.focus(`button[name=break][value=${fault}]`);
    await page.keyboard.press("Enter");
    if (!isScripted) await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL((url) => url.origin === gateway);
    await page.waitForLoadState();
    assert.match(await page.locator("main").innerText(), sentence, fault);
    if (isScripted) assert.deepEqual(await look(page, `broken-${fault}`, artifacts), []);
    // Whether the first page keeps still is for sign_in.mjs to watch, where it is looked at.
    const isOfFirst = (complaint) => complaint.startsWith(`${gateway}/: the page moved`);
    assert.deepEqual(complaints.filter((complaint) => !isOfFirst(complaint)), []);
  } finally {
    await context.close();
  }
}

async function signInAndUse(connection) {
  const { browser, context } = await startBrowser({ resolve: [] });
  try {
    const page = await context.newPage();
    await untilMetadataIsKnown(page, gateway, "workforce-saml");
    await context.clearCookies();
    const complaints = await watch(context);
    await signIn(page, gateway, { connection, person: "lukas" });
    // A loopback address counts as trustworthy, so that the browser keeps Secure cookies there.
    const kept = await context.cookies(gateway);
    assert.deepEqual(kept.map(({ name }) => name).sort(), ["__Host-rolegate-browser", "__Host-rolegate-connection", "__Host-rolegate-session"]);
    assert.ok(kept.every(({ secure }) => secure));
    await takeRole(page, ANALYST);
    assert.equal((await use(await readKeys(page))).Arn, LUKAS);
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
