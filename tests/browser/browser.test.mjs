// Shows that `startBrowser` gives what the sign-in tests lean on: two registrable domains over
// TLS that the browser keeps apart, trusted by a pinned key and by nothing else.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createServer } from "node:https";

import { makeAuthority } from "./certificates.mjs";
import { publicKeyPin, startBrowser } from "./browser.mjs";

const authority = makeAuthority();
let server;
let port;

before(async () => {
  const { key, certificate } = authority.issue(["gateway.example", "login.provider.test"]);
  server = createServer({ key, cert: certificate }, (request, response) => {
    if (request.url === "/sign-in") {
      response.setHeader("Set-Cookie", "__Host-session=1; Secure; HttpOnly; SameSite=Lax; Path=/");
    }
    response.setHeader("Content-Type", "text/html");
    response.end(`<p id="cookies">${request.headers.cookie ?? ""}</p>
      <form method="post" action="https://gateway.example:${port}/posted"><button>go</button></form>`);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  port = server.address().port;
});

after(() => {
  server.closeAllConnections();
  server.close();
});

const resolve = ["MAP gateway.example 127.0.0.1", "MAP *.provider.test 127.0.0.1"];

async function withPage(options, use) {
  const { browser, context } = await startBrowser(options);
  try {
    await use(await context.newPage());
  } finally {
    await browser.close();
  }
}

test("a pinned authority opens pages of two domains, and a lax cookie stays home on a cross-site post", async () => {
  await withPage({ resolve, pins: [publicKeyPin(authority.certificate)] }, async (page) => {
    await page.goto(`https://gateway.example:${port}/sign-in`);
    await page.goto(`https://gateway.example:${port}/again`);
    assert.equal(await page.textContent("#cookies"), "__Host-session=1");

    await page.goto(`https://login.provider.test:${port}/`);
    assert.equal(await page.textContent("#cookies"), "");
    await page.click("button");
    assert.equal(new URL(page.url()).hostname, "gateway.example");
    assert.equal(await page.textContent("#cookies"), "");
  });
});

test("without the pin the certificate is refused", async () => {
  await withPage({ resolve }, async (page) => {
    await assert.rejects(page.goto(`https://gateway.example:${port}/`), /ERR_CERT_AUTHORITY_INVALID/);
  });
});

test("a pin of another authority is no help", async () => {
  await withPage({ resolve, pins: [publicKeyPin(makeAuthority().certificate)] }, async (page) => {
    await assert.rejects(page.goto(`https://gateway.example:${port}/`), /ERR_CERT_AUTHORITY_INVALID/);
  });
});

test("a name without a rule does not resolve", async () => {
  await withPage({ resolve, pins: [publicKeyPin(authority.certificate)] }, async (page) => {
    await assert.rejects(page.goto(`https://elsewhere.test:${port}/`), /ERR_NAME_NOT_RESOLVED/);
  });
});
