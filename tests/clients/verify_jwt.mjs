// Verifies a JWT as somebody would who has never heard of the gateway: by its issuer's discovery
// document and keys, with the library `jose`.
//
//   node tests/clients/verify_jwt.mjs < {"token", "issuer", "audience", "now"}
//
// Prints {"payload", "header", "discovery"}, or {"refused": why}.

import { readFileSync } from "node:fs";

import { load } from "../tools/modules.mjs";

const { createRemoteJWKSet, jwtVerify } = await load("jose");
const { token, issuer, audience, now } = JSON.parse(readFileSync(0, "utf8"));

try {
  const answer = await fetch(`${issuer}/.well-known/openid-configuration`);
  if (!answer.ok) throw new Error(`discovery: ${answer.status}`);
  const discovery = await answer.json();
  const keys = createRemoteJWKSet(new URL(discovery.jwks_uri));
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    issuer: discovery.issuer,
    audience,
    algorithms: discovery.id_token_signing_alg_values_supported,
    currentDate: new Date(now * 1000),
    requiredClaims: ["sub", "iat", "exp", "jti"],
  });
  console.log(JSON.stringify({ payload, header: protectedHeader, discovery }));
} catch (error) {
  console.log(JSON.stringify({ refused: error.message }));
}
