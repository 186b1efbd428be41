// Sets a realm of a running Keycloak up through its administration API: one SAML service provider or one
// OpenID Connect client, their attributes and the people who may sign in.

const REALM = "corp";
const PASSWORD = "the same for everybody";
const IDP_INITIATED = "rolegate";

/** Whose signature Keycloak's client settings ask for, by the command line's word. */
const SIGNED = {
  response: { "saml.server.signature": "true", "saml.assertion.signature": "false" },
  assertion: { "saml.server.signature": "false", "saml.assertion.signature": "true" },
  both: { "saml.server.signature": "true", "saml.assertion.signature": "true" },
};

/**
 * @param {string} admin  where the administration API is
 * @param {string} url    what Keycloak calls itself
 * @param {{adminPassword: string, accounts: object, serviceProvider?: string, sign: string,
 *   encrypt: boolean, nameId?: string, oidcClient?: OidcClient}} wanted
 * @returns what a test needs to know: {entityId, metadata, password, idpInitiated}
 */
export async function makeRealm(admin, url, wanted) {
  const api = await signedIn(admin, wanted.adminPassword);
  await api.post("/admin/realms", { realm: REALM, enabled: true, sslRequired: "none" });
  const names = attributeNames(wanted.accounts);
  if (wanted.serviceProvider) {
    await addServiceProvider(api, names, wanted);
  }
  if (wanted.oidcClient) {
    await addOidcClient(api, names, wanted.oidcClient);
  }
  await allowAnyAttribute(api);
  for (const [login, attributes] of Object.entries(wanted.accounts)) {
    await api.post(`/admin/realms/${REALM}/users`, account(login, attributes, names));
  }
  const entityId = `${url}/realms/${REALM}`;
  return {
    entityId,
    metadata: `${admin}/realms/${REALM}/protocol/saml/descriptor`,
    password: PASSWORD,
    idpInitiated: `${entityId}/protocol/saml/clients/${IDP_INITIATED}`,
  };
}

async function addServiceProvider(api, names, wanted) {
  const described = await api.convert(wanted.serviceProvider);
  const attributes = {
    ...described.attributes,
    ...SIGNED[wanted.sign],
    saml_idp_initiated_sso_url_name: IDP_INITIATED,
    // The importer turns it on for whoever has a certificate for it.
    "saml.encrypt": String(wanted.encrypt),
  };
  if (wanted.nameId) {
    attributes.saml_name_id_format = wanted.nameId;
    attributes.saml_force_name_id_format = "true";
  }
  const protocolMappers = names.map(mapper);
  await api.post(`/admin/realms/${REALM}/clients`, { ...described, attributes, protocolMappers });
}

/**
 * A client that takes codes and is told of sign-outs, with groups as a scope and a claim of their own.
 *
 * @typedef {{id: string, secret: string, redirectUri: string, afterLogout: string, backChannel: string}} OidcClient
 */
async function addOidcClient(api, names, client) {
  const config = {
    "user.attribute": keptAs(names.indexOf("groups")),
    "claim.name": "groups",
    "jsonType.label": "String",
    multivalued: "true",
    "id.token.claim": "true",
  };
  await api.post(`/admin/realms/${REALM}/client-scopes`, {
    name: "groups",
    protocol: "openid-connect",
    protocolMappers: [
      { name: "groups", protocol: "openid-connect", protocolMapper: "oidc-usermodel-attribute-mapper", config },
    ],
  });
  await api.post(`/admin/realms/${REALM}/clients`, {
    clientId: client.id,
    protocol: "openid-connect",
    secret: client.secret,
    redirectUris: [client.redirectUri],
    frontchannelLogout: false,
    defaultClientScopes: ["basic", "email"],
    optionalClientScopes: ["groups"],
    attributes: {
      "post.logout.redirect.uris": client.afterLogout,
      "backchannel.logout.url": client.backChannel,
      "backchannel.logout.session.required": "true",
    },
  });
}

/** Keycloak keeps an attribute under a short name of ours and sends it under the one that is asked for. */
function mapper(name, index) {
  const config = {
    "user.attribute": keptAs(index),
    "attribute.name": name,
    "attribute.nameformat": name.includes(":") ? "URI Reference" : "Basic",
  };
  return { name, protocol: "saml", protocolMapper: "saml-user-attribute-mapper", config };
}

function account(login, attributes, names) {
  const kept = names.map((name, index) => [keptAs(index), [attributes[name] ?? []].flat()]);
  return {
    username: login,
    enabled: true,
    // Without these it would ask for them before it lets anyone through.
    email: `${login}@keycloak.example`,
    emailVerified: true,
    firstName: login,
    lastName: login,
    credentials: [{ type: "password", value: PASSWORD, temporary: false }],
    attributes: Object.fromEntries(kept),
  };
}

function attributeNames(accounts) {
  return [...new Set(Object.values(accounts).flatMap((attributes) => Object.keys(attributes)))];
}

function keptAs(index) {
  return `attribute-${index}`;
}

async function allowAnyAttribute(api) {
  const path = `/admin/realms/${REALM}/users/profile`;
  const profile = await api.get(path);
  await api.put(path, { ...profile, unmanagedAttributePolicy: "ENABLED" });
}

/** The administration API as its administrator, whose token it gets once: it holds for a minute. */
async function signedIn(admin, password) {
  const answer = await fetch(`${admin}/realms/master/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "password",
      client_id: "admin-cli",
      username: "admin",
      password,
    }),
  });
  const { access_token: token } = await (await succeeded(answer)).json();
  const call = async (method, path, type, body) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": type };
    return succeeded(await fetch(`${admin}${path}`, { method, headers, body }));
  };
  const json = "application/json";
  return {
    get: async (path) => (await call("GET", path, json)).json(),
    post: (path, body) => call("POST", path, json, JSON.stringify(body)),
    put: (path, body) => call("PUT", path, json, JSON.stringify(body)),
    convert: async (metadata) =>
      (
        await call("POST", `/admin/realms/${REALM}/client-description-converter`, json, metadata)
      ).json(),
  };
}

async function succeeded(answer) {
  if (!answer.ok) {
    throw new Error(`${answer.url} answered ${answer.status}: ${await answer.text()}`);
  }
  return answer;
}
