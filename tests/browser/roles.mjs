// The list of a thousand roles in Chromium. `tests/roles_list.rs` starts the node, signs in and runs this.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { startBrowser } from "./browser.mjs";
import { look } from "./look.mjs";
import { startFront } from "./plain.mjs";
import { watch } from "./watch.mjs";

const told = JSON.parse(process.env.ROLEGATE_TEST_ROLES);
const LONGEST = { timeout: 240_000 };
const PRESSES = 100;
const PAINTS = 9;

let browser;
let front;
let url;

before(async () => {
  ({ browser } = await startBrowser({ resolve: [] }));
  front = await startFront(told.node, told.cookie);
  ({ url } = front);
});

after(async () => {
  await browser?.close();
  front.stop();
});

async function withList(use, options = {}) {
  const { target = "/roles", ...context } = options;
  const opened = await browser.newContext(context);
  opened.setDefaultTimeout(60_000);
  try {
    const complaints = await watch(opened);
    const page = await opened.newPage();
    await page.goto(url + target);
    assert.deepEqual(complaints, []);
    await use(page);
    // Lists that are searched move; on a slow machine so late that nothing tells whose doing it was.
    assert.deepEqual(complaints.filter((complaint) => !complaint.includes("the page moved")), []);
  } finally {
    await opened.close();
  }
}

/** What is shown, in its order: each account with its roles, marks in brackets. */
const shown = (page) =>
  page.evaluate(() => {
    const bracketed = (element) =>
      [...(element?.childNodes ?? [])]
        .map((node) => (node.nodeName === "MARK" ? `[${node.textContent}]` : node.textContent))
        .join("");
    const visible = (selector, within) =>
      [...within.querySelectorAll(selector)].filter((element) => !element.hidden);
    return visible(".acct", document).map((account) => ({
      name: bracketed(account.querySelector(".acct-name")),
      number: bracketed(account.querySelector(".acct-number")),
      environment: bracketed(account.querySelector(".env")),
      roles: visible(".role", account).map((role) =>
        [".role-name", ".role-path", ".role-what", ".role-tag"]
          .flatMap((selector) => [...role.querySelectorAll(selector)].map(bracketed))
          .join(" | "),
      ),
    }));
  });

/** Waits until all that was found is shown and marked. */
const settled = (page) => page.waitForSelector("[data-roles]:not([aria-busy=true])");

const count = (page) => page.locator(".found").innerText();
const focused = (page) => page.evaluate(() => document.activeElement.value);
const selected = (page) => page.evaluate(() => document.querySelector(".role.is-on .role-link")?.value);

test("script and server find the same, in the same order, with the same marks", LONGEST, async () => {
  const queries = ["pay read", "ro", "team=risk deploy", "4820 paypr", "zzqqx", "pymnts admin"];
  for (const query of queries) {
    let byServer;
    const target = `/roles?q=${encodeURIComponent(query)}`;
    const served = async (page) => (byServer = { shown: await shown(page), count: await count(page) });
    await withList(served, { target, javaScriptEnabled: false });
    await withList(async (page) => {
      await page.fill("#q", query);
      await settled(page);
      assert.equal(await count(page), byServer.count, query);
      assert.deepEqual(await shown(page), byServer.shown, query);
    });
    // A page that came with a query searches on, and finds its way back to the first order.
    await withList(
      async (page) => {
        await settled(page);
        await page.fill("#q", "");
        await settled(page);
        const back = await shown(page);
        await page.goto(`${url}/roles`);
        assert.deepEqual(back, await shown(page), query);
      },
      { target },
    );
  }
});

test("a key press is answered in the next frame", LONGEST, async () => {
  await withList(async (page) => {
    await page.evaluate(watchWork);
    const requests = [];
    // The icon of the tab is asked for whenever the browser has nothing better to do.
    const isIcon = (address) => address.includes("/static/favicon.svg");
    page.on("request", (request) => isIcon(request.url()) || requests.push(request.url()));
    const words = ["payments-prod deploy", "read", "ledger-dev audit", "kc", "x", "netw log"];
    const keys = [];
    while (keys.length < PRESSES) {
      for (const word of words) keys.push(...word, ...[...word].map(() => "Backspace"));
    }
    await page.focus("#q");
    for (const key of keys.slice(0, PRESSES)) {
      await page.keyboard.press(key === " " ? "Space" : key);
      await page.evaluate(() => globalThis.painted);
    }
    const presses = await page.evaluate(() => globalThis.presses);
    assert.equal(presses.length, PRESSES);
    const sorted = (name) => presses.map((press) => press[name]).sort((one, other) => one - other);
    const [times, works, scripts] = ["painted", "work", "script"].map(sorted);
    const figure = (all, at) => `${all[Math.floor((all.length - 1) * at)].toFixed(1)} ms`;
    console.log(
      `${told.roles} roles, ${PRESSES} key presses, key press to painted result: median ${figure(times, 0.5)}, ` +
        `worst ${figure(times, 1)}; without the wait for the frame: median ${figure(works, 0.5)}, ` +
        `worst ${figure(works, 1)}; script alone: median ${figure(scripts, 0.5)}, worst ${figure(scripts, 1)}; ` +
        `changes of the page: most ${Math.max(...presses.map(({ changes }) => changes))}`,
    );
    // What holds on every machine: no key press asks the network, none asks where anything stands (which would
    // have the page laid out in the middle of the work), and none changes more than what it must.
    assert.deepEqual(requests, []);
    for (const { key, asked, changes, rows } of presses) {
      assert.deepEqual(asked, [], key);
      // Rows and accounts are hidden, shown or moved; sixty rows are marked, in some parts each.
      assert.ok(changes <= rows.changed + 2 * told.roles + 60 * 12 + 200, `${key}: ${changes}`);
    }
    // Where few are shown before and after, little is done.
    const small = presses.filter(({ rows }) => rows.before <= 60 && rows.after <= 60);
    assert.ok(small.length > 10, String(small.length));
    for (const { key, changes } of small) assert.ok(changes <= 60 * 20, `${key}: ${changes}`);
  });
});

// Notes of each key press: how long it takes until its result is painted, what it asks of the browser that makes
// it lay the page out, and how much of the page it changes.
function watchWork() {
  let asking = null;
  const spy = (prototype, name) => {
    const kept = Object.getOwnPropertyDescriptor(prototype, name);
    const note = (work) =>
      function (...given) {
        asking?.push(name);
        return work.apply(this, given);
      };
    const spied = kept.get ? { get: note(kept.get) } : { value: note(kept.value) };
    Object.defineProperty(prototype, name, { ...kept, ...spied });
  };
  const sizes = ["Left", "Top", "Width", "Height"];
  for (const size of sizes) spy(HTMLElement.prototype, `offset${size}`);
  for (const size of sizes) spy(Element.prototype, `client${size}`);
  for (const name of ["scrollTop", "scrollLeft", "scrollWidth", "scrollHeight"]) spy(Element.prototype, name);
  for (const name of ["getBoundingClientRect", "getClientRects", "scrollIntoView"]) spy(Element.prototype, name);
  for (const name of ["innerText", "focus"]) spy(HTMLElement.prototype, name);
  for (const name of ["getComputedStyle", "scrollTo", "scrollBy"]) spy(globalThis, name);
  const rows = [...document.querySelectorAll(".role")];
  const isShown = () => rows.map((row) => !row.hidden && !row.closest(".acct").hidden);
  globalThis.presses = [];
  let press = null;
  let changes = 0;
  const observer = new MutationObserver((records) => (changes += records.length));
  const everything = { subtree: true, childList: true, attributes: true, characterData: true };
  observer.observe(document.body, everything);
  const input = document.querySelector("#q");
  input.addEventListener("keydown", (event) => {
    const before = isShown();
    changes = 0;
    asking = [];
    press = { key: event.key, before, at: performance.now() };
    globalThis.painted = new Promise((done) => (press.done = done));
  });
  input.addEventListener("input", () => {
    const done = press;
    const [script, asked] = [performance.now() - done.at, asking];
    asking = null;
    requestAnimationFrame(() => {
      const framed = performance.now() - done.at;
      // A task after a frame's callbacks runs when that frame has been painted.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        const painted = performance.now() - done.at;
        changes += observer.takeRecords().length;
        const shown = isShown();
        const number = (all) => all.filter(Boolean).length;
        const changed = shown.filter((is, at) => is !== done.before[at]).length;
        const rows = { before: number(done.before), after: number(shown), changed };
        // Between its script and the frame the browser waits for the screen's own beat.
        const work = script + painted - framed;
        globalThis.presses.push({ key: done.key, script, painted, work, asked, changes, rows });
        done.done();
      };
      port2.postMessage(null);
    });
  });
}

test("a row that is not in sight takes as much room as in sight", LONGEST, async () => {
  await withList(async (page) => {
    for (const width of [1440, 1100, 900, 700, 390]) {
      await page.setViewportSize({ width, height: 900 });
      const height = (visibility) =>
        page.evaluate((value) => {
          for (const part of document.querySelectorAll(".roles, .role")) part.style.contentVisibility = value;
          return document.documentElement.scrollHeight;
        }, visibility);
      assert.equal(await height(""), await height("visible"), String(width));
    }
  });
});

/**
 * When a browser that has nothing kept first shows something of an address, and when the first byte of it was
 * there, in milliseconds.
 */
async function firstPaint(address) {
  const opened = await browser.newContext();
  try {
    const page = await opened.newPage();
    await page.goto(address);
    return await page.evaluate(
      () =>
        new Promise((done) => {
          new PerformanceObserver((list) => {
            const [paint] = list.getEntriesByName("first-contentful-paint");
            const [{ responseStart }] = performance.getEntriesByType("navigation");
            if (paint) done({ paint: paint.startTime, byte: responseStart });
          }).observe({ type: "paint", buffered: true });
        }),
    );
  } finally {
    await opened.close();
  }
}

test("the first paint is told beside that of a bare page of the same size", LONGEST, async () => {
  const answer = await fetch(`${url}/roles`);
  const html = await answer.text();
  // The same bytes, without style and script, from a server that does nothing else.
  const still = html.replace(/<link[^>]*>|<script[^>]*><\/script>/g, (tag) => " ".repeat(tag.length));
  assert.equal(still.length, html.length);
  assert.ok(!/<script|stylesheet/.test(still));
  const plain = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(still);
  });
  await new Promise((done) => plain.listen(0, "127.0.0.1", done));
  try {
    const bareUrl = `http://127.0.0.1:${plain.address().port}/`;
    const paints = { roles: [], bare: [] };
    for (let turn = 0; turn < PAINTS; turn += 1) {
      paints.roles.push(await firstPaint(`${url}/roles`));
      paints.bare.push(await firstPaint(bareUrl));
    }
    const median = (all) => all.sort((one, other) => one - other)[Math.floor(all.length / 2)];
    const [roles, bare] = [paints.roles, paints.bare].map((all) => ({
      paint: median(all.map(({ paint }) => paint)),
      after: median(all.map(({ paint, byte }) => paint - byte)),
    }));
    assert.ok(roles.after > 0 && bare.after > 0);
    console.log(
      `${told.roles} roles, ${html.length} characters, first paint: median ${roles.paint.toFixed(0)} ms, bare ` +
        `${bare.paint.toFixed(0)} ms, ratio ${(bare.paint / roles.paint).toFixed(3)}; from the first byte on: ` +
        `${roles.after.toFixed(0)} ms, bare ${bare.after.toFixed(0)} ms`,
    );
  } finally {
    plain.closeAllConnections();
    plain.close();
  }
});

test("the keyboard alone finds and takes a role", LONGEST, async () => {
  await withList(async (page) => {
    await page.click("h1");
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "q");
    await page.keyboard.press("Enter");
    assert.equal(new URL(page.url()).pathname, "/roles", "without a search nothing is chosen");
    await page.keyboard.type("payments-prod read");
    const first = await selected(page);
    assert.match(first, /:role\/engineering\/ReadOnly$/);
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(page), first);
    await page.keyboard.press("ArrowDown");
    const second = await focused(page);
    assert.notEqual(second, first);
    assert.equal(await selected(page), second);
    await page.keyboard.press("End");
    const last = await focused(page);
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(page), last);
    await page.keyboard.press("Home");
    assert.equal(await focused(page), first);
    await page.keyboard.press("ArrowUp");
    assert.equal(await page.evaluate(() => document.activeElement.id), "q");
    await page.keyboard.press("ArrowDown");
    // What is typed on a row goes on in the search.
    await page.keyboard.type("o");
    assert.equal(await page.inputValue("#q"), "payments-prod reado");
    await page.keyboard.press("Escape");
    assert.equal(await page.inputValue("#q"), "");
    assert.match(await count(page), new RegExp(`^${told.roles} `));
    assert.equal(await selected(page), undefined);
    await page.keyboard.type("ledger-dev audit");
    const wanted = await selected(page);
    await page.keyboard.press("Enter");
    await page.waitForSelector("#access-key-id");
    assert.equal(new URL(page.url()).pathname, "/credentials");
    assert.ok((await page.content()).includes(wanted));
  });
});

test("on a row F sets its star and C copies its link, and other letters go on in the search", LONGEST, async () => {
  const permissions = ["clipboard-read", "clipboard-write"];
  await withList(
    async (page) => {
      await page.fill("#q", "ledger-dev audit");
      await page.press("#q", "ArrowDown");
      const role = await focused(page);
      const star = page.locator(`.role .star[value="${role}"]`);
      const said = () => page.locator("#said.toast").innerText();
      await page.keyboard.press("f");
      await page.waitForSelector(`.role .star[aria-pressed=true][value="${role}"]`);
      assert.match(await said(), /one of your favourites now/);
      assert.equal(await focused(page), role, "the row keeps the focus");
      await page.keyboard.press("F");
      await page.waitForSelector(`.role .star[aria-pressed=false][value="${role}"]`);
      assert.equal(await star.count(), 1);
      await page.keyboard.press("c");
      await page.waitForFunction(() => document.querySelector("#said").textContent.includes("link"));
      assert.match(await said(), /was copied/);
      const link = await page.evaluate(() => navigator.clipboard.readText());
      assert.equal(await page.inputValue("#q"), "ledger-dev audit");
      await page.keyboard.press("o");
      assert.equal(await page.inputValue("#q"), "ledger-dev audito");
      // The link leads to the role, by the address that the role's own page says.
      const { pathname, search } = new URL(link);
      assert.equal(new URL(link).host, told.node);
      await page.goto(url + pathname + search);
      assert.equal(await page.locator("input[name=role]").inputValue(), role);
      assert.equal(await page.locator("#link").innerText(), link);
    },
    { permissions },
  );
});

test("accounts of one environment are shown alone, with a search and without", LONGEST, async () => {
  const environments = (page) =>
    page.locator(".acct:not([hidden]) .env").evaluateAll((all) => [...new Set(all.map((env) => env.textContent))]);
  const chosen = (page) => page.locator(".chip[aria-current]").innerText();
  const steps = async (page, choose) => {
    assert.match(await chosen(page), new RegExp(`^All\\s+${told.accounts}$`));
    await choose("production");
    assert.deepEqual(await environments(page), ["Production"]);
    assert.match(await chosen(page), /^Production\s+20$/);
    const [some, all] = (await count(page)).match(/\d+/g).map(Number);
    assert.ok(some > 300 && some < all && all === told.roles, String(some));
  };
  await withList(async (page) => {
    const requests = [];
    const choose = async (environment) => {
      await page.click(`.chip[data-environment="${environment}"]`);
      await settled(page);
    };
    page.on("request", (request) => request.url().includes("/roles") && requests.push(request.url()));
    await steps(page, choose);
    await page.fill("#q", "risk auditor");
    await settled(page);
    assert.deepEqual(await environments(page), ["Production"]);
    await choose("");
    assert.ok((await environments(page)).length === 5);
    assert.deepEqual(requests, []);
  });
  const scriptless = { javaScriptEnabled: false };
  await withList(async (page) => {
    await steps(page, async (environment) => {
      await page.click(`.chip[data-environment="${environment}"]`);
      await page.waitForURL(/env=production/);
    });
    await page.fill("#q", "risk auditor");
    await page.press("#q", "Enter");
    await page.waitForURL(/q=risk\+auditor&env=production/);
    assert.deepEqual(await environments(page), ["Production"]);
    await page.locator(".role:not([hidden]) .star").first().click();
    await page.waitForURL(/q=risk\+auditor&env=production#acct-/);
    await page.locator(".role .star[aria-pressed=true]").first().click();
    await page.waitForURL(/#acct-/);
  }, scriptless);
});

test("a star is set and taken without a new page, and stays", LONGEST, async () => {
  const role = /payments-prod/;
  await withList(async (page) => {
    let loads = 0;
    page.on("framenavigated", () => (loads += 1));
    await page.fill("#q", "payments-prod read");
    const star = page.locator(".acct:not([hidden]) .role:not([hidden]) .star").first();
    const arn = await star.getAttribute("value");
    assert.match(await star.getAttribute("aria-label"), role);
    await star.click();
    await page.waitForSelector(`.role .star[aria-pressed=true][value="${arn}"]`);
    await page.fill("#q", "");
    const favourites = page.locator("[data-favourites] li");
    assert.equal(await favourites.count(), 1);
    assert.ok(await page.isVisible("[data-favourites] h2"));
    assert.match(await favourites.innerText(), /ReadOnly[^]*payments-prod[^]*Production/);
    const made = await favourites.evaluate((item) => item.outerHTML.replace(/\s+/g, " "));
    assert.equal(loads, 0);
    await page.reload();
    // Script writes it as the server does.
    const served = await favourites.evaluate((item) => item.outerHTML.replace(/\s+/g, " "));
    const plain = (html) => html.replace(/> </g, "><").replace(/[\u2068\u2069]/g, "");
    assert.equal(plain(made), plain(served));
    assert.equal(await page.locator(`[id]`).evaluateAll((all) => all.length - new Set(all.map(({ id }) => id)).size), 0);
    assert.equal(await page.locator(`.role [value="${arn}"][name=role]`).count(), 1, "it is in the list, too");
    await favourites.locator(".star").click();
    await page.waitForSelector(`.role .star[aria-pressed=false][value="${arn}"]`);
    assert.equal(await favourites.count(), 0);
    assert.ok(await page.isHidden("[data-favourites]"));
    await page.reload();
    assert.equal(await favourites.count(), 0);
  });
});

test("without script stars are forms, and the search is asked of the server", LONGEST, async () => {
  await withList(
    async (page) => {
      await page.fill("#q", "ledger-dev read");
      await page.press("#q", "Enter");
      await page.waitForURL(/q=ledger-dev\+read/);
      await page.locator(".role:not([hidden]) .star").first().click();
      await page.waitForURL(/q=ledger-dev\+read#acct-/);
      assert.equal(await page.locator(".role .star[aria-pressed=true]").count(), 1);
      await page.goto(`${url}/roles`);
      assert.equal(await page.locator("[data-favourites] li").count(), 1);
      await page.locator("[data-favourites] .star").click();
      await page.waitForURL(/\/roles#acct-/);
      assert.equal(await page.locator("[data-favourites] li").count(), 0);
    },
    { javaScriptEnabled: false },
  );
});

test("the list looks good with all of it", LONGEST, async () => {
  await withList(async (page) => {
    await page.fill("#q", "prod read");
    for (const number of [0, 1, 2]) {
      await page.locator(".role:not([hidden]) .star").nth(number).click();
      await page.waitForFunction((n) => document.querySelectorAll("[data-favourites] li").length === n, number + 1);
    }
    // The rest looks the same, and a thousand rows take their time to be looked at.
    const keepFew = (selector) => page.evaluate((all) => {
      for (const account of [...document.querySelectorAll(all)].slice(4)) account.remove();
    }, selector);
    await keepFew(".acct[hidden]");
    assert.deepEqual(await look(page, "roles-many-search", told.artifacts), []);
    await page.goto(`${url}/roles`);
    await keepFew(".acct");
    assert.deepEqual(await look(page, "roles-many", told.artifacts), []);
    await page.goto(`${url}/roles`);
    while ((await page.locator("[data-favourites] li").count()) > 0) {
      const left = await page.locator("[data-favourites] li").count();
      await page.locator("[data-favourites] .star").first().click();
      await page.waitForFunction((n) => document.querySelectorAll("[data-favourites] li").length < n, left);
    }
  });
});
