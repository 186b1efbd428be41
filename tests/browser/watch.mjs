// Collects what a browser complains about on the pages of a context.

/**
 * Begins to collect: violations of the Content Security Policy, errors on the console, and uncaught
 * exceptions. That the page itself was answered with an error status is no complaint.
 *
 * @returns {string[]} filled as pages are visited
 */
export async function watch(context) {
  const complaints = [];
  await context.addInitScript(() => {
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
