// Shows that the SAML clients work with one another and with xmlsec1. What the gateway does with their
// messages is tested elsewhere.

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { pythonPath } from "../tools/modules.mjs";

const SAML = "urn:oasis:names:tc:SAML:2.0";
const AWS = "https://aws.amazon.com/SAML/Attributes";
const WANTED = {
  entity_id: "https://idp.example/saml",
  acs: "https://gateway.example/saml/acs",
  audience: "https://gateway.example/saml/metadata",
  name_id: "ana & <co>",
  in_response_to: "_request",
  attributes: {
    [`${AWS}/Role`]: ["arn:aws:iam::123456789012:role/A,arn:x", "b\u00e9 & <c>"],
    [`${AWS}/RoleSessionName`]: ["ana"],
    [`${AWS}/SessionDuration`]: ["1800"],
    [`${AWS}/PrincipalTag:team`]: ["ops"],
  },
};
const SIGNED = {
  assertion: ["Assertion"],
  response: ["Response"],
  both: ["Assertion", "Response"],
};

let folder;
let rsa;
let p256;
let certificate;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "rolegate-saml-"));
  rsa = makeProvider("rsa");
  p256 = makeProvider("p256");
  certificate = join(folder, "sp.pem");
  execFileSync("openssl", [
    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=sp",
    "-keyout", join(folder, "sp.key"), "-out", certificate,
  ], { stdio: ["ignore", "ignore", "pipe"] });
});

after(() => rmSync(folder, { recursive: true }));

for (const [sign, parts] of Object.entries(SIGNED)) {
  for (const maker of ["signxml", "pysaml2", "samlify"]) {
    test(`${maker} makes what is wanted and signs ${sign}`, () => {
      const facts = verified(rsa, made(maker, rsa, { ...WANTED, sign }));
      assert.deepEqual(facts.signed, parts);
      assertAsWanted(facts);
      assert.equal(facts.response.InResponseTo, "_request");
    });
  }
}

for (const [maker, algorithm] of [
  ["pysaml2", "aes128-gcm"],
  ["pysaml2", "aes256-gcm"],
  ["samlify", "aes128-gcm"],
]) {
  for (const sign of ["assertion", "both"]) {
    test(`${maker} signs ${sign} and encrypts with ${algorithm}`, () => {
      const encrypt = { certificate, algorithm };
      const facts = verified(rsa, made(maker, rsa, { ...WANTED, sign, encrypt }));
      assert.deepEqual(facts.signed, SIGNED[sign]);
      assert.deepEqual(facts.encrypted, [
        `http://www.w3.org/2009/xmlenc11#${algorithm}`,
        "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
      ]);
      assertAsWanted(facts);
    });
  }
}

for (const [kind, algorithm] of [
  ["rsa", "rsa-sha256"],
  ["rsa", "rsa-sha512"],
  ["p256", "ecdsa-sha256"],
]) {
  test(`what signxml signs with ${algorithm} is right for xmlsec1`, () => {
    const provider = { rsa, p256 }[kind];
    const message = join(folder, "message.xml");
    const response = made("signxml", provider, { ...WANTED, sign: "both", algorithm });
    writeFileSync(message, Buffer.from(response, "base64"));
    for (const parent of ["Response", "Assertion"]) {
      const path = `//*[local-name()='${parent}']/*[local-name()='Signature']`;
      // It ends with an error where the signature is wrong.
      execFileSync("xmlsec1", [
        "--verify", "--pubkey-cert-pem", join(provider, "certificate.pem"), "--node-xpath", path,
        "--id-attr:ID", `${SAML}:protocol:Response`, "--id-attr:ID", `${SAML}:assertion:Assertion`,
        message,
      ], { stdio: ["ignore", "ignore", "pipe"] });
    }
  });
}

test("nobody's answer answers nothing, with every maker", () => {
  const { in_response_to: _, ...unasked } = WANTED;
  for (const maker of ["signxml", "pysaml2", "samlify"]) {
    const response = made(maker, rsa, { ...unasked, sign: "both" });
    const message = Buffer.from(response, "base64").toString();
    assert.doesNotMatch(message, /InResponseTo/, maker);
    assert.deepEqual(verified(rsa, response).signed, ["Assertion", "Response"]);
  }
});

test("boto3 presents a response without credentials and asks who the keys belong to", async () => {
  const [told, asked] = await presented((fields) =>
    fields.get("Action") === "AssumeRoleWithSAML" ? [200, ASSUMED] : [200, CALLER],
  );
  assert.equal(told.identity.Arn, "arn:aws:sts::123456789012:assumed-role/A/ana");
  assert.equal(told.answer.Issuer, "https://idp.example/saml");
  assert.equal(told.answer.NameQualifier, "qualifier");
  assert.deepEqual(asked[0], {
    authorized: false,
    Action: "AssumeRoleWithSAML",
    Version: "2011-06-15",
    RoleArn: PARAMETERS.RoleArn,
    PrincipalArn: PARAMETERS.PrincipalArn,
    SAMLAssertion: PARAMETERS.SAMLAssertion,
  });
  assert.equal(asked[1].authorized, true);
});

test("boto3 says why a response is refused", async () => {
  const body =
    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>' +
    "<Code>InvalidIdentityToken</Code><Message>No.</Message></Error></ErrorResponse>";
  const [told] = await presented(() => [400, body]);
  assert.deepEqual(told.error, {
    class: "InvalidIdentityTokenException",
    code: "InvalidIdentityToken",
    message: "No.",
    status: 400,
  });
});

const PARAMETERS = {
  RoleArn: "arn:aws:iam::123456789012:role/A",
  PrincipalArn: "arn:aws:iam::123456789012:saml-provider/corp",
  SAMLAssertion: "c29tZXRoaW5n",
};
const NAMESPACE = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"';
const ASSUMED =
  `<AssumeRoleWithSAMLResponse ${NAMESPACE}><AssumeRoleWithSAMLResult><Credentials>` +
  "<AccessKeyId>ASIAEXAMPLEEXAMPLE00</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>" +
  "<SessionToken>token</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></Credentials>" +
  "<Issuer>https://idp.example/saml</Issuer><NameQualifier>qualifier</NameQualifier>" +
  "</AssumeRoleWithSAMLResult></AssumeRoleWithSAMLResponse>";
const CALLER =
  `<GetCallerIdentityResponse ${NAMESPACE}><GetCallerIdentityResult>` +
  "<Arn>arn:aws:sts::123456789012:assumed-role/A/ana</Arn><UserId>AROA:ana</UserId>" +
  "</GetCallerIdentityResult></GetCallerIdentityResponse>";

/** What the client says of a service that answers like this, and what it asked that service. */
async function presented(answer) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const body = [];
    for await (const piece of request) {
      body.push(piece);
    }
    const fields = new URLSearchParams(Buffer.concat(body).toString());
    const authorized = "authorization" in request.headers;
    asked.push({ authorized, ...Object.fromEntries(fields) });
    const [status, text] = answer(fields);
    response.writeHead(status, { "content-type": "text/xml" }).end(text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${server.address().port}`;
  const env = { PATH: process.env.PATH, HOME: folder, AWS_ENDPOINT_URL_STS: endpoint };
  const client = execFile(pythonPath(), [script("assume_role_with_saml.py")], { env });
  client.stdin.end(JSON.stringify(PARAMETERS));
  client.stderr.pipe(process.stderr);
  let said = "";
  client.stdout.on("data", (text) => (said += text));
  await once(client, "close");
  server.close();
  return [JSON.parse(said), asked];
}

function assertAsWanted(facts) {
  assert.equal(facts.response.Destination, WANTED.acs);
  assert.equal(facts.subject, WANTED.name_id);
  assert.deepEqual(facts.attributes, WANTED.attributes);
}

function makeProvider(kind) {
  const place = join(folder, kind);
  mkdirSync(place);
  python("saml_response.py", ["provider", place, WANTED.entity_id, "--key", kind]);
  return place;
}

function made(maker, provider, wanted) {
  const input = JSON.stringify(wanted);
  if (maker === "samlify") {
    const options = { input, encoding: "utf8" };
    return execFileSync(process.execPath, [script("saml_response.mjs"), provider], options);
  }
  return python("saml_response.py", ["response", provider, "--by", maker], input);
}

function verified(provider, response) {
  const keys = ["--certificate", join(provider, "certificate.pem"), "--key", join(folder, "sp.key")];
  return JSON.parse(python("saml_verify.py", keys, response));
}

function python(name, options, input = "") {
  // pysaml2 uses what its libraries warn of.
  const command = ["-W", "ignore", script(name), ...options];
  return execFileSync(pythonPath(), command, { input, encoding: "utf8" });
}

function script(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}
