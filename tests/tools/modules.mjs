// Finds the Node packages that tests/tools/setup.sh installed outside the clone.
// `import` looks only beside the importing file, so the place is asked for here.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const CHROMIUM_PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/google-chrome-stable",
  "/usr/bin/google-chrome",
];

/** The folder of installed packages: ROLEGATE_TEST_NODE_MODULES, or its place in the cache. */
export function nodeModules() {
  const cache = process.env.ROLEGATE_CACHE || join(homedir(), ".cache", "rolegate");
  return process.env.ROLEGATE_TEST_NODE_MODULES || join(cache, "node", "node_modules");
}

/** Imports a package by name. Throws an error that says what to run when it is not installed. */
export async function load(name) {
  const require = createRequire(join(nodeModules(), "rolegate.cjs"));
  let path;
  try {
    path = require.resolve(name);
  } catch (cause) {
    throw new Error(`no ${name} in ${nodeModules()}: run \`make tools\``, { cause });
  }
  return import(pathToFileURL(path).href);
}

/** The path of the browser: ROLEGATE_TEST_CHROMIUM, or the first that is installed. */
export function chromiumPath() {
  const named = process.env.ROLEGATE_TEST_CHROMIUM;
  const path = (named ? [named] : CHROMIUM_PLACES).find((place) => existsSync(place));
  if (!path) {
    throw new Error(`no browser at ${named || CHROMIUM_PLACES.join(" or ")}: run \`make tools\``);
  }
  return path;
}
