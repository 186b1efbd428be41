// A SAML identity provider that signs whatever it is told to, with the npm package `samlify`.
//
//   node tests/clients/saml_response.mjs FOLDER < WANTED
//
// FOLDER is one that `saml_response.py provider FOLDER …` has filled, with an RSA key, and WANTED is
// what `saml_response.py response` takes, without `algorithm`. Prints a response in base64, as a browser
// posts it. An encrypted assertion is signed before, the response after it; samlify has no 256-bit GCM.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { load } from "../tools/modules.mjs";

const LIFETIME_SECONDS = 300;
const POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const URI_FORMAT = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
const PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
const ENCRYPTION = { "aes128-gcm": "http://www.w3.org/2009/xmlenc11#aes128-gcm" };

const samlify = await load("samlify");
const { IdentityProvider, ServiceProvider, SamlLib, setSchemaValidator } = samlify.default ?? samlify;

await main();

async function main() {
  const [folder] = process.argv.slice(2);
  const wanted = JSON.parse(await text(process.stdin));
  // samlify reads nothing without one; nothing is read here.
  setSchemaValidator({ validate: async () => "not asked" });
  const options = {
    customTagReplacement: (template) => filled(template, wanted),
    encryptThenSign: Boolean(wanted.encrypt),
  };
  const user = { email: wanted.name_id };
  const idp = identityProvider(folder, wanted);
  const made = await idp.createLoginResponse(serviceProvider(wanted), null, "post", user, options);
  process.stdout.write(`${made.context}\n`);
}

function identityProvider(folder, wanted) {
  const { encrypt } = wanted;
  return IdentityProvider({
    metadata: readFileSync(join(folder, "metadata.xml")),
    privateKey: readFileSync(join(folder, "key.pem")),
    isAssertionEncrypted: Boolean(encrypt),
    dataEncryptionAlgorithm: encrypt && known(ENCRYPTION, encrypt.algorithm),
    loginResponseTemplate: { context: template(wanted), attributes: [] },
  });
}

function serviceProvider(wanted) {
  return ServiceProvider({
    entityID: wanted.audience,
    assertionConsumerService: [{ Binding: POST, Location: wanted.acs }],
    wantAssertionsSigned: wanted.sign !== "response",
    wantMessageSigned: wanted.sign !== "assertion",
    encryptCert: wanted.encrypt && readFileSync(wanted.encrypt.certificate),
  });
}

/** samlify's own template, with statements; it takes only one value for each attribute. */
function template(wanted) {
  const attributes = Object.entries(wanted.attributes).map(([, values], attribute) => {
    const tags = values.map((_, value) => `{${tag(attribute, value)}}`);
    const elements = tags.map((name) => `<saml:AttributeValue>${name}</saml:AttributeValue>`);
    return (
      `<saml:Attribute Name="{${tag(attribute, "name")}}" NameFormat="${URI_FORMAT}">` +
      `${elements.join("")}</saml:Attribute>`
    );
  });
  const authentication =
    '<saml:AuthnStatement AuthnInstant="{IssueInstant}" SessionIndex="{AssertionID}"><saml:AuthnContext>' +
    `<saml:AuthnContextClassRef>${PASSWORD}</saml:AuthnContextClassRef>` +
    "</saml:AuthnContext></saml:AuthnStatement>";
  return SamlLib.defaultLoginResponseTemplate.context
    .replace("{AuthnStatement}", () => authentication)
    .replace(
      "{AttributeStatement}",
      () => `<saml:AttributeStatement>${attributes.join("")}</saml:AttributeStatement>`,
    );
}

function filled(template, wanted) {
  const now = new Date();
  const end = new Date(now.getTime() + (wanted.lifetime ?? LIFETIME_SECONDS) * 1000).toISOString();
  const id = freshId();
  const tags = {
    ID: id,
    AssertionID: freshId(),
    IssueInstant: now.toISOString(),
    Destination: wanted.acs,
    SubjectRecipient: wanted.acs,
    InResponseTo: wanted.in_response_to,
    Issuer: wanted.entity_id,
    StatusCode: "urn:oasis:names:tc:SAML:2.0:status:Success",
    NameIDFormat: PERSISTENT,
    NameID: wanted.name_id,
    Audience: wanted.audience,
    ConditionsNotBefore: now.toISOString(),
    ConditionsNotOnOrAfter: end,
    SubjectConfirmationDataNotOnOrAfter: end,
  };
  Object.entries(wanted.attributes).forEach(([name, values], attribute) => {
    tags[tag(attribute, "name")] = name;
    values.forEach((value, index) => (tags[tag(attribute, index)] = value));
  });
  return { id, context: SamlLib.replaceTagsByValue(template, tags) };
}

function tag(attribute, what) {
  return `attribute_${attribute}_${what}`;
}

function known(table, name) {
  if (!Object.hasOwn(table, name)) {
    throw new Error(`samlify does not know ${name}`);
  }
  return table[name];
}

function freshId() {
  return `_${crypto.randomUUID()}`;
}
