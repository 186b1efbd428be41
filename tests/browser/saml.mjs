// Whole sign-ins and sign-outs by SAML in Chromium, between a gateway and a provider of different
// registrable domains over TLS. `tests/browser_sign_in.rs` starts both and runs this.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  choosePerson, goToProvider, readKeys, signIn, takeRole, untilMetadataIsKnown,
} from "./portal.mjs";
import {
  LONGEST, SESSION_COOKIE, assertLooksGood, gateway, provider, text, withCommandLine, withPage,
} from "./scene.mjs";

const BY_REDIRECT = "workforce-saml";
const BY_POST = "partners-saml";
const READ_ONLY = "arn:aws:iam::482011739056:role/engineering/ReadOnly";
const ANALYST = "arn:aws:iam::571203948816:role/data/Analyst";
const INES_IN_READ_ONLY =
  "arn:aws:sts::482011739056:assumed-role/ReadOnly/ines.okafor@meridale.example";
const LUKAS_IN_ANALYST =
  "arn:aws:sts::571203948816:assumed-role/Analyst/lukas.brandt@meridale.example";
const SIGNED_OUT = 'h1:text-is("You are signed out")';

test("the provider's metadata is read by itself", LONGEST, async () => {
  await withPage(async (page) => {
    for (const connection of [BY_REDIRECT, BY_POST]) {
      await untilMetadataIsKnown(page, gateway, connection);
    }
  });
});

test("ines signs in by a redirect, takes keys that the AWS command line uses, and is signed out at both sides", LONGEST, async (t) => {
  await withPage(async (page) => {
    await goToProvider(page, gateway, BY_REDIRECT);
    const asked = new URL(page.url());
    assert.equal(asked.origin + asked.pathname, `${provider}/saml/sso`);
    for (const name of ["SAMLRequest", "RelayState", "SigAlg", "Signature"]) {
      assert.ok(asked.searchParams.get(name), name);
    }
    await assertLooksGood(page, "saml-provider");
    await t.test("the cookie of the sign-in is sent with the provider's cross-site post", async () => {
      const [login] = await page.context().cookies(gateway);
      assert.equal(login.sameSite, "None");
      assert.ok(login.secure && login.httpOnly);
    });

    await choosePerson(page, gateway, "ines");
    assert.equal(page.url(), `${gateway}/roles`);
    assert.equal(await page.locator(".role button[name=role]").count(), 29);
    await assertLooksGood(page, "saml-roles");
    assert.equal((await keysOf(page, READ_ONLY)).Arn, INES_IN_READ_ONLY);

    await t.test("a sign-out in the portal ends the provider's session, too", async () => {
      assert.deepEqual(await signedInAtProvider(page), ["Ines Okafor"]);
      await page.goto(`${gateway}/roles`);
      await signOut(page);
      await assertSignedOut(page);
      await assertLooksGood(page, "saml-signed-out");
      assert.deepEqual(await signedInAtProvider(page), []);
    });
  });
});

test("lukas signs in by a post and takes keys", LONGEST, async () => {
  await withPage(async (page) => {
    const posted = page.waitForRequest((request) => request.url() === `${provider}/saml/sso`);
    await goToProvider(page, gateway, BY_POST);
    const request = await posted;
    assert.equal(request.method(), "POST");
    assert.ok(new URLSearchParams(request.postData()).get("SAMLRequest"));
    await choosePerson(page, gateway, "lukas");
    assert.equal(page.url(), `${gateway}/roles`);
    assert.equal((await keysOf(page, ANALYST)).Arn, LUKAS_IN_ANALYST);
  });
});

test("without script a person signs in by a post and out all the same", LONGEST, async () => {
  const use = async (page) => {
    await page.goto(gateway);
    await page.click(`button[name=connection][value=${BY_POST}]`);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.click("button[name=person][value=ines]");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL(`${gateway}/roles`);
    await page.click("details.menu summary");
    await page.click("details.menu form[action='/sign-out'] button");
    await page.getByRole("link", { name: "Sign out there too" }).click();
    await page.waitForSelector(SIGNED_OUT);
  };
  await withPage(use, { javaScriptEnabled: false });
});

test("the pages on the way to the provider and back look good where they stand still", LONGEST, async () => {
  await withPage(async (page) => {
    const empty = { contentType: "text/javascript", body: "" };
    const isScript = (request) => request.resourceType() === "script";
    await page.route("**/*", (route) => (isScript(route.request()) ? route.fulfill(empty) : route.continue()));
    await page.goto(gateway);
    await assertLooksGood(page, "saml-sign-in");
    await page.click(`button[name=connection][value=${BY_POST}]`);
    const goOn = page.getByRole("button", { name: "Continue" });
    await goOn.waitFor();
    await assertLooksGood(page, "saml-leaving");
    await goOn.click();
    await page.click("button[name=person][value=ines]");
    await page.getByRole("button", { name: "Continue" }).waitFor();
    await assertLooksGood(page, "saml-going-back");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL(`${gateway}/roles`);
  });
});

test("a sign-in that the provider begins ends in the portal", LONGEST, async () => {
  await withPage(async (page) => {
    await page.goto(provider);
    await page.click("a[href^='/saml/start']");
    await choosePerson(page, gateway, "tomas");
    assert.equal(page.url(), `${gateway}/roles`);
    await page.click("details.menu summary");
    assert.match(await text(page, ".menu-who"), /tomas\.varga@meridale\.example/);
  });
});

test("noor, whom no rule names, has no role and is told so", LONGEST, async () => {
  await withPage(async (page) => {
    await signIn(page, gateway, { connection: BY_REDIRECT, person: "noor" });
    assert.equal(await text(page, "h1"), "You are signed in, but no role is yours yet");
  });
});

test("the answer to another browser's sign-in is refused", LONGEST, async () => {
  await withPage(async (page) => {
    await goToProvider(page, gateway, BY_REDIRECT);
    const form = await catchAnswer(page, "ines");
    await withPage(async (other) => {
      await bring(other, form);
      await assertLooksGood(other, "saml-refused-other-browser");
      await assertRefused(other, /another browser/);
    });
  });
});

test("an answer counts once", LONGEST, async () => {
  await withPage(async (page) => {
    await goToProvider(page, gateway, BY_REDIRECT);
    const form = await catchAnswer(page, "ines");
    await bring(page, form);
    assert.equal(page.url(), `${gateway}/roles`);
    await bring(page, form);
    assert.match(await text(page), /was finished already/);
  });
});

test("an answer that nobody asked for counts once, in any browser", LONGEST, async () => {
  await withPage(async (page) => {
    await page.goto(provider);
    await page.click("a[href^='/saml/start']");
    const form = await catchAnswer(page, "ines");
    await bring(page, form);
    assert.equal(page.url(), `${gateway}/roles`);
    await withPage(async (other) => {
      await bring(other, form);
      await assertRefused(other, /used|finished/);
    });
  });
});

test("a changed answer is refused, and the page says nothing of why", LONGEST, async () => {
  await withPage(async (page) => {
    await goToProvider(page, gateway, BY_REDIRECT);
    const form = await catchAnswer(page, "ines");
    const xml = Buffer.from(form.SAMLResponse, "base64").toString();
    const changed = xml.replace("InResponseTo=", "inResponseTo=");
    assert.notEqual(changed, xml);
    await bring(page, { ...form, SAMLResponse: Buffer.from(changed).toString("base64") });
    await assertLooksGood(page, "saml-refused");
    await assertRefused(page, /You are not signed in/);
  });
});

test("a person who signs out at the provider is signed out in the portal, in every browser", LONGEST, async () => {
  await withPage(async (page) => {
    await signIn(page, gateway, { connection: BY_REDIRECT, person: "ines" });
    await withPage(async (other) => {
      await signIn(other, gateway, { connection: BY_REDIRECT, person: "ines" });
      await other.goto(provider);
      await assertLooksGood(other, "saml-provider-home");
      await other.click("form[action='/saml/sign-out'] button[value=ines]");
      await other.waitForSelector("text=Signed out everywhere");
      assert.equal(new URL(other.url()).origin, provider);
      await assertLooksGood(other, "saml-provider-signed-out");
      await other.goto(`${gateway}/roles`);
      assert.equal(await text(other, "h1"), "Sign in");
    });
    await page.goto(`${gateway}/roles`);
    assert.equal(await text(page, "h1"), "Sign in");
  });
});

/** Takes a role; what the AWS command line is told with its keys. */
async function keysOf(page, role) {
  await takeRole(page, role);
  const { bash } = await readKeys(page);
  return withCommandLine((lines) => lines.whoWithShell(bash));
}

/** Signs out from the account menu, which leads through the provider. */
async function signOut(page) {
  await page.click("details.menu summary");
  await page.click("details.menu form[action='/sign-out'] button");
  await page.waitForSelector(SIGNED_OUT);
  assert.match(await text(page, ".note"), /signed out at your identity provider, too/);
}

async function assertSignedOut(page) {
  const cookies = await page.context().cookies(gateway);
  assert.ok(!cookies.some(({ name }) => name === SESSION_COOKIE), JSON.stringify(cookies));
}

async function assertRefused(page, why) {
  assert.match(await text(page), why);
  await assertSignedOut(page);
  await page.goto(`${gateway}/roles`);
  assert.equal(await text(page, "h1"), "Sign in");
}

/** Who has a session at the provider. */
async function signedInAtProvider(page) {
  await page.goto(provider);
  return page.locator("li:has(form[action='/saml/sign-out']) b").allInnerTexts();
}

/** Chooses a person, and keeps the browser from bringing the answer back: the form's fields. */
async function catchAnswer(page, person) {
  const session = await page.context().newCDPSession(page);
  await session.send("Fetch.enable", { patterns: [{ urlPattern: `${gateway}/saml/acs` }] });
  const caught = new Promise((done) => session.once("Fetch.requestPaused", done));
  await page.click(`button[name=person][value=${person}]`, { noWaitAfter: true });
  const { requestId, request } = await caught;
  await session.send("Fetch.failRequest", { requestId, errorReason: "Aborted" });
  await session.send("Fetch.disable");
  return Object.fromEntries(new URLSearchParams(request.postData));
}

/** Brings an answer as the provider's page does: a post from the provider's site. */
async function bring(page, form) {
  const inputs = Object.entries(form).map(([name, value]) => `<input name="${name}" value="${value}">`);
  const html = `<form method="post" action="${gateway}/saml/acs">${inputs.join("")}<button>go</button></form>`;
  await page.route(`${provider}/brings`, (route) => route.fulfill({ contentType: "text/html", body: html }));
  await page.goto(`${provider}/brings`);
  await page.click("button");
  await page.waitForURL((url) => url.origin === gateway);
  await page.waitForLoadState();
}
