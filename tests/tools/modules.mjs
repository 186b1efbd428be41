// Finds what tests/tools/setup.sh installed outside the clone, Node packages first of all.
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

const FIREFOX_PLACES = ["/usr/bin/firefox-esr", "/usr/bin/firefox"];

/** The folder of installed packages: ROLEGATE_TEST_NODE_MODULES, or its place in the cache. */
export function nodeModules() {
  return process.env.ROLEGATE_TEST_NODE_MODULES || join(cache(), "node", "node_modules");
}

/** The folder of Java libraries and Keycloak: ROLEGATE_TEST_JAVA_TOOLS, or its place in the cache. */
export function javaTools() {
  return process.env.ROLEGATE_TEST_JAVA_TOOLS || join(cache(), "java");
}

/** The Python that has the packages of requirements.txt, in ROLEGATE_TEST_VENV or the cache. */
export function pythonPath() {
  return join(process.env.ROLEGATE_TEST_VENV || join(cache(), "venv"), "bin", "python");
}

function cache() {
  return process.env.ROLEGATE_CACHE || join(homedir(), ".cache", "rolegate");
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
  return installed(process.env.ROLEGATE_TEST_CHROMIUM, CHROMIUM_PLACES);
}

/** The path of the second browser: ROLEGATE_TEST_FIREFOX, or the first that is installed. */
export function firefoxPath() {
  return installed(process.env.ROLEGATE_TEST_FIREFOX, FIREFOX_PLACES);
}

function installed(named, places) {
  const path = (named ? [named] : places).find((place) => existsSync(place));
  if (!path) throw new Error(`no browser at ${named || places.join(" or ")}: run \`make tools\``);
  return path;
}
