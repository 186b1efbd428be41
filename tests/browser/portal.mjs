// The steps of a person in the portal and at the demo provider.

/**
 * Waits until the gateway leads to the connection's SAML provider: it reads its metadata by itself.
 * Ends on the provider's page: a form that is still on its way there would overtake what follows.
 */
export async function untilMetadataIsKnown(page, gateway, connection) {
  for (let looks = 0; looks < 100; looks += 1) {
    await page.goto(gateway);
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === "POST"),
      page.click(`button[name=connection][value=${connection}]`),
    ]);
    if (answer.status() < 400) {
      await page.waitForURL((url) => url.origin !== new URL(gateway).origin);
      return;
    }
    await page.waitForTimeout(100);
  }
  throw new Error("the gateway has not read a provider's metadata within ten seconds");
}

/** Opens the portal's first page and goes to the provider of the connection. */
export async function goToProvider(page, gateway, connection) {
  await page.goto(gateway);
  await page.click(`button[name=connection][value=${connection}]`);
  await page.waitForSelector("button[name=person]");
}

/** Signs in; ends on the page that the gateway sends this person to. */
export async function signIn(page, gateway, { connection, person }) {
  await goToProvider(page, gateway, connection);
  await choosePerson(page, gateway, person);
}

/** Chooses a person at the provider; ends back at the gateway. */
export async function choosePerson(page, gateway, person) {
  await page.click(`button[name=person][value=${person}]`);
  await page.waitForURL((url) => url.origin === gateway);
  await page.waitForLoadState();
}

/** Takes a role's keys. */
export async function takeRole(page, arn) {
  await page.click(`.role button[name=role][value="${arn}"]`);
  await page.waitForSelector("#access-key-id");
}

/** Signs out from the account menu; the provider is told, and leads back. */
export async function signOut(page) {
  await page.click("details.menu summary");
  await page.click("details.menu form[action='/sign-out'] button");
  await page.waitForSelector('h1:text-is("You are signed out")');
}

/** What the credentials page gives, each text as it would be copied. */
export async function readKeys(page) {
  const read = (id) => page.locator(`#${id}`).textContent();
  return {
    accessKeyId: await read("access-key-id"),
    secretAccessKey: await read("secret-access-key"),
    sessionToken: await read("session-token"),
    bash: await read("text-bash"),
    fish: await read("text-fish"),
    powerShell: await read("text-powershell"),
    profile: await read("text-profile"),
    config: await read("text-config"),
    json: await read("text-json"),
    process: await read("text-process"),
    processConfig: await read("text-process-config"),
  };
}
