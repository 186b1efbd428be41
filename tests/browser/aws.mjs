// Uses keys as a person does: pastes what the page gives into a shell or a file, and asks the real
// AWS command line who that is.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * A proxy for programs whose resolver can't be told a name: it connects each name with its port
 * (`gateway.example:443`) to a loopback port and nothing else to anything. TLS goes through it end
 * to end, so names are checked as ever.
 */
export async function startProxy(routes) {
  const server = createServer((_, response) => response.writeHead(403).end());
  server.on("connect", (request, client, head) => {
    const port = routes[request.url];
    if (!port) {
      client.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    const upstream = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.write(head);
      upstream.pipe(client);
      client.pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
    client.on("error", () => upstream.destroy());
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/**
 * The command line with a home folder of its own.
 *
 * @param {object} options
 * @param {string} options.aws                the program
 * @param {object} [options.environment]      further variables, e.g. the proxy and the authority
 */
export function commandLine({ aws, environment = {} }) {
  const home = mkdtempSync(join(tmpdir(), "rolegate-aws-"));
  const file = (name) => join(home, name);
  const variables = {
    PATH: process.env.PATH,
    HOME: home,
    AWS_CONFIG_FILE: file("config"),
    AWS_SHARED_CREDENTIALS_FILE: file("credentials"),
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_MAX_ATTEMPTS: "1",
    ...environment,
  };
  const bash = async (script) => {
    const whole = `${script}\n"$ROLEGATE_TEST_AWS" sts get-caller-identity --output json $AWS_ARGUMENTS`;
    const env = { ...variables, ROLEGATE_TEST_AWS: aws };
    const { stdout } = await run("bash", ["-eu", "-c", whole], { env });
    return JSON.parse(stdout);
  };
  return {
    /** Pastes `lines` into bash and asks who that is. */
    whoWithShell: (lines) => bash(`${lines}\nAWS_ARGUMENTS=`),
    /** Puts both texts where the command line reads profiles, and asks who `profile` is. */
    whoWithProfile: (profile, credentials, config) => {
      writeFileSync(file("credentials"), credentials);
      writeFileSync(file("config"), config);
      return bash(`AWS_ARGUMENTS='--profile ${profile}'`);
    },
    /** Keeps the keys by `command`, and asks who the profile is whose process prints them. */
    whoWithProcess: (command, config) => {
      const [, profile] = config.match(/^\[profile (.+)\]$/m);
      writeFileSync(file("process-config"), config);
      const kept = `${command}\n[ "$(stat -c %a ~/.aws/rolegate/${profile}.json)" = 600 ]`;
      return bash(`${kept}\nexport AWS_CONFIG_FILE=${file("process-config")}\nAWS_ARGUMENTS='--profile ${profile}'`);
    },
    remove: () => rmSync(home, { recursive: true }),
  };
}

/** What `export` lines set, by name: bash itself reads them. */
export async function readBash(lines) {
  const { stdout } = await run("bash", ["-eu", "-c", `${lines}\nenv -0`], { env: { PATH: process.env.PATH } });
  const pairs = stdout.split("\0").filter(Boolean).map((pair) => pair.split(/=(.*)/s));
  return Object.fromEntries(pairs.filter(([name]) => name.startsWith("AWS_")));
}

/** What `set -gx` lines set: within single quotes fish reads `\'` and `\\` specially. */
export function readFish(lines) {
  return readLines(lines, /^set -gx (\w+) '((?:[^'\\]|\\.)*)'$/, (text) => text.replace(/\\(['\\])/g, "$1"));
}

/** What `$Env:` lines set: within single quotes PowerShell reads only `''` specially. */
export function readPowerShell(lines) {
  return readLines(lines, /^\$Env:(\w+) = '((?:[^']|'')*)'$/, (text) => text.replaceAll("''", "'"));
}

function readLines(lines, form, unquote) {
  const pairs = lines.trimEnd().split("\n").map((line) => {
    const found = line.match(form);
    if (!found) throw new Error("a line is not of the shell's form");
    return [found[1], unquote(found[2])];
  });
  return Object.fromEntries(pairs);
}
