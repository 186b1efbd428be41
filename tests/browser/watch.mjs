// Collects what a browser complains about on the pages of a context.

/**
 * Begins to collect: violations of the Content Security Policy, errors on the console, uncaught
 * exceptions, and whatever moved on a page without its reader's doing. That the page itself was answered with an error status is no complaint.
 *
 * @returns {string[]} filled as pages are visited
 */
export async function watch(context) {
  const complaints = [];
  await context.addInitScript(() => {
    // Browsers call 0.1 good. A page that is painted before all of it has been read moves a little.
    const MOVED = 0.05;
    new PerformanceObserver((list) => {
      for (const { value, hadRecentInput, sources } of list.getEntries()) {
        const moved = sources.map(({ node }) => node?.parentElement?.outerHTML.slice(0, 80));
        if (!hadRecentInput && value > MOVED) console.error(`the page moved by ${value}: ${moved}`);
      }
    }).observe({ type: "layout-shift", buffered: true });
    addEventListener("securitypolicyviolation", (event) => {
      console.error(`violated ${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`);
    });
  });
  context.on("console", (message) => {
    const isOfPage = message.location().url === message.page()?.url();
    const isStatus = message.text().startsWith("Failed to load resource: the server responded with");
    if (message.type() === "error" && !(isStatus && isOfPage)) {
      complaints.push(`${message.page()?.url()}: ${message.text()}`);
    }
  });
  context.on("weberror", (error) => complaints.push(`${error.page()?.url()}: ${error.error()}`));
  return complaints;
}
