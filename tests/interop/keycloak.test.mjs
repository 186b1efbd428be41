// Shows that Keycloak, the browser driver and the clients of tests/clients work with one another, with
// a small service provider in the gateway's place. What the gateway does with them is tested elsewhere.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createSign, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { deflateRawSync, inflateRawSync } from "node:zlib";

import { publicKeyPin, startBrowser } from "../browser/browser.mjs";
import { makeAuthority } from "../browser/certificates.mjs";
import { pythonPath } from "../tools/modules.mjs";
import { startProvider } from "./provider_process.mjs";
import { signIn } from "./sign_in.mjs";

const ROLE = "arn:aws:iam::123456789012:role/Reader,arn:aws:iam::123456789012:saml-provider/corp";
const AWS = "https://aws.amazon.com/SAML/Attributes";
const ACCOUNTS = {
  dora: { [`${AWS}/Role`]: [ROLE], [`${AWS}/RoleSessionName`]: "dora", groups: ["ops", "on & call"] },
};
const SIGNATURE = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const PROVIDER = "login.provider.test";
const GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm";

let folder;
let sp;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "rolegate-interop-"));
  writeFileSync(join(folder, "accounts.json"), JSON.stringify(ACCOUNTS));
  execFileSync("openssl", [
    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=sp",
    "-keyout", join(folder, "sp.key"), "-out", join(folder, "sp.pem"),
  ], { stdio: ["ignore", "ignore", "pipe"] });
  sp = await startServiceProvider();
  writeFileSync(join(folder, "sp.xml"), metadata(sp.origin));
});

after(() => {
  sp?.server.close();
  rmSync(folder, { recursive: true });
});

test("people sign in and out, from either side, with messages that signxml takes", async (t) => {
  await atKeycloak([], {}, async (keycloak, page) => {
    const certificate = await certificateOf(keycloak);
    let subject;

    await t.test("the answer to a signed request is signed and says what is known", async () => {
      await goThrough(page, keycloak);
      const facts = verified(sp.form.get("SAMLResponse"), certificate);
      assert.deepEqual(facts.signed, ["Assertion", "Response"]);
      assert.deepEqual(facts.encrypted, []);
      assert.equal(facts.response.Destination, `${sp.origin}/saml/acs`);
      assert.equal(facts.response.InResponseTo, sp.requestId);
      assert.deepEqual(facts.attributes[`${AWS}/Role`], [ROLE]);
      assert.deepEqual(facts.attributes[`${AWS}/RoleSessionName`], ["dora"]);
      assert.deepEqual(facts.attributes.groups.toSorted(), ["on & call", "ops"]);
      assert.equal(sp.form.get("RelayState"), "state");
      subject = facts.subject;
    });

    await t.test("an answer that nobody asked for names no request and the same subject", async () => {
      await page.goto(keycloak.idpInitiated);
      await page.waitForURL(`${sp.origin}/saml/acs`);
      const facts = verified(sp.form.get("SAMLResponse"), certificate);
      assert.equal(facts.response.InResponseTo, undefined);
      assert.equal(facts.subject, subject);
    });

    await t.test("a signed logout request is answered with a signed success", async () => {
      await page.goto(`${sp.origin}/logout?subject=${encodeURIComponent(subject)}`);
      await page.waitForURL(`${sp.origin}/saml/slo**`);
      assert.match(inflated(sp.query.get("SAMLResponse")), /LogoutResponse.*status:Success/);
      assert.ok(sp.query.get("Signature"));
    });

    await t.test("a person who signs out at Keycloak is signed out here by a signed request", async () => {
      await goThrough(page, keycloak);
      await page.goto(`${keycloak.entityId}/protocol/openid-connect/logout`);
      await page.click("#kc-logout");
      await page.waitForURL(`${sp.origin}/saml/slo**`);
      const request = inflated(sp.query.get("SAMLRequest"));
      assert.match(request, /LogoutRequest/);
      assert.ok(request.includes(`>${subject}</`), request);
      assert.ok(sp.query.get("Signature"));
    });
  });
});

test("an assertion is encrypted with the algorithm of the metadata, and TLS is served", async () => {
  const authority = makeAuthority();
  const options = ["--encrypt", "--sign", "assertion", ...tls(authority)];
  const pins = [publicKeyPin(authority.certificate)];
  await atKeycloak(options, { pins }, async (keycloak, page) => {
    assert.equal(keycloak.entityId, `https://${PROVIDER}/realms/corp`);
    await goThrough(page, keycloak);
    const facts = verified(sp.form.get("SAMLResponse"), await certificateOf(keycloak));
    assert.deepEqual(facts.signed, ["Assertion"]);
    assert.equal(facts.encrypted[0], GCM);
    assert.deepEqual(facts.attributes[`${AWS}/RoleSessionName`], ["dora"]);
  });
});

/** Runs Keycloak and a browser for as long as `use` needs them. */
async function atKeycloak(options, browserOptions, use) {
  const keycloak = await startProvider(
    ["--sp-metadata", join(folder, "sp.xml"), "--accounts", join(folder, "accounts.json"), ...options],
    "keycloak.mjs",
  );
  const resolve = [`MAP ${PROVIDER}:443 127.0.0.1:${keycloak.port}`];
  const { browser, context } = await startBrowser({ resolve, ...browserOptions });
  try {
    await use(keycloak, await context.newPage());
  } finally {
    await browser.close();
    keycloak.stop();
  }
}

function tls(authority) {
  const { key, certificate } = authority.issue([PROVIDER]);
  writeFileSync(join(folder, "key.pem"), key, { mode: 0o600 });
  writeFileSync(join(folder, "chain.pem"), certificate);
  return [
    "--url", `https://${PROVIDER}`,
    "--tls-key", join(folder, "key.pem"),
    "--tls-certificate", join(folder, "chain.pem"),
  ];
}

async function goThrough(page, keycloak) {
  sp.provider = `${keycloak.entityId}/protocol/saml`;
  const { password } = keycloak;
  await signIn(page, { start: `${sp.origin}/`, click: "a", login: "dora", password, returnTo: sp.origin });
}

async function certificateOf(keycloak) {
  const descriptor = await (await fetch(keycloak.metadata)).text();
  const [, base64] = /<ds:X509Certificate>([^<]+)</.exec(descriptor);
  const file = join(folder, "idp.pem");
  const lines = base64.match(/.{1,64}/g).join("\n");
  writeFileSync(file, `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`);
  return file;
}

function verified(response, certificate) {
  const script = fileURLToPath(new URL("../clients/saml_verify.py", import.meta.url));
  const key = join(folder, "sp.key");
  const options = [script, "--certificate", certificate, "--key", key];
  return JSON.parse(execFileSync(pythonPath(), options, { input: response }));
}

function inflated(message) {
  return inflateRawSync(Buffer.from(message, "base64")).toString();
}

async function startServiceProvider() {
  const provider = { server: createServer((request, response) => respond(request, response)) };
  await new Promise((done) => provider.server.listen(0, "127.0.0.1", done));
  provider.origin = `http://127.0.0.1:${provider.server.address().port}`;
  return provider;
}

async function respond(request, response) {
  const url = new URL(request.url, sp.origin);
  response.setHeader("Content-Type", "text/html");
  if (url.pathname === "/") {
    response.end('<a href="/login">Sign in</a>');
  } else if (url.pathname === "/login") {
    redirect(response, authnRequest());
  } else if (url.pathname === "/logout") {
    redirect(response, logoutRequest(url.searchParams.get("subject")));
  } else if (url.pathname === "/saml/acs") {
    sp.form = new URLSearchParams(await bodyOf(request));
    response.end("<p>back</p>");
  } else if (url.pathname === "/saml/slo") {
    sp.query = url.searchParams;
    response.end("<p>signed out</p>");
  } else {
    response.writeHead(404).end();
  }
}

async function bodyOf(request) {
  let body = "";
  for await (const piece of request.setEncoding("utf8")) {
    body += piece;
  }
  return body;
}

/** The redirect binding: the signature is over the query as it is sent (Bindings 3.4.4.1). */
function redirect(response, message) {
  const query = new URLSearchParams([
    ["SAMLRequest", deflateRawSync(message).toString("base64")],
    ["RelayState", "state"],
    ["SigAlg", SIGNATURE],
  ]).toString();
  const signer = createSign("RSA-SHA256").update(query);
  const signature = signer.sign(readFileSync(join(folder, "sp.key")), "base64");
  const location = `${sp.provider}?${query}&Signature=${encodeURIComponent(signature)}`;
  response.writeHead(302, { location }).end();
}

function authnRequest() {
  return request("AuthnRequest", `AssertionConsumerServiceURL="${sp.origin}/saml/acs"`, "");
}

function logoutRequest(subject) {
  return request("LogoutRequest", "", `<saml:NameID>${subject}</saml:NameID>`);
}

function request(name, attributes, content) {
  sp.requestId = `_${randomUUID()}`;
  return (
    `<samlp:${name} xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"` +
    ` xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${sp.requestId}" Version="2.0"` +
    ` IssueInstant="${new Date().toISOString()}" Destination="${sp.provider}" ${attributes}>` +
    `<saml:Issuer>${sp.origin}/saml/metadata</saml:Issuer>${content}</samlp:${name}>`
  );
}

function metadata(origin) {
  const bindings = "urn:oasis:names:tc:SAML:2.0:bindings";
  const certificate = readFileSync(join(folder, "sp.pem"), "utf8").replace(/-----.*-----|\n/g, "");
  const keyInfo =
    '<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>' +
    `<ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`;
  return (
    '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"' +
    ` entityID="${origin}/saml/metadata"><md:SPSSODescriptor AuthnRequestsSigned="true"` +
    ' WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">' +
    `<md:KeyDescriptor use="signing">${keyInfo}</md:KeyDescriptor>` +
    `<md:KeyDescriptor use="encryption">${keyInfo}<md:EncryptionMethod Algorithm="${GCM}"/>` +
    "</md:KeyDescriptor>" +
    `<md:SingleLogoutService Binding="${bindings}:HTTP-Redirect" Location="${origin}/saml/slo"/>` +
    "<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>" +
    `<md:AssertionConsumerService Binding="${bindings}:HTTP-POST" Location="${origin}/saml/acs"` +
    ' index="0" isDefault="true"/></md:SPSSODescriptor></md:EntityDescriptor>'
  );
}
