// The way to the provider and back over TLS, between two registrable domains.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { publicKeyPin, startBrowser } from "../browser/browser.mjs";
import { makeAuthority } from "../browser/certificates.mjs";
import { startProvider } from "./provider_process.mjs";
import { signIn } from "./sign_in.mjs";

const GATEWAY = "gateway.example";
const PROVIDER = "login.provider.test";
// Chromium maps the port as well, so that both have an address without one.
const CALLBACK = `https://${GATEWAY}/callback`;
const CODE_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"; // RFC 7636, appendix B

test("the sign-in ends on the gateway's domain with a code and the issuer", async () => {
  const authority = makeAuthority();
  const gateway = await startGateway(authority);
  const provider = await startTlsProvider(authority);
  const resolve = [
    `MAP ${GATEWAY}:443 127.0.0.1:${gateway.address().port}`,
    `MAP ${PROVIDER}:443 127.0.0.1:${provider.port}`,
  ];
  const pins = [publicKeyPin(authority.certificate)];
  const { browser, context } = await startBrowser({ resolve, pins });
  try {
    const page = await context.newPage();
    await signIn(page, { start: authorizationUrl().href, login: "ana", returnTo: CALLBACK });
    const { origin, pathname, searchParams } = new URL(page.url());
    assert.equal(origin + pathname, CALLBACK);
    assert.equal(searchParams.get("iss"), `https://${PROVIDER}`);
    assert.match(searchParams.get("code"), /^[\w-]{20,}$/);
  } finally {
    await browser.close();
    provider.stop();
    gateway.closeAllConnections();
    gateway.close();
  }
});

async function startGateway(authority) {
  const { key, certificate } = authority.issue([GATEWAY]);
  const server = createServer({ key, cert: certificate }, (_request, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end("<p>back</p>");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return server;
}

async function startTlsProvider(authority) {
  const folder = mkdtempSync(join(tmpdir(), "rolegate-interop-"));
  const { key, certificate } = authority.issue([PROVIDER]);
  writeFileSync(join(folder, "key.pem"), key, { mode: 0o600 });
  writeFileSync(join(folder, "chain.pem"), certificate);
  try {
    return await startProvider([
      "--redirect-uri", CALLBACK,
      "--issuer", `https://${PROVIDER}`,
      "--tls-key", join(folder, "key.pem"),
      "--tls-certificate", join(folder, "chain.pem"),
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function authorizationUrl() {
  const url = new URL(`https://${PROVIDER}/auth`);
  url.search = new URLSearchParams({
    client_id: "rolegate",
    code_challenge: CODE_CHALLENGE,
    code_challenge_method: "S256",
    redirect_uri: CALLBACK,
    response_type: "code",
    scope: "openid email groups",
  });
  return url;
}
