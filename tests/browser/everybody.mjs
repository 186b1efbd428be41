// Pages for those who read Chinese, who have no script, who enlarge what they see, who chose a theme.
// `tests/browser_sign_in.rs` starts the gateway and the provider, and runs this.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { choosePerson, goToProvider, signIn, takeRole } from "./portal.mjs";
import { LONGEST, assertLooksGood, gateway, text, withCommandLine, withPage } from "./scene.mjs";

const READ_ONLY = "arn:aws:iam::482011739056:role/engineering/ReadOnly";
const INES_IN_READ_ONLY =
  "arn:aws:sts::482011739056:assumed-role/ReadOnly/ines.okafor@meridale.example";

/** English sentences of the portal, as far as they stand there as they are written. */
const ENGLISH = readFileSync(fileURLToPath(new URL("../../templates/words/en.ftl", import.meta.url)), "utf8")
  .split("\n")
  .map((line) => line.match(/^[a-z0-9-]+ = ([^{}]{12,})$/)?.[1])
  .filter(Boolean);

/** Goes through the portal as `person`, and hands each page to `look` with a name. */
async function tour(page, look) {
  await page.goto(gateway);
  await look("sign-in");
  await page.goto(`${gateway}/nothing-is-here`);
  await look("not-found");
  await page.goto(`${gateway}/oidc/callback/workforce?state=AAAA&code=B`);
  await look("refused");
  await signIn(page, gateway, { connection: "workforce", person: "noor" });
  await look("no-roles");
  await page.goto(`${gateway}/why-not?account=payments-prod&role=Admin`);
  await look("why-not");
  await page.goto(gateway);
  await signOut(page);
  await look("signed-out");
  await signIn(page, gateway, { connection: "workforce", person: "ines" });
  await look("roles");
  await page.goto(`${gateway}/roles?q=prod+readonly`);
  await look("roles-search");
  await page.goto(`${gateway}/go?account=payments-prod&role=ReadOnly`);
  await look("one-role");
  await page.goto(`${gateway}/roles`);
  await takeRole(page, READ_ONLY);
  await look("credentials");
  await page.goto(`${gateway}/sessions`);
  await look("sessions");
}

async function signOut(page, { script = true } = {}) {
  await page.click("details.menu summary");
  await page.click("details.menu form[action='/sign-out'] button");
  if (!script) await page.click("#leave");
  await page.waitForURL("**/signed-out**");
}

test("every page is there in Chinese, and none has a word of English left", LONGEST, async () => {
  await withPage(async (page) => {
    await tour(page, async (name) => {
      assert.equal(await page.getAttribute("html", "lang"), "zh-Hans", name);
      const shown = await text(page);
      const left = ENGLISH.filter((sentence) => shown.includes(sentence));
      assert.deepEqual(left, [], name);
      await assertLooksGood(page, `zh-${name}`);
    });
  }, { locale: "zh-CN" });
});

test("the pages that no other test looks at look good in English, too", LONGEST, async () => {
  await withPage(async (page) => {
    await signIn(page, gateway, { connection: "workforce", person: "noor" });
    await page.goto(`${gateway}/why-not?account=payments-prod&role=Admin`);
    await page.click("details.small summary");
    await assertLooksGood(page, "why-not");
  });
  await withPage(async (other) => {
    await signIn(other, gateway, { connection: "partners", person: "ines" });
    await withPage(async (page) => {
      await signIn(page, gateway, { connection: "workforce", person: "ines" });
      await page.goto(`${gateway}/go?account=payments-prod&role=ReadOnly`);
      await assertLooksGood(page, "one-role");
      await page.goto(`${gateway}/why-not?account=payments-prod&role=ReadOnly`);
      await assertLooksGood(page, "why-not-yours");
      for (const role of [READ_ONLY, "arn:aws:iam::629114864828:role/engineering/ReadOnly"]) {
        await page.goto(`${gateway}/roles`);
        await takeRole(page, role);
      }
      for (const format of ["fish", "powershell", "profile", "json", "process"]) {
        await page.check(`#f-${format}`);
        await assertLooksGood(page, `credentials-${format}`);
      }
      await page.goto(`${gateway}/roles`);
      await assertLooksGood(page, "roles-used");
      await page.goto(`${gateway}/sessions`);
      assert.ok((await page.locator(".sessions tbody tr").count()) >= 2);
      const heights = await page.locator(".sessions .address").evaluateAll((all) => all.map((one) => one.getClientRects().length));
      assert.ok(heights.every((lines) => lines === 1), "an address is in one line");
      await assertLooksGood(page, "sessions");
    });
  });
});

test("everything but comfort works without script", LONGEST, async () => {
  await withPage(async (page) => {
    await goToProvider(page, gateway, "workforce");
    await choosePerson(page, gateway, "ines");
    await page.fill("#q", "prod readonly");
    await page.press("#q", "Enter");
    await page.waitForURL((url) => url.searchParams.get("q") === "prod readonly");
    assert.match(await text(page, ".found"), /^\d of 29 roles$/);
    await takeRole(page, READ_ONLY);
    await page.check("#f-fish");
    assert.ok(await page.isVisible("#text-fish"));
    assert.ok(!(await page.isVisible("#text-bash")));
    assert.ok(!(await page.isVisible("[data-copy=text-fish]")), "a button that does nothing");
    assert.match(await text(page, "[data-no-script] time"), /UTC$/);
    await page.check("input[name=duration][value='900']");
    await page.click("form[action='/credentials'] button");
    await page.waitForSelector("input[name=duration][value='900']:checked");
    const lines = await page.locator("#text-bash").textContent();
    const answer = await withCommandLine((shell) => shell.whoWithShell(lines));
    assert.equal(answer.Arn, INES_IN_READ_ONLY);
    await page.click("button[name=language][value=zh-Hans]");
    await page.waitForSelector("html[lang=zh-Hans]");
    assert.equal(new URL(page.url()).pathname, "/roles");
    await signOut(page, { script: false });
    assert.equal(await text(page, "h1"), "您已退出登录");
  }, { javaScriptEnabled: false });
});

for (const [zoom, width] of [[200, 720], [400, 320]]) {
  test(`at ${zoom} per cent nothing is cut off or has to be scrolled sideways`, LONGEST, async () => {
    const viewport = { width, height: 450 };
    await withPage(async (page) => {
      await tour(page, async (name) => {
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${name} is ${wide} px wider than its window`);
      });
    }, { viewport, deviceScaleFactor: 2 });
  });
}

test("a theme is chosen once and worn by every page, without a flash", LONGEST, async () => {
  await withPage(async (page) => {
    await page.goto(gateway);
    await page.click("button[name=theme][value=dark]");
    await page.waitForSelector("html[data-theme=dark]");
    const scheme = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
    await tour(page, async (name) => assert.equal(await scheme(), "dark", name));
  }, { colorScheme: "light" });
});
