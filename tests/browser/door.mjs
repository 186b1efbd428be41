// What people meet in Chromium before they are in: the question for an address, a link's sign-in, and pages that
// say what went wrong. `tests/portal_home.rs` starts the nodes and runs this.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "./browser.mjs";
import { look } from "./look.mjs";
import { startFront } from "./plain.mjs";
import { watch } from "./watch.mjs";

const told = JSON.parse(process.env.ROLEGATE_TEST_DOOR);
const LONGEST = { timeout: 180_000 };

let browser;

before(async () => {
  ({ browser } = await startBrowser({ resolve: [] }));
});

after(() => browser?.close());

/** Runs `use` with a page, and with the address of this node as this cookie's browser sees it. */
async function withPage({ node, cookie, ...options }, use) {
  const front = await startFront(node, cookie);
  const context = await browser.newContext(options);
  context.setDefaultTimeout(60_000);
  try {
    const complaints = await watch(context);
    await use(await context.newPage(), front.url);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
    front.stop();
  }
}

const text = (page, selector = "main") => page.locator(selector).innerText();
const assertLooksGood = async (page, name) => assert.deepEqual(await look(page, name, told.artifacts), []);

test("an address is asked for first, and the way that was used last is beside it", LONGEST, async () => {
  const cookie = "__Host-rolegate-connection=other-2";
  await withPage({ node: told.many, cookie }, async (page, url) => {
    await page.goto(url);
    assert.equal(await page.evaluate(() => document.activeElement.id), "email");
    assert.match(await text(page, ".choices >> nth=0"), /Other 2\s+Used last in this browser/);
    await assertLooksGood(page, "sign-in-address");
    await page.fill("#email", "ines@nowhere.example");
    await page.press("#email", "Enter");
    await page.waitForSelector("[role=alert]");
    assert.match(await text(page, "[role=alert]"), /nowhere\.example/);
    await assertLooksGood(page, "sign-in-unknown-domain");
  });
});

test("a sign-in says where a link leads", LONGEST, async () => {
  await withPage({ node: told.many }, async (page, url) => {
    await page.goto(`${url}/go?account=payments-prod&role=ReadOnly`);
    const said = (await text(page)).replace(/[\u2068\u2069]/g, "");
    assert.match(said, /You go on to payments-prod \/ ReadOnly after signing in/);
    await assertLooksGood(page, "sign-in-on-to-role");
  });
});

test("a form of another session is refused by a page that helps", LONGEST, async () => {
  await withPage({ node: told.few, cookie: told.cookie }, async (page, url) => {
    await page.goto(`${url}/roles`);
    await page.evaluate(() => {
      for (const field of document.querySelectorAll("[name=csrf]")) field.value = "another";
    });
    await page.click("details.menu summary");
    await page.click("details.menu form[action='/sign-out'] button");
    await page.waitForSelector(".status-code");
    assert.match(await text(page), /403\s+This form was not accepted/);
    assert.match(await text(page, "#request-id"), /^[0-9a-f-]{36}$/);
    assert.match(await page.getAttribute("a[href^='mailto:']", "href"), /^mailto:access@meridale\.example\?subject=/);
    await assertLooksGood(page, "forbidden");
    await page.click(".btn-primary");
    assert.equal(new URL(page.url()).pathname, "/roles");
  });
});

test("who asks too often is told to wait, and tries again by one press", LONGEST, async () => {
  await withPage({ node: told.strict }, async (page, url) => {
    await page.goto(url);
    await page.fill("#email", "ines@nowhere.example");
    // The bucket holds one, and the node's clock, by which it gains another, stands still.
    const body = new URLSearchParams({ email: "ines@nowhere.example" });
    await fetch(`${url}/sign-in`, { method: "POST", headers: { origin: url }, body });
    await page.press("#email", "Enter");
    await page.waitForSelector(".status-code");
    assert.match(await text(page), /429\s+Too many requests/);
    await assertLooksGood(page, "throttled");
    await page.click(".btn-primary");
    assert.equal(await text(page, "h1"), "Sign in");
  });
});

test("a node without its store says that it can't answer now, and that nothing is wrong with who asks", LONGEST, async () => {
  await withPage({ node: told.down }, async (page, url) => {
    const answer = await page.goto(url);
    assert.equal(answer.status(), 503);
    assert.match(await text(page), /503\s+Paused for a moment\s+.+Nothing was changed/);
    assert.match(await text(page, "#request-id"), /^[0-9a-f-]{36}$/);
    assert.match(await text(page, ".btn-primary"), /Try again/);
    await assertLooksGood(page, "unavailable");
  });
});

test("what went wrong fits on a phone of 320 px, id and all", LONGEST, async () => {
  const viewport = { width: 320, height: 640 };
  await withPage({ node: told.few, viewport }, async (page, url) => {
    await page.goto(`${url}/no-such-page`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${wide} px wider than its window`);
    await page.setViewportSize({ width: 390, height: 640 });
    const lines = await page.evaluate(() => document.querySelector("#request-id").getClientRects().length);
    assert.equal(lines, 1, "the id is in one line");
  });
});
