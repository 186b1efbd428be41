// Looks at a page as people with different screens do: pictures at three widths in both colour
// schemes, and axe-core's rules on each.

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { nodeModules } from "../tools/modules.mjs";

const WIDTHS = [1440, 768, 390];
const SCHEMES = ["light", "dark"];
const HEIGHT = 900;
// Between them every colour of both schemes, and the widest and the narrowest layout.
const CHECKED = new Set(["1440 light", "390 dark"]);

/**
 * Keeps pictures of the page as it stands, and checks it.
 *
 * @returns {Promise<string[]>} what axe-core finds fault with
 */
export async function look(page, name, artifacts) {
  mkdirSync(artifacts, { recursive: true });
  const axe = await startAxe(page);
  const before = page.viewportSize();
  const faults = new Set();
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: HEIGHT });
      const path = join(artifacts, `${name}-${width}-${colorScheme}.png`);
      await page.screenshot({ path, fullPage: true });
      if (await isWiderThanItsWindow(page)) faults.add(`${name} ${width}: scrolls sideways`);
      if (!CHECKED.has(`${width} ${colorScheme}`)) continue;
      for (const fault of await axe()) faults.add(`${name} ${width} ${colorScheme}: ${fault}`);
    }
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  await page.setViewportSize(before);
  return [...faults];
}

function isWiderThanItsWindow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
}

// axe-core builds markup from strings, which the pages' Trusted Types forbid; in a world of its own
// it sees the same document and is held to no policy.
async function startAxe(page) {
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId: contextId } = await session.send("Page.createIsolatedWorld", {
    frameId: frameTree.frame.id,
    worldName: "axe",
  });
  const evaluate = async (expression) => {
    const options = { contextId, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", { expression, ...options });
    if (exceptionDetails) throw new Error(`axe-core: ${exceptionDetails.exception?.description}`);
    return result.value;
  };
  await evaluate(readFileSync(join(nodeModules(), "axe-core", "axe.min.js"), "utf8"));
  return () => evaluate(RUN);
}

const RUN = `axe.run().then(({ violations, passes }) => {
  if (passes.length === 0) throw new Error("no rule was run");
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => id + " " + node.target + " " + node.failureSummary));
})`;
