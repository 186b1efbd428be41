// Whole sign-ins in Chromium, between a gateway and a provider of different registrable domains
// over TLS. `tests/browser_sign_in.rs` starts both and runs this.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readBash, readFish, readPowerShell } from "./aws.mjs";
import { choosePerson, goToProvider, readKeys, signIn, signOut, takeRole } from "./portal.mjs";
import {
  BROWSER_COOKIE, CONNECTION_COOKIE, LONGEST, SESSION_COOKIE, assertLooksGood, gateway, gatewayHost, house, text,
  withCommandLine, withPage,
} from "./scene.mjs";

const READ_ONLY = "arn:aws:iam::482011739056:role/engineering/ReadOnly";
const INES_IN_READ_ONLY =
  "arn:aws:sts::482011739056:assumed-role/ReadOnly/ines.okafor@meridale.example";

test("ines signs in, takes keys that the AWS command line uses, and signs out", LONGEST, async (t) => {
  await withPage(async (page) => {
    const addresses = [];
    page.on("framenavigated", (frame) => addresses.push(frame.url()));
    await page.goto(gateway);
    await assertLooksGood(page, "sign-in");
    await goToProvider(page, gateway, "workforce");
    await assertLooksGood(page, "demo-provider");
    await t.test("the cookie of a sign-in is sent with a cross-site post", async () => {
      const [login] = await page.context().cookies(gateway);
      assert.match(login.name, /^__Host-rolegate-login-[0-9a-f]{16}$/);
      assertStoredAs(login, "None");
      assert.ok(login.expires - Date.now() / 1000 <= 600);
    });

    await choosePerson(page, gateway, "ines");
    assert.equal(new URL(page.url()).pathname, "/roles");
    assert.equal(await page.locator(".role button[name=role]").count(), 29);
    await assertLooksGood(page, "roles");
    await t.test("the session's cookie stays home on a cross-site post", async () => {
      const cookies = await page.context().cookies(gateway);
      const kept = new Map(cookies.map((cookie) => [cookie.name, cookie]));
      assert.deepEqual([...kept.keys()].sort(), [BROWSER_COOKIE, CONNECTION_COOKIE, SESSION_COOKIE]);
      assertStoredAs(kept.get(SESSION_COOKIE), "Lax");
      // It opens nothing: a cross-site post shows by it which session it replaces.
      assertStoredAs(kept.get(BROWSER_COOKIE), "None");
      assert.notEqual(kept.get(BROWSER_COOKIE).value, kept.get(SESSION_COOKIE).value);
      assertStoredAs(kept.get(CONNECTION_COOKIE), "Lax");
      assert.equal(kept.get(CONNECTION_COOKIE).value, "workforce");
      for (const name of [BROWSER_COOKIE, SESSION_COOKIE]) assert.equal(kept.get(name).expires, -1);
    });
    await t.test("every word of a search counts, and the keyboard reaches what it finds", async () => {
      await page.fill("#q", "prod readonly");
      assert.match(await text(page, ".found"), /^\d of 29 roles$/);
      await assertLooksGood(page, "roles-search");
      assert.equal(await page.locator(".role.is-on .role-link").getAttribute("value"), READ_ONLY);
      await page.press("#q", "ArrowDown");
      assert.equal(await page.evaluate(() => document.activeElement.value), READ_ONLY);
      await page.fill("#q", "");
    });

    await takeRole(page, READ_ONLY);
    await assertLooksGood(page, "credentials");
    const keys = await readKeys(page);
    await t.test("every format says the same keys", () => assertSameKeys(keys));
    await t.test("a button copies what it stands beside", () => assertCopied(page, keys));
    await t.test("the AWS command line uses every format", () => assertUsable(keys));
    await t.test("no key is left in an address, the history or the browser's stores", async () => {
      await assertNothingKept(page, keys, addresses);
    });
    await t.test("each format is shown for its choice", async () => {
      for (const format of ["fish", "powershell", "profile", "json", "process"]) {
        await page.check(`#f-${format}`);
        assert.ok(await page.isVisible(`#text-${format}`));
        assert.ok(!(await page.isVisible("#text-bash")));
      }
    });
    await page.click("details.menu summary");
    await assertLooksGood(page, "menu");
    await page.click("details.menu summary");

    await signOut(page);
    await assertLooksGood(page, "signed-out");
    await t.test("after that Back shows no keys and no roles", async () => {
      const pages = await goBackWithoutKeys(page, keys);
      for (const { html } of pages) assert.doesNotMatch(html, /name="role"/);
    });
  });
});

function assertStoredAs(cookie, sameSite) {
  const { domain, path, secure, httpOnly } = cookie;
  const expected = { domain: gatewayHost, path: "/", secure: true, httpOnly: true, sameSite };
  assert.deepEqual({ domain, path, secure, httpOnly, sameSite: cookie.sameSite }, expected);
}

async function assertSameKeys(keys) {
  const bash = await readBash(keys.bash);
  assert.equal(bash.AWS_ACCESS_KEY_ID, keys.accessKeyId);
  assert.equal(bash.AWS_SECRET_ACCESS_KEY, keys.secretAccessKey);
  assert.equal(bash.AWS_SESSION_TOKEN, keys.sessionToken);
  assert.equal(bash.AWS_ENDPOINT_URL_STS, gateway);
  assert.deepEqual(readFish(keys.fish), bash);
  assert.deepEqual(readPowerShell(keys.powerShell), bash);
  const { Version, Expiration, ...json } = JSON.parse(keys.json);
  assert.equal(Version, 1);
  assert.ok(Date.parse(Expiration) > Date.now());
  assert.deepEqual(json, {
    AccessKeyId: keys.accessKeyId,
    SecretAccessKey: keys.secretAccessKey,
    SessionToken: keys.sessionToken,
  });
}

async function assertCopied(page, keys) {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: gateway });
  const copied = async (source) => {
    await page.click(`button[data-copy=${source}]`);
    return page.evaluate(() => navigator.clipboard.readText());
  };
  assert.equal(await copied("text-bash"), keys.bash);
  assert.equal(await text(page, "[data-copy=text-bash]"), "Copied");
  assert.equal(await copied("session-token"), keys.sessionToken);
  await page.evaluate(() => navigator.clipboard.writeText(""));
}

async function assertUsable(keys) {
  const profile = keys.profile.match(/^\[(.+)\]$/m)[1];
  await withCommandLine(async (lines) => {
    const answers = await Promise.all([
      lines.whoWithShell(keys.bash),
      lines.whoWithProfile(profile, keys.profile, keys.config),
      lines.whoWithProcess(keys.process, keys.processConfig),
    ]);
    for (const answer of answers) assert.equal(answer.Arn, INES_IN_READ_ONLY);
  });
}

async function assertNothingKept(page, keys, addresses) {
  const kept = await page.evaluate(async () => ({
    local: { ...localStorage },
    session: { ...sessionStorage },
    state: history.state,
    name: window.name,
    databases: await indexedDB.databases(),
    caches: await caches.keys(),
    cookie: document.cookie,
  }));
  const nothing = { local: {}, session: {}, state: null, name: "", databases: [], caches: [], cookie: "" };
  assert.deepEqual(kept, nothing);
  for (const address of [...addresses, page.url()]) assertWithout(decodeURIComponent(address), keys);
}

function assertWithout(where, keys) {
  for (const secret of [keys.accessKeyId, keys.secretAccessKey, keys.sessionToken]) {
    assert.ok(!where.includes(secret));
  }
}

/** Goes back to where the keys were shown, and further: they are on no page. */
async function goBackWithoutKeys(page, keys) {
  const pages = await goAllTheWayBack(page);
  const cookies = await page.context().cookies(gateway);
  assert.ok(cookies.every(({ name }) => name === CONNECTION_COOKIE), JSON.stringify(cookies));
  assert.ok(pages.some(({ url }) => url === `${gateway}/credentials`));
  for (const { html } of pages) assertWithout(html, keys);
  return pages;
}

/** Goes back entry by entry, by the browser's own protocol: playwright can't follow to kept pages. */
async function goAllTheWayBack(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Page.enable");
  const { currentIndex, entries } = await session.send("Page.getNavigationHistory");
  const pages = [];
  for (const { id, url } of entries.slice(0, currentIndex).reverse()) {
    const arrived = new Promise((done) => session.once("Page.frameNavigated", done));
    await session.send("Page.navigateToHistoryEntry", { entryId: id });
    await arrived;
    const { result } = await session.send("Runtime.evaluate", {
      expression: `new Promise((done) => {
        if (document.readyState === "complete") done();
        addEventListener("load", done);
      }).then(() => document.documentElement.outerHTML)`,
      awaitPromise: true,
    });
    pages.push({ url, html: result.value });
  }
  return pages;
}

test("keys that were left behind are not shown again once the session is gone", LONGEST, async () => {
  await withPage(async (page) => {
    await signIn(page, gateway, { connection: "workforce", person: "ines" });
    await takeRole(page, READ_ONLY);
    const keys = await readKeys(page);
    await page.goto(`${gateway}/roles`);
    // No answer of the gateway tells the browser to clear anything, as it does after a sign-out.
    await page.context().clearCookies();
    await goBackWithoutKeys(page, keys);
  });
});

test("a provider that lets the browser post its answer signs in as well", LONGEST, async () => {
  await withPage(async (page) => {
    await signIn(page, gateway, { connection: "partners", person: "lukas" });
    assert.equal(new URL(page.url()).pathname, "/roles");
    assert.ok((await page.locator("button[name=role]").count()) > 0);
    await page.click("details.menu summary");
    assert.match(await text(page, ".menu-who"), /lukas\.brandt@meridale\.example\s+Meridale Partners/);
  });
});

test("without script a person gets keys all the same", LONGEST, async () => {
  const use = async (page) => {
    await goToProvider(page, gateway, "partners");
    await page.click("button[name=person][value=ines]");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.fill("#q", "prod readonly");
    await page.press("#q", "Enter");
    await page.waitForURL(`${gateway}/roles?q=prod+readonly`);
    assert.equal(await text(page, ".found"), "3 of 29 roles");
    await takeRole(page, READ_ONLY);
    assert.ok(await page.isVisible("#text-bash"));
    assert.match(await text(page, "aside"), /Good until/);
    assert.equal(await page.locator("[data-copy]:visible").count(), 0);
  };
  await withPage(use, { javaScriptEnabled: false });
});

test("noor has no role and is told what to send to whom", LONGEST, async () => {
  await withPage(async (page) => {
    await signIn(page, gateway, { connection: "workforce", person: "noor" });
    assert.equal(await text(page, "h1"), "You are signed in, but no role is yours yet");
    const message = await page.inputValue("#message");
    assert.match(message, /noor\.haddad@meridale\.example, through Meridale Workforce/);
    assert.match(message, /all-staff/);
    assert.ok(await page.$eval("#message", (area) => area.scrollHeight <= area.clientHeight));
    await assertLooksGood(page, "no-roles");
  });
});

test("tomas is in 250 groups, which his provider does not send, and is told so", LONGEST, async () => {
  await withPage(async (page) => {
    await signIn(page, gateway, { connection: "workforce", person: "tomas" });
    assert.match(await text(page, "main"), /left out your groups because there are too many/);
    await assertLooksGood(page, "no-roles-left-out");
  });
});

test("lukas has a few roles", LONGEST, async () => {
  await withPage(async (page) => {
    await signIn(page, gateway, { connection: "workforce", person: "lukas" });
    await assertLooksGood(page, "roles-few");
  });
});

test("ines takes a role in staging", LONGEST, async () => {
  await withPage(async (page) => {
    await signIn(page, gateway, { connection: "workforce", person: "ines" });
    await takeRole(page, "arn:aws:iam::629114864828:role/engineering/ReadOnly");
    assert.equal(await text(page, "#session-name"), "ines.okafor@meridale.example");
    await assertLooksGood(page, "credentials-staging");
  });
});

test("a provider's refusal is shown as its words, never as markup", LONGEST, async () => {
  await withPage(async (page) => {
    await goToProvider(page, gateway, "workforce");
    const state = new URL(page.url()).searchParams.get("state");
    const words = `<img src=x onerror="document.title='run'"> not "today"`;
    const answer = { error: "access_denied", error_description: words, state, iss: house.provider };
    await page.goto(`${gateway}/oidc/callback/workforce?${new URLSearchParams(answer)}`);
    assert.equal(await text(page, "h1"), "You are not signed in");
    assert.ok((await text(page, ".note")).includes(words));
    assert.equal(await page.locator("main img").count(), 0);
    assert.deepEqual(await page.context().cookies(gateway), []);
    await assertLooksGood(page, "refused");
    await page.getByRole("link", { name: "Sign in again" }).click();
    assert.equal(await text(page, "h1"), "Sign in");
  });
});

test("the answer to another browser's sign-in is refused", LONGEST, async () => {
  await withPage(async (page) => {
    await goToProvider(page, gateway, "workforce");
    const callback = await catchCallback(page, "ines");
    await withPage(async (other) => {
      await other.goto(callback);
      assert.match(await text(other), /begun in another browser/);
      assert.deepEqual(await other.context().cookies(gateway), []);
      await assertLooksGood(other, "refused-other-browser");
      await other.goto(`${gateway}/roles`);
      assert.equal(await text(other, "h1"), "Sign in");
    });
  });
});

test("an answer counts once", LONGEST, async () => {
  await withPage(async (page) => {
    await goToProvider(page, gateway, "workforce");
    const callback = await catchCallback(page, "ines");
    await page.goto(callback);
    assert.equal(new URL(page.url()).pathname, "/roles");
    await page.goto(callback);
    assert.match(await text(page), /was finished already/);
  });
});

/** Chooses a person, and keeps the browser from bringing the answer back: its address. */
async function catchCallback(page, person) {
  const session = await page.context().newCDPSession(page);
  await session.send("Fetch.enable", { patterns: [{ urlPattern: `${gateway}/oidc/callback/*` }] });
  const caught = new Promise((done) => session.once("Fetch.requestPaused", done));
  await page.click(`button[name=person][value=${person}]`, { noWaitAfter: true });
  const { requestId, request } = await caught;
  await session.send("Fetch.failRequest", { requestId, errorReason: "Aborted" });
  await session.send("Fetch.disable");
  return request.url;
}

test("no page of the portal is shown in a frame, not even in one of its own", LONGEST, async () => {
  await withPage(async (page, complaints) => {
    await signIn(page, gateway, { connection: "workforce", person: "ines" });
    const paths = ["/", "/roles", "/sign-in", "/no-such-page", "/oidc/callback/workforce"];
    for (const origin of [house.provider, gateway]) {
      const frames = paths.map((path) => `<iframe src="${gateway}${path}"></iframe>`);
      await page.route(`${origin}/frames`, (route) => {
        route.fulfill({ contentType: "text/html", body: frames.join("") });
      });
      await page.goto(`${origin}/frames`);
      const addresses = page.frames().slice(1).map((frame) => frame.url());
      assert.deepEqual(addresses, paths.map(() => "chrome-error://chromewebdata/"));
    }
    const refusals = complaints.filter((complaint) => complaint.includes("frame-ancestors"));
    assert.ok(refusals.length >= paths.length);
    complaints.length = 0;
  });
});

test("a page that is not there says so", LONGEST, async () => {
  await withPage(async (page) => {
    const answer = await page.goto(`${gateway}/no-such-page`);
    assert.equal(answer.status(), 404);
    assert.equal(await text(page, "h1"), "There is no such page");
    await assertLooksGood(page, "not-found");
  });
});
