// Starts an identity provider as a process of its own, for Node tests.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/**
 * @param {string[]} options  as on the script's command line
 * @param {string} [name]     the script: oidc-provider.mjs or keycloak.mjs
 * @returns what the script announces ({issuer, port, clientId, …}), and `stop()`
 */
export async function startProvider(options, name = "oidc-provider.mjs") {
  const script = fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(process.execPath, [script, "--stop-with-stdin", ...options], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    once(child, "exit").then(([code]) => assert.fail(`the provider ended with ${code}`)),
  ]);
  return { ...JSON.parse(line), stop: () => child.kill() };
}
