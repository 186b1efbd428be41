// Whole sign-ins and sign-outs at Keycloak through a gateway, in Chromium. `tests/interop/keycloak.rs`
// starts both and runs this, with how Keycloak was told to sign and to encrypt.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readKeys, takeRole, untilMetadataIsKnown } from "../browser/portal.mjs";
import { LONGEST, gateway, house, provider, text, withCommandLine, withPage } from "../browser/scene.mjs";
import { signIn } from "./sign_in.mjs";

const { connections, encrypts, keycloak, principal, role, signsDocuments } = house;
const ANA = "arn:aws:sts::123456789012:assumed-role/Engineer/ana@corp.example";
const ANA_AT_STS = "arn:aws:sts::123456789012:assumed-role/Engineer/ana.at.sts";
const ACS = `${gateway}/saml/acs`;
const SLO = `${gateway}/saml/slo`;
const KEYCLOAK_SAML = `${keycloak.entityId}/protocol/saml`;
const LOGIN_FIELD = 'input[name="username"]';

test("the gateway reads Keycloak's metadata by itself", LONGEST, async () => {
  await withPerson(async (page) => {
    for (const connection of Object.values(connections)) {
      await untilMetadataIsKnown(page, gateway, connection);
    }
  });
});

test("ana signs in by a signed redirect and takes keys that the AWS command line uses", LONGEST, async () => {
  await withPerson(async (page) => {
    const asked = page.waitForRequest((request) => request.url().startsWith(`${KEYCLOAK_SAML}?`));
    const answered = page.waitForRequest(ACS);
    await signInAs(page, "ana");
    const query = new URL((await asked).url()).searchParams;
    for (const name of ["SAMLRequest", "RelayState", "SigAlg", "Signature"]) {
      assert.ok(query.get(name), name);
    }
    assertMadeAsSet(responseOf(await answered));
    assert.equal(page.url(), `${gateway}/roles`);
    assert.equal(await page.locator(".role button[name=role]").count(), 1);
    assert.equal((await callerWithKeysOf(page)).Arn, ANA);
  });
});

test("a request that is posted is signed inside, and Keycloak takes that as well", LONGEST, async () => {
  await withPerson(async (page) => {
    const asked = page.waitForRequest(KEYCLOAK_SAML);
    await signInAs(page, "ana", connections.byPost);
    const form = new URLSearchParams((await asked).postData());
    assert.match(decoded(form.get("SAMLRequest")), /AuthnRequest[^]*<[a-z]*:?SignatureValue/);
    assert.equal(page.url(), `${gateway}/roles`);
    assert.equal((await callerWithKeysOf(page)).Arn, ANA);
  });
});

test("ben, whom no rule names, signs in and gets no role", LONGEST, async () => {
  await withPerson(async (page) => {
    await signInAs(page, "ben");
    assert.equal(await text(page, "h1"), "You are signed in, but no role is yours yet");
  });
});

test("a sign-in that Keycloak begins ends in the portal", LONGEST, async () => {
  await withPerson(async (page) => {
    const answered = page.waitForRequest(ACS);
    await begunAtKeycloak(page);
    const response = responseOf(await answered);
    assertMadeAsSet(response);
    assert.doesNotMatch(response.split("<saml:Issuer", 1)[0], /InResponseTo/);
    assert.equal(page.url(), `${gateway}/roles`);
    assert.equal((await callerWithKeysOf(page)).Arn, ANA);
  });
});

test("a response of Keycloak's buys a session at STS", LONGEST, async () => {
  await withPerson(async (page) => {
    await page.route(ACS, (route) => route.fulfill({ contentType: "text/plain", body: "kept" }));
    const answered = page.waitForRequest(ACS);
    await begunAtKeycloak(page);
    const form = new URLSearchParams((await answered).postData());
    const identity = await callerAtSts(form.get("SAMLResponse"));
    assert.equal(identity.Arn, ANA_AT_STS);
  });
});

test("a sign-out in the portal ends Keycloak's session too, and is told as far as it is signed", LONGEST, async () => {
  await withPerson(async (page) => {
    await signInAs(page, "ana");
    assert.equal(await keycloakKnowsPerson(page), true);
    await page.goto(`${gateway}/roles`);
    await page.click("details.menu summary");
    const answered = page.waitForRequest(isToSlo);
    await page.click("details.menu form[action='/sign-out'] button");
    assert.equal(isSigned(await answered, "SAMLResponse"), signsDocuments);
    await page.waitForURL((url) => url.href.startsWith(SLO));
    if (signsDocuments) {
      assert.equal(await text(page, "h1"), "You are signed out");
      assert.match(await text(page, ".note"), /signed out at your identity provider, too/);
    } else {
      assert.equal(await text(page, "h1"), "This sign-out was not accepted");
      assert.match(await text(page), /You are signed out here\./);
    }
    await assertSignedOut(page);
    assert.equal(await keycloakKnowsPerson(page), false);
  });
});

test("a sign-out at Keycloak ends the person's sessions in every browser, if it is signed", LONGEST, async () => {
  await withPerson(async (page) => {
    await signInAs(page, "ana");
    await withPerson(async (other) => {
      await signInAs(other, "ana");
      const asked = other.waitForRequest(isToSlo);
      await other.goto(`${keycloak.entityId}/protocol/openid-connect/logout`);
      await other.click("#kc-logout");
      assert.equal(isSigned(await asked, "SAMLRequest"), signsDocuments);
      if (signsDocuments) {
        await other.waitForSelector("text=You are logged out");
        assert.equal(new URL(other.url()).origin, provider);
        await assertSignedOut(other);
      } else {
        await other.waitForSelector('h1:text-is("This sign-out was not accepted")');
        await assertSignedIn(other);
      }
    });
    await (signsDocuments ? assertSignedOut(page) : assertSignedIn(page));
  });
});

/** A page of a fresh profile. What Keycloak's own pages complain of is not looked at. */
async function withPerson(use) {
  await withPage(async (page, complaints) => {
    await use(page);
    const own = complaints.filter((complaint) => complaint.startsWith(gateway));
    complaints.splice(0, complaints.length, ...own);
  });
}

async function signInAs(page, login, connection = connections.byRedirect) {
  await signIn(page, {
    start: `${gateway}/`,
    click: `button[name="connection"][value="${connection}"]`,
    login,
    password: keycloak.password,
    returnTo: gateway,
  });
  await page.waitForLoadState();
}

/** Ana signs in at Keycloak, which posts a response to the gateway that nobody asked for. */
async function begunAtKeycloak(page) {
  await page.goto(keycloak.idpInitiated);
  await page.fill(LOGIN_FIELD, "ana");
  await page.fill('input[name="password"]', keycloak.password);
  await page.press('input[name="password"]', "Enter");
  await page.waitForURL((url) => url.origin === gateway);
  await page.waitForLoadState();
}

/** Whether Keycloak signs this browser in without asking: it has a session. Ends at either. */
async function keycloakKnowsPerson(page) {
  await page.goto(`${gateway}/sign-in`);
  await page.click(`button[name="connection"][value="${connections.byRedirect}"]`);
  await page.locator(`${LOGIN_FIELD}, button[name="role"]`).first().waitFor();
  return new URL(page.url()).origin === gateway;
}

const isToSlo = (request) => request.url().startsWith(SLO);

/** Whether a message about a sign-out is signed: in the query that it is in, or inside, in a form. */
function isSigned(request, name) {
  const query = new URL(request.url()).searchParams;
  if (query.has(name)) {
    return query.has("Signature");
  }
  return decoded(new URLSearchParams(request.postData()).get(name)).includes("<dsig:Signature ");
}

function responseOf(request) {
  return decoded(new URLSearchParams(request.postData()).get("SAMLResponse"));
}

function decoded(message) {
  return Buffer.from(message, "base64").toString();
}

/** The response is signed and encrypted as Keycloak's client was set up, and not otherwise. */
function assertMadeAsSet(response) {
  const [head, content] = response.split(/<saml:(?:Encrypted)?Assertion[ >]/);
  assert.equal(head.includes("<dsig:Signature "), signsDocuments);
  assert.equal(response.includes("<saml:EncryptedAssertion"), encrypts);
  assert.equal(content.includes("<dsig:Signature "), !encrypts);
}

/** Takes the role; what the AWS command line is told with its keys. */
async function callerWithKeysOf(page) {
  await takeRole(page, role);
  const { bash } = await readKeys(page);
  return withCommandLine((lines) => lines.whoWithShell(bash));
}

/** Exchanges a response at STS; what the AWS command line is told with the keys. */
function callerAtSts(response) {
  const names = "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN";
  const exchange = `
    export AWS_ENDPOINT_URL_STS=${gateway} AWS_DEFAULT_REGION=us-east-1
    keys=$("$ROLEGATE_TEST_AWS" sts assume-role-with-saml --role-arn ${role} --principal-arn ${principal} \\
      --saml-assertion ${response} --output text \\
      --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]')
    read -r ${names} <<<"$keys"
    export ${names}`;
  return withCommandLine((lines) => lines.whoWithShell(exchange));
}

async function assertSignedOut(page) {
  await page.goto(`${gateway}/roles`);
  assert.equal(await text(page, "h1"), "Sign in");
}

async function assertSignedIn(page) {
  await page.goto(`${gateway}/roles`);
  assert.equal(page.url(), `${gateway}/roles`);
  assert.equal(await page.locator(".role button[name=role]").count(), 1);
}
