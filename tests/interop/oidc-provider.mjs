// Runs the npm package `oidc-provider` as an identity provider that knows nothing of Rolegate.
//
//   node tests/interop/oidc-provider.mjs --redirect-uri URI [options]
//     --port N             loopback port; 0 (the default) takes a free one
//     --issuer URL         default http://127.0.0.1:PORT
//     --client-secret S    of the client `rolegate`; default: a random one
//     --jwt-client FILE    JSON, {redirect_uri, jwk}: registers the client `rolegate-jwt`, which
//                          authenticates with private_key_jwt under this public key
//     --answer-iss URL     what its authorization responses name as their issuer (RFC 9207)
//     --accounts FILE      JSON, login -> claims; default: ACCOUNTS below
//     --tls-key FILE --tls-certificate FILE    serve TLS (PEM, with the chain)
//     --stop-with-stdin    end when standard input does, so that no run outlives its test
//
// When it listens it prints one line of JSON: {issuer, port, clientId, clientSecret, stsClients}.
// All it knows is in memory and is lost when it ends; its keys are new at each start.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { parseArgs } from "node:util";

import { load } from "../tools/modules.mjs";

const ACCOUNTS = {
  ana: { email: "ana@corp.example", email_verified: true, groups: ["engineering", "aws-admins"] },
  ben: { email: "ben@corp.example", email_verified: true, groups: ["finance"] },
  cal: { email: "cal@corp.example", email_verified: false, groups: ["engineering"] },
};

/** Public clients whose id_tokens go to STS directly, one for each signing algorithm. */
const STS_CLIENTS = { "sts-rs256": "RS256", "sts-es256": "ES256" };
const STS_REDIRECT_URI = "http://127.0.0.1/id-token";

const ID_TOKEN_LIFETIME_SECONDS = 3600;

const options = {
  port: { type: "string", default: "0" },
  issuer: { type: "string" },
  "redirect-uri": { type: "string" },
  "client-secret": { type: "string" },
  accounts: { type: "string" },
  "jwt-client": { type: "string" },
  "answer-iss": { type: "string" },
  "tls-key": { type: "string" },
  "tls-certificate": { type: "string" },
  "stop-with-stdin": { type: "boolean", default: false },
};

await main();

async function main() {
  const { values } = parseArgs({ options });
  if (!values["redirect-uri"]) {
    throw new Error("--redirect-uri is missing: the gateway's callback address");
  }
  // Standard output is for the ready line; the package's own remarks go to standard error.
  console.info = console.warn = console.error;

  const server = makeServer(values);
  await new Promise((done) => server.listen(Number(values.port), "127.0.0.1", done));
  const { port } = server.address();
  const scheme = values["tls-key"] ? "https" : "http";
  const issuer = values.issuer ?? `${scheme}://127.0.0.1:${port}`;
  const clientSecret = values["client-secret"] ?? randomBytes(32).toString("base64url");

  const provider = await makeProvider(issuer, clientSecret, values);
  if (values["answer-iss"]) {
    provider.use((context, next) => answerAs(values["answer-iss"], context, next));
  }
  server.on("request", provider.callback());
  announce({ issuer, port, clientId: "rolegate", clientSecret, stsClients: STS_CLIENTS });
  if (values["stop-with-stdin"]) {
    process.stdin.resume().on("end", () => process.exit(0));
  }
}

/** Lets the package answer, then changes the `iss` that it put into the redirect. */
async function answerAs(issuer, context, next) {
  await next();
  const location = context.response.get("location");
  if (URL.canParse(location) && new URL(location).searchParams.has("iss")) {
    const url = new URL(location);
    url.searchParams.set("iss", issuer);
    context.response.set("location", url.href);
  }
}

function makeServer(values) {
  if (!values["tls-key"]) {
    return createHttpServer();
  }
  const key = readFileSync(values["tls-key"]);
  return createHttpsServer({ key, cert: readFileSync(values["tls-certificate"]) });
}

async function makeProvider(issuer, clientSecret, values) {
  const { default: Provider } = await load("oidc-provider");
  const accounts = values.accounts ? JSON.parse(readFileSync(values.accounts, "utf8")) : ACCOUNTS;
  return new Provider(issuer, {
    clients: [
      rolegateClient(clientSecret, values["redirect-uri"]),
      ...jwtClients(values["jwt-client"]),
      ...stsClients(),
    ],
    clientAuthMethods: ["client_secret_basic", "private_key_jwt", "none"],
    claims: {
      openid: ["sub"],
      email: ["email", "email_verified"],
      groups: ["groups"],
    },
    // Puts the claims of the granted scopes into the id_token, not only into userinfo.
    conformIdTokenClaims: false,
    cookies: { keys: [randomBytes(32).toString("base64url")] },
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256"] },
    features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
    findAccount: (_context, login) => findAccount(accounts, login),
    jwks: { keys: [signingKey("RS256"), signingKey("ES256")] },
    pkce: { required: () => true },
    ttl: { IdToken: ID_TOKEN_LIFETIME_SECONDS },
  });
}

function findAccount(accounts, login) {
  if (!Object.hasOwn(accounts, login)) {
    return undefined;
  }
  return { accountId: login, claims: async () => ({ sub: login, ...accounts[login] }) };
}

function rolegateClient(clientSecret, redirectUri) {
  return {
    client_id: "rolegate",
    client_secret: clientSecret,
    redirect_uris: [redirectUri],
    post_logout_redirect_uris: [new URL("/signed-out", redirectUri).href],
    backchannel_logout_uri: redirectUri.replace("/oidc/callback/", "/oidc/backchannel-logout/"),
    backchannel_logout_session_required: true,
    response_types: ["code"],
    grant_types: ["authorization_code"],
    token_endpoint_auth_method: "client_secret_basic",
    id_token_signed_response_alg: "RS256",
  };
}

function jwtClients(file) {
  if (!file) {
    return [];
  }
  const { redirect_uri, jwk } = JSON.parse(readFileSync(file, "utf8"));
  return [
    {
      client_id: "rolegate-jwt",
      redirect_uris: [redirect_uri],
      response_types: ["code"],
      grant_types: ["authorization_code"],
      token_endpoint_auth_method: "private_key_jwt",
      token_endpoint_auth_signing_alg: jwk.alg,
      jwks: { keys: [jwk] },
      id_token_signed_response_alg: "ES256",
    },
  ];
}

function stsClients() {
  return Object.entries(STS_CLIENTS).map(([clientId, algorithm]) => ({
    client_id: clientId,
    application_type: "native",
    redirect_uris: [STS_REDIRECT_URI],
    response_types: ["code"],
    grant_types: ["authorization_code"],
    token_endpoint_auth_method: "none",
    id_token_signed_response_alg: algorithm,
  }));
}

function signingKey(algorithm) {
  const { privateKey } =
    algorithm === "RS256"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const kid = randomBytes(8).toString("hex");
  return { ...privateKey.export({ format: "jwk" }), kid, alg: algorithm, use: "sig" };
}

function announce(facts) {
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}
