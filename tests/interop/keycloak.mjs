// Runs Keycloak as an identity provider by SAML, or by OpenID Connect, that knows nothing of Rolegate.
//
//   node tests/interop/keycloak.mjs [options]
//     --sp-metadata FILE   the service provider; Keycloak's own importer reads the file
//     --oidc-client FILE   JSON, see OidcClient in keycloak_realm.mjs
//     --port N             loopback port; 0 (the default) takes a free one
//     --url URL            what it calls itself; default http(s)://127.0.0.1:PORT
//     --accounts FILE      JSON, login -> {attribute: value or list}; default: ACCOUNTS below
//     --sign WHAT          response, assertion or both (the default)
//     --encrypt            encrypts assertions with the certificate of the metadata
//     --name-id FORMAT     persistent, transient, email or username; default: what is asked for
//     --tls-key FILE --tls-certificate FILE    serve TLS (PEM, with the chain)
//     --stop-with-stdin    end when standard input does, so that no run outlives its test
//
// When it answers it prints one line of JSON: {entityId, metadata, password, idpInitiated, port, pid}.
// `password` is everyone's. Its database is a copy of the one that tests/tools/keycloak.sh made and is
// lost when it ends; its signing key is new at each start.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readFileSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { javaTools } from "../tools/modules.mjs";
import { makeRealm } from "./keycloak_realm.mjs";

const ACCOUNTS = {
  ana: { email: "ana@corp.example", groups: ["engineering", "aws-admins"] },
  ben: { email: "ben@corp.example", groups: ["finance"] },
};

const START_MILLISECONDS = 120_000;
const LOOK_AGAIN_MILLISECONDS = 200;

/**
 * Runs Java until standard input ends, which it does with this process however that ends, and removes
 * the server's home, $0. Nothing that the server knows is kept, so it need not end in order.
 */
const WATCHED = `
  exec 3<&0
  java "$@" </dev/null 2>&1 3<&- &
  server=$!
  { cat <&3; kill -s KILL $server; } >/dev/null 2>&1 &
  wait $server 2>/dev/null
  rm -rf -- "$0"`;

/** What bin/kc.sh gives the virtual machine, and less optimizing: it does not run for long. */
const JAVA_OPTIONS = [
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  "-Xmx768m",
  "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
  "-Djava.util.concurrent.ForkJoinPool.common.threadFactory=" +
    "io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
  "-Dpicocli.disable.closures=true",
  "-Duser.language=en",
  "--add-opens=java.base/java.util=ALL-UNNAMED",
  "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
  "--add-opens=java.base/java.security=ALL-UNNAMED",
];

const options = {
  "sp-metadata": { type: "string" },
  "oidc-client": { type: "string" },
  port: { type: "string", default: "0" },
  url: { type: "string" },
  accounts: { type: "string" },
  sign: { type: "string", default: "both" },
  encrypt: { type: "boolean", default: false },
  "name-id": { type: "string" },
  "tls-key": { type: "string" },
  "tls-certificate": { type: "string" },
  "stop-with-stdin": { type: "boolean", default: false },
};

await main();

async function main() {
  const { values } = parseArgs({ options });
  const port = Number(values.port) || (await freePort());
  const scheme = values["tls-key"] ? "https" : "http";
  const url = values.url ?? `${scheme}://127.0.0.1:${port}`;
  const adminPort = scheme === "https" ? await freePort() : port;
  const keycloak = startKeycloak(serverOptions(values, { port, adminPort, url }));
  if (values["stop-with-stdin"]) {
    process.stdin.resume().on("end", () => process.exit(0));
  }
  const admin = `http://127.0.0.1:${adminPort}`;
  await Promise.race([untilItAnswers(admin), keycloak.ended]);
  const facts = await makeRealm(admin, url, {
    adminPassword: keycloak.adminPassword,
    accounts: values.accounts ? readJson(values.accounts) : ACCOUNTS,
    serviceProvider: values["sp-metadata"] && readFileSync(values["sp-metadata"], "utf8"),
    oidcClient: values["oidc-client"] && readJson(values["oidc-client"]),
    sign: values.sign,
    encrypt: values.encrypt,
    nameId: values["name-id"],
  });
  process.stdout.write(`${JSON.stringify({ ...facts, port, pid: process.pid })}\n`);
}

/** With TLS there is a plain port beside it, for what is set up here. */
function serverOptions(values, { port, adminPort, url }) {
  const plain = ["--http-enabled=true", "--http-host=127.0.0.1", `--http-port=${adminPort}`];
  const tls = [
    `--https-port=${port}`,
    `--https-certificate-file=${values["tls-certificate"]}`,
    `--https-certificate-key-file=${values["tls-key"]}`,
  ];
  return [...plain, ...(values["tls-key"] ? tls : []), `--hostname=${url}`, "--cache=local"];
}

/** The server's process, in a home of its own that shares all but its data. */
function startKeycloak(serverOptions) {
  const installed = join(javaTools(), "keycloak");
  if (!existsSync(join(installed, "admin-password"))) {
    throw new Error(`no Keycloak in ${installed}: run \`make tools\``);
  }
  const home = mkdtempSync(join(tmpdir(), "rolegate-keycloak-"));
  for (const name of ["conf", "lib", "providers", "themes"]) {
    symlinkSync(join(installed, name), join(home, name));
  }
  cpSync(join(installed, "data", "h2"), join(home, "data", "h2"), { recursive: true });
  const java = [
    ...JAVA_OPTIONS,
    `-Dkc.home.dir=${home}`,
    `-Djboss.server.config.dir=${join(home, "conf")}`,
    ...["-cp", join(home, "lib", "quarkus-run.jar")],
    "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
    ...["start", "--optimized", ...serverOptions],
  ];
  const child = spawn("sh", ["-c", WATCHED, home, ...java], { stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (said += text));
  const ended = once(child, "exit").then(() => {
    throw new Error(`Keycloak has ended:\n${said}`);
  });
  return { adminPassword: readFileSync(join(installed, "admin-password"), "utf8"), ended };
}

async function untilItAnswers(address) {
  const end = Date.now() + START_MILLISECONDS;
  while (Date.now() < end) {
    try {
      await fetch(`${address}/realms/master`);
      return;
    } catch {
      await new Promise((done) => setTimeout(done, LOOK_AGAIN_MILLISECONDS));
    }
  }
  throw new Error(`Keycloak does not answer at ${address}`);
}

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}
