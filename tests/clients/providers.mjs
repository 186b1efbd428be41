// What the SDK for JavaScript makes of the gateway: each of its providers of credentials, and whom STS takes
// their keys for. tests/aws_clients/providers.rs runs it with AWS_ENDPOINT_URL_STS, AWS_CONFIG_FILE and the like.
//
// Standard input is JSON: {keys, worker, supplier, careful, last, reader, device, seed, token, profiles}.
// Prints {provider: arn}, or {provider: {error}} where it threw.

import { createHmac } from "node:crypto";

import { load } from "../tools/modules.mjs";

const { STSClient, GetCallerIdentityCommand } = await load("@aws-sdk/client-sts");
const { fromIni, fromNodeProviderChain, fromTemporaryCredentials, fromTokenFile, fromWebToken } =
  await load("@aws-sdk/credential-providers");

const REGION = "us-east-1";
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const scene = await readInput();
const master = {
  accessKeyId: scene.keys.aws_access_key_id,
  secretAccessKey: scene.keys.aws_secret_access_key,
};
const session = { RoleSessionName: "ada" };

const providers = {
  fromTemporaryCredentials: fromTemporaryCredentials({
    masterCredentials: master,
    params: { RoleArn: scene.worker, DurationSeconds: 900, ...session },
    clientConfig: { region: REGION },
  }),
  "fromTemporaryCredentials with an external id": fromTemporaryCredentials({
    masterCredentials: master,
    params: { RoleArn: scene.supplier, ExternalId: "agreed", ...session },
    clientConfig: { region: REGION },
  }),
  "fromTemporaryCredentials of fromTemporaryCredentials": fromTemporaryCredentials({
    masterCredentials: fromTemporaryCredentials({
      masterCredentials: master,
      params: { RoleArn: scene.worker, ...session },
      clientConfig: { region: REGION },
    }),
    params: { RoleArn: scene.last, ...session },
    clientConfig: { region: REGION },
  }),
  "fromTemporaryCredentials with a code": fromTemporaryCredentials({
    masterCredentials: master,
    params: { RoleArn: scene.careful, SerialNumber: scene.device, ...session },
    mfaCodeProvider: async () => code(0),
    clientConfig: { region: REGION },
  }),
  "fromTemporaryCredentials of whom nobody trusts": fromTemporaryCredentials({
    masterCredentials: master,
    params: { RoleArn: scene.supplier, ...session },
    clientConfig: { region: REGION },
  }),
  // AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME say the rest.
  fromTokenFile: fromTokenFile({ clientConfig: { region: REGION } }),
  fromWebToken: fromWebToken({
    roleArn: scene.reader,
    roleSessionName: "ines",
    webIdentityToken: scene.token,
    clientConfig: { region: REGION },
  }),
  fromNodeProviderChain: fromNodeProviderChain({ profile: "last" }),
};
for (const profile of scene.profiles) {
  providers[`fromIni ${profile}`] = fromIni({
    profile,
    mfaCodeProvider: async () => code(1),
    clientConfig: { region: REGION },
  });
}

const told = {};
for (const [name, provider] of Object.entries(providers)) {
  try {
    told[name] = await arnOf(provider);
  } catch (error) {
    told[name] = { error: error.name, message: error.message };
  }
}
process.stdout.write(JSON.stringify(told));

async function arnOf(credentials) {
  const client = new STSClient({ region: REGION, credentials, maxAttempts: 1 });
  const answer = await client.send(new GetCallerIdentityCommand({}));
  return answer.Arn;
}

/** The device's code of this half minute, or of one that is so many away (RFC 6238). */
function code(away) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + away));
  const tag = createHmac("sha1", decoded(scene.seed)).update(counter).digest();
  const number = tag.readUInt32BE(tag[19] & 0xf) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

function decoded(base32) {
  let bits = "";
  for (const letter of base32) bits += BASE32.indexOf(letter).toString(2).padStart(5, "0");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

async function readInput() {
  let text = "";
  for await (const chunk of process.stdin) text += chunk;
  return JSON.parse(text);
}
