// Obtains an id_token from the identity provider of oidc-provider.mjs without a browser, for a
// test that presents it to STS (AssumeRoleWithWebIdentity).
//
//   node tests/interop/id_token.mjs --issuer URL --login NAME [--client sts-rs256|sts-es256]
//
// Prints the id_token alone. It plays the person: authorization code with PKCE (RFC 7636), the
// provider's login and consent forms answered by plain HTTP.

import { createHash, randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";

const REDIRECT_URI = "http://127.0.0.1/id-token";
/** Authorize, login, resume, consent, resume, and the way back; some pages more are a loop. */
const MOST_REQUESTS = 10;

/** Returns the id_token that `client` gets for `login`. Throws when the provider refuses. */
export async function idToken({ issuer, login, client = "sts-rs256" }) {
  const discovered = await json(await fetch(`${issuer}/.well-known/openid-configuration`));
  const verifier = randomBytes(32).toString("base64url");
  const code = await authorize(discovered.authorization_endpoint, { client, login, verifier });
  const answer = await fetch(discovered.token_endpoint, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: client,
      code,
      code_verifier: verifier,
      redirect_uri: REDIRECT_URI,
    }),
  });
  return (await json(answer)).id_token;
}

async function authorize(endpoint, { client, login, verifier }) {
  const person = makePerson();
  let answer = await person.visit(authorizationUrl(endpoint, client, verifier));
  for (let requests = 0; requests < MOST_REQUESTS; requests += 1) {
    const location = answer.headers.get("location");
    if (location?.startsWith(REDIRECT_URI)) {
      return codeOf(new URL(location));
    }
    answer = location
      ? await person.visit(new URL(location, answer.url))
      : await submitForm(person, answer, login);
  }
  throw new Error(`the provider did not answer after ${MOST_REQUESTS} requests`);
}

function authorizationUrl(endpoint, client, verifier) {
  const url = new URL(endpoint);
  url.search = new URLSearchParams({
    client_id: client,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    redirect_uri: REDIRECT_URI,
    response_type: "code",
    scope: "openid email groups",
  });
  return url;
}

function codeOf(location) {
  const code = location.searchParams.get("code");
  if (!code) {
    throw new Error(`the provider refused: ${location.searchParams}`);
  }
  return code;
}

async function submitForm(person, answer, login) {
  const page = await answer.text();
  const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1];
  if (!answer.ok || !action) {
    throw new Error(`no form to answer at ${answer.url} (${answer.status}): ${page.slice(0, 500)}`);
  }
  const consent = page.includes('name="prompt" value="consent"');
  const fields = consent ? { prompt: "consent" } : { prompt: "login", login, password: "any" };
  return person.visit(new URL(action, answer.url), {
    method: "POST",
    body: new URLSearchParams(fields),
  });
}

/** A browser's cookie jar for one host, without paths: later cookies of a name replace earlier. */
function makePerson() {
  const cookies = new Map();
  return {
    async visit(url, request = {}) {
      const headers = { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") };
      const answer = await fetch(url, { redirect: "manual", headers, ...request });
      for (const cookie of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
        cookies.set(name, value);
      }
      return answer;
    },
  };
}

async function json(answer) {
  if (!answer.ok) {
    throw new Error(`${answer.url} answered ${answer.status}: ${await answer.text()}`);
  }
  return answer.json();
}

async function main() {
  const { values } = parseArgs({
    options: {
      issuer: { type: "string" },
      login: { type: "string" },
      client: { type: "string", default: "sts-rs256" },
    },
  });
  process.stdout.write(`${await idToken(values)}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main();
}
