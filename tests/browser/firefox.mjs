// The main ways through the portal in Firefox, driven by WebDriver BiDi, between a gateway and a
// provider of different registrable domains over TLS. `tests/browser_sign_in.rs` starts both and runs
// this. Chromium has every way: what another engine could do differently is looked at here.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { firefoxPath, load } from "../tools/modules.mjs";
import { commandLine, startProxy } from "./aws.mjs";

const house = JSON.parse(process.env.ROLEGATE_TEST_HOUSE);
const { gateway, provider } = house;
const gatewayRoute = `${new URL(gateway).hostname}:443`;
const LONGEST = { timeout: 180_000 };
const PATIENCE_MS = 60_000;
const READ_ONLY = "arn:aws:iam::482011739056:role/engineering/ReadOnly";
const INES_IN_READ_ONLY =
  "arn:aws:sts::482011739056:assumed-role/ReadOnly/ines.okafor@meridale.example";

let browser;
let proxy;

before(async () => {
  const providerAt = new URL(provider);
  proxy = await startProxy({ [gatewayRoute]: house.gatewayPort, [providerAt.host]: Number(providerAt.port) });
  const { default: puppeteer } = await load("puppeteer-core");
  const proxyAt = new URL(proxy.url);
  browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: firefoxPath(),
    headless: true,
    // Firefox takes no pin of a key. Whether names and dates are right is looked at elsewhere.
    acceptInsecureCerts: true,
    extraPrefsFirefox: {
      "network.proxy.type": 1,
      "network.proxy.ssl": proxyAt.hostname,
      "network.proxy.ssl_port": Number(proxyAt.port),
      "network.proxy.no_proxies_on": "",
      "intl.accept_languages": "en-GB, en",
    },
  });
});

after(async () => {
  await browser?.close();
  proxy?.stop();
});

/** Runs `use` with a page of a profile of its own; no page on its way may have complained. */
async function withPage(use) {
  const context = await browser.createBrowserContext();
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(`${page.url()}: ${message.text()}`);
    });
    await use(page);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
  }
}

/** The page's path, as the page itself says it: what the driver knows may be of the page before. */
const pathOf = (page) => page.evaluate(() => location.pathname);

const textOf = (page, selector) => page.$eval(selector, (element) => element.textContent.trim());

/** Clicks what leads to another page, and waits until its place is there. */
async function follow(page, selector, arrived) {
  await page.click(selector);
  await page.waitForSelector(arrived);
}

async function signIn(page, connection, person) {
  const chosen = `button[name=connection][value=${connection}]`;
  // A SAML provider's metadata is read by the gateway itself, within seconds.
  for (let looks = 0; ; looks += 1) {
    await page.goto(gateway);
    await page.waitForSelector(chosen);
    await page.click(chosen);
    const arrived = await page.waitForSelector("button[name=person], #request-id");
    if ((await arrived.evaluate((element) => element.tagName)) === "BUTTON") break;
    assert.ok(looks < 100, "the gateway has not read the provider's metadata");
  }
  await follow(page, `button[name=person][value=${person}]`, ".topbar");
}

for (const connection of ["workforce", "workforce-saml", "partners-saml"]) {
  test(`ines signs in by ${connection}, takes keys that work, and signs out`, LONGEST, async () => {
    await withPage(async (page) => {
      await signIn(page, connection, "ines");
      assert.equal(await pathOf(page), "/roles");
      assert.equal((await page.$$(".role button[name=role]")).length, 29);
      await page.type("#q", "prod readonly");
      assert.match(await textOf(page, ".found"), /^\d of 29 roles$/);
      assert.equal(await page.$eval(".role.is-on .role-link", (element) => element.value), READ_ONLY);
      await page.keyboard.press("Enter");
      await page.waitForSelector("#access-key-id");
      assert.match(await textOf(page, "[data-countdown]"), /^\d:\d\d:\d\d$/);
      for (const format of ["fish", "powershell", "profile", "json", "process"]) {
        await page.click(`#f-${format}`);
        assert.ok(await page.$eval(`#text-${format}`, (element) => element.checkVisibility()));
      }
      const lines = await page.$eval("#text-bash", (element) => element.textContent);
      assert.equal((await who(lines)).Arn, INES_IN_READ_ONLY);
      await page.click("details.menu summary");
      await page.click("details.menu form[action='/sign-out'] button");
      await page.waitForFunction(() => document.querySelector("h1")?.textContent === "You are signed out");
      await page.goto(`${gateway}/roles`);
      assert.equal(await pathOf(page), "/");
    });
  });
}

test("a person without a role is told why", LONGEST, async () => {
  await withPage(async (page) => {
    await signIn(page, "workforce", "noor");
    assert.match(await textOf(page, "h1"), /no role is yours/);
  });
});

test("language and theme are chosen, and stay", LONGEST, async () => {
  await withPage(async (page) => {
    await page.goto(gateway);
    assert.equal(await page.$eval("html", ({ lang }) => lang), "en");
    await page.click("button[name=language][value=zh-Hans]");
    await page.waitForSelector("html[lang=zh-Hans]");
    await page.click("button[name=theme][value=dark]");
    await page.waitForSelector("html[data-theme=dark]");
    assert.equal(await page.$eval("html", ({ lang }) => lang), "zh-Hans");
    assert.equal(await textOf(page, "h1"), "登录");
    const ground = await page.$eval("body", (body) => getComputedStyle(body).backgroundColor);
    const [red] = ground.match(/\d+/g).map(Number);
    assert.ok(red < 64, ground);
  });
});

async function who(lines) {
  const environment = { HTTPS_PROXY: proxy.url, AWS_CA_BUNDLE: house.authority };
  const shell = commandLine({ aws: house.aws, environment });
  try {
    return await shell.whoWithShell(lines);
  } finally {
    shell.remove();
  }
}
