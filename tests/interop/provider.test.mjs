// Shows that the provider, the browser driver and the token script work with one another, with a
// small relying party in the gateway's place. What the gateway does with them is tested elsewhere.

import assert from "node:assert/strict";
import { createHash, createPublicKey, randomBytes, verify } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { startBrowser } from "../browser/browser.mjs";
import { idToken } from "./id_token.mjs";
import { startProvider } from "./provider_process.mjs";
import { signIn } from "./sign_in.mjs";

const ACCOUNTS = { dora: { email: "dora@corp.example", email_verified: true, groups: ["ops"] } };
const CODE_VERIFIER = randomBytes(32).toString("base64url");

let folder;
let relyingParty;
let provider;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "rolegate-interop-"));
  const accounts = join(folder, "accounts.json");
  writeFileSync(accounts, JSON.stringify(ACCOUNTS));
  relyingParty = await startRelyingParty();
  provider = await startProvider(["--redirect-uri", relyingParty.callback, "--accounts", accounts]);
});

after(() => {
  provider?.stop();
  relyingParty?.server.close();
  rmSync(folder, { recursive: true });
});

test("a browser signs in and comes back with a code that buys an id_token with the account's claims", async () => {
  const { browser, context } = await startBrowser({ resolve: [] });
  try {
    const page = await context.newPage();
    const { start, origin } = relyingParty;
    await signIn(page, { start, click: "button", login: "dora", returnTo: origin });
    const claims = JSON.parse(await page.locator("pre").innerText());
    assert.equal(claims.sub, "dora");
    assert.equal(claims.aud, "rolegate");
    assert.equal(claims.email, "dora@corp.example");
    assert.equal(claims.email_verified, true);
    assert.deepEqual(claims.groups, ["ops"]);
  } finally {
    await browser.close();
  }
});

for (const [client, algorithm] of [["sts-rs256", "RS256"], ["sts-es256", "ES256"]]) {
  test(`the client ${client} gets an id_token signed with ${algorithm} without a browser`, async () => {
    const token = await idToken({ issuer: provider.issuer, login: "dora", client });
    const { header, claims } = await verified(token);
    assert.equal(header.alg, algorithm);
    assert.equal(claims.iss, provider.issuer);
    assert.equal(claims.aud, client);
    assert.deepEqual(claims.groups, ["ops"]);
  });
}

test("a login that the provider does not know gets no token", async () => {
  await assert.rejects(idToken({ issuer: provider.issuer, login: "mallory" }), /no form to answer/);
});

test("an authorization request without PKCE is refused", async () => {
  const url = authorizationUrl();
  url.searchParams.delete("code_challenge");
  url.searchParams.delete("code_challenge_method");
  const answer = await fetch(url, { redirect: "manual" });
  const location = new URL(answer.headers.get("location"));
  assert.equal(location.searchParams.get("error"), "invalid_request");
  assert.match(location.searchParams.get("error_description"), /PKCE/);
});

async function startRelyingParty() {
  const server = createServer((request, response) => {
    respond(new URL(request.url, "http://127.0.0.1"), response).catch((error) => {
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return { server, origin, start: `${origin}/`, callback: `${origin}/callback` };
}

async function respond(url, response) {
  response.setHeader("Content-Type", "text/html");
  if (url.pathname === "/") {
    response.end('<form action="/go"><button>Sign in</button></form>');
  } else if (url.pathname === "/go") {
    response.writeHead(302, { Location: authorizationUrl().href }).end();
  } else if (url.pathname === "/callback") {
    const { claims } = await verified(await redeem(url.searchParams.get("code")));
    response.end(`<pre>${JSON.stringify(claims)}</pre>`);
  } else {
    response.writeHead(404).end();
  }
}

function authorizationUrl() {
  const url = new URL(`${provider.issuer}/auth`);
  url.search = new URLSearchParams({
    client_id: provider.clientId,
    code_challenge: createHash("sha256").update(CODE_VERIFIER).digest("base64url"),
    code_challenge_method: "S256",
    redirect_uri: relyingParty.callback,
    response_type: "code",
    scope: "openid email groups",
  });
  return url;
}

async function redeem(code) {
  const { clientId, clientSecret, issuer } = provider;
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString("base64");
  const answer = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code,
      code_verifier: CODE_VERIFIER,
      redirect_uri: relyingParty.callback,
    }),
  });
  assert.equal(answer.status, 200, `token endpoint, code ${code}`);
  return (await answer.json()).id_token;
}

async function verified(token) {
  const [header, claims, signature] = token.split(".");
  const facts = JSON.parse(Buffer.from(header, "base64url"));
  const { keys } = await (await fetch(`${provider.issuer}/jwks`)).json();
  const jwk = keys.find((key) => key.kid === facts.kid);
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const signed = Buffer.from(`${header}.${claims}`);
  const bytes = Buffer.from(signature, "base64url");
  assert.ok(verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, bytes), "signature");
  return { header: facts, claims: JSON.parse(Buffer.from(claims, "base64url")) };
}
