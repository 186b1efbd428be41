//! The demo provider itself: what it knows, and the tokens that it makes. [`SamlIdp`] is its other half.

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::client::Client;
use super::earlier::Earlier;
use super::faults::{Choice, Validity};
use super::keys::{Algorithm, Generation, KeyError, KeyRing};
use super::oidc_sessions::OidcSessions;
use super::people::Person;
use super::saml::{SamlIdp, SamlOptions};
use super::tickets::{TicketError, Tickets};
use super::tokens::Tokens;
use crate::clock::Clock;
use crate::domain::{Audience, InvalidValue, Issuer, UnixTime};
use crate::entropy::Entropy;
use crate::federation::saml::service_provider;

/// An authorization code is valid for this many seconds.
const CODE_SECONDS: i64 = 60;
/// An id_token and an access token are valid for this many seconds.
pub(super) const TOKEN_SECONDS: i64 = 300;
/// An id_token has at most this many groups; of whoever is in more it has none, as Microsoft Entra ID's.
const MAX_GROUPS: usize = 200;

/// An OpenID Connect and SAML provider that really signs, and lets anybody sign in as one of its people.
pub struct DemoProvider {
    issuer: Issuer,
    clients: Vec<Client>,
    people: Vec<Person>,
    pub(super) keys: RwLock<KeyRing>,
    saml: SamlIdp,
    pub(super) oidc: OidcSessions,
    pub(super) codes: Tickets<CodeGrant>,
    pub(super) access_tokens: Tickets<Person>,
    /// By client.
    pub(super) earlier: Earlier<Tokens>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
}

/// What an authorization code stands for.
#[derive(Clone)]
pub(super) struct CodeGrant {
    pub(super) client: Audience,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) nonce: Option<String>,
    pub(super) choice: Choice,
}

/// The demo provider can't do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DemoError {
    /// Its endpoints stand at fixed paths, so the issuer must be an origin alone.
    #[error("the demo provider's issuer must have no path, not even a final slash")]
    IssuerHasPath,
    /// Nobody of this name.
    #[error("the demo provider knows nobody of this name")]
    UnknownPerson,
    /// No client of this id.
    #[error("the demo provider knows no such client")]
    UnknownClient,
    /// A key or signature could not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No access token could be given.
    #[error("too many tokens are open at once, or there was no randomness")]
    Ticket,
    /// The key of the SAML side could not be made.
    #[error(transparent)]
    SamlKey(#[from] service_provider::KeyError),
    /// The issuer makes no address of the SAML side.
    #[error(transparent)]
    Value(#[from] InvalidValue),
}

/// How a minted token differs from an ordinary one.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// How it is signed.
    pub algorithm: Algorithm,
    /// Claims that are added or replaced; `null` takes a claim out.
    pub claims: Map<String, Value>,
}

#[derive(Serialize)]
struct IdToken<'a> {
    iss: &'a Issuer,
    aud: &'a str,
    iat: i64,
    exp: i64,
    #[serde(flatten)]
    person: UserInfo<'a>,
}

/// What the provider says about a person, in the id_token and at `/userinfo`.
#[derive(Serialize)]
pub(super) struct UserInfo<'a> {
    sub: &'a str,
    name: &'a str,
    email: &'a str,
    email_verified: bool,
    department: &'a str,
    #[serde(flatten)]
    groups: Groups<'a>,
}

/// Someone's groups, or where they could be asked for (OpenID Connect Core 1.0, section 5.6.2).
#[derive(Serialize)]
#[serde(untagged)]
enum Groups<'a> {
    Sent {
        groups: &'a [String],
    },
    LeftOut {
        #[serde(rename = "_claim_names")]
        names: Value,
        #[serde(rename = "_claim_sources")]
        sources: Value,
    },
}

impl<'a> Groups<'a> {
    fn of(person: &'a Person, issuer: &Issuer) -> Self {
        match person.groups_within(MAX_GROUPS) {
            Some(groups) => Self::Sent { groups },
            None => Self::LeftOut {
                names: json!({ "groups": "src1" }),
                sources: json!({ "src1": { "endpoint": person.groups_link(issuer.as_str()) } }),
            },
        }
    }
}

impl DemoProvider {
    /// A provider at `issuer`, with fresh keys.
    pub fn new(
        issuer: Issuer,
        clients: Vec<Client>,
        people: Vec<Person>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, DemoError> {
        if issuer.without_scheme().contains('/') {
            return Err(DemoError::IssuerHasPath);
        }
        Ok(Self {
            saml: SamlIdp::new(&issuer, Arc::clone(&clock), Arc::clone(&entropy))?,
            issuer,
            oidc: OidcSessions::at(&clients),
            clients,
            people,
            keys: RwLock::new(KeyRing::generate()?),
            codes: Tickets::lasting(CODE_SECONDS),
            access_tokens: Tickets::lasting(TOKEN_SECONDS),
            earlier: Earlier::default(),
            clock,
            entropy,
        })
    }

    /// The provider with other options for its SAML side.
    pub fn with_saml(mut self, options: SamlOptions) -> Self {
        self.saml = self.saml.with_options(options);
        self
    }

    /// The SAML side.
    pub const fn saml(&self) -> &SamlIdp {
        &self.saml
    }

    /// The issuer.
    pub const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The people who can sign in.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// The registered clients.
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// The person called `key`.
    pub fn person(&self, key: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.key == key)
    }

    /// The client of this id.
    pub fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id.as_str() == id)
    }

    /// Makes new keys and signs with them from now on; the old ones stay published for two more
    /// rotations.
    pub fn rotate(&self) -> Result<(), DemoError> {
        let generation = Generation::generate()?;
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.push(generation);
        Ok(())
    }

    /// An id_token for the client `audience`, valid for 300 seconds from `now`.
    pub fn mint(
        &self,
        person: &str,
        audience: &str,
        now: UnixTime,
        overrides: &Overrides,
    ) -> Result<String, DemoError> {
        let person = self.person(person).ok_or(DemoError::UnknownPerson)?;
        let client = self.client(audience).ok_or(DemoError::UnknownClient)?;
        self.sign_for(person, &client.id, now, overrides)
    }

    /// Whether a key has signed that is not published.
    pub(super) fn has_unpublished_key(&self) -> bool {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.has_unpublished() || self.saml.has_unpublished_key()
    }

    /// Publishes the keys that have signed already, and signs with them from now on.
    pub(super) fn publish_keys(&self) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.publish();
        self.saml.publish_key();
    }

    /// As [`Self::mint`], once person and client are known.
    pub(super) fn sign_for(
        &self,
        person: &Person,
        audience: &Audience,
        now: UnixTime,
        overrides: &Overrides,
    ) -> Result<String, DemoError> {
        let claims = self.claims(person, audience, Validity::good(now, TOKEN_SECONDS))?;
        let claims = with_overrides(claims, &overrides.claims);
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        Ok(keys.sign(overrides.algorithm, &claims)?)
    }

    /// The claims of an id_token.
    pub(super) fn claims(
        &self,
        person: &Person,
        audience: &Audience,
        validity: Validity,
    ) -> Result<Value, KeyError> {
        let claims = IdToken {
            iss: &self.issuer,
            aud: audience.as_str(),
            iat: validity.issued_at.seconds(),
            exp: validity.ends_at.seconds(),
            person: UserInfo::of(person, &self.issuer),
        };
        serde_json::to_value(claims).map_err(|_| KeyError::Encoding)
    }

    /// An opaque access token for `/userinfo`.
    pub(super) fn access_token(
        &self,
        person: &Person,
        now: UnixTime,
    ) -> Result<String, TicketError> {
        let entropy = self.entropy.as_ref();
        self.access_tokens.give(person.clone(), now, entropy)
    }

    /// The published keys as JSON.
    pub fn jwks(&self) -> Result<Vec<u8>, DemoError> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let json = serde_json::to_vec(&keys.jwk_set());
        Ok(json.map_err(|_| KeyError::Encoding)?)
    }
}

impl<'a> UserInfo<'a> {
    pub(super) fn of(person: &'a Person, issuer: &Issuer) -> Self {
        Self {
            sub: &person.subject,
            name: &person.name,
            email: &person.email,
            email_verified: true,
            department: &person.department,
            groups: Groups::of(person, issuer),
        }
    }
}

/// `at_hash` (OpenID Connect Core 1.0, section 3.1.3.6) for an algorithm with SHA-256.
pub(super) fn access_token_hash(access_token: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, access_token.as_bytes());
    let left_half = digest.as_ref().iter().take(16).copied();
    URL_SAFE_NO_PAD.encode(left_half.collect::<Vec<u8>>())
}

/// Adds or replaces claims; `null` takes one out.
pub(super) fn with_overrides(mut claims: Value, overrides: &Map<String, Value>) -> Value {
    if let Value::Object(members) = &mut claims {
        members.extend(overrides.clone());
        members.retain(|_, value| !value.is_null());
    }
    claims
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::FixedClock;
    use crate::demo::client::ClientKind;
    use crate::demo::people::meridale;
    use crate::entropy::SystemEntropy;

    const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

    fn provider_at(issuer: &str) -> Result<DemoProvider, DemoError> {
        let clients = vec![Client {
            id: "rolegate-sts".parse().unwrap(),
            kind: ClientKind::AudienceOnly,
        }];
        DemoProvider::new(
            issuer.parse().unwrap(),
            clients,
            meridale(),
            Arc::new(FixedClock::at(NOW)),
            Arc::new(SystemEntropy),
        )
    }

    fn part(token: &str, index: usize) -> Value {
        let part = token.split('.').nth(index).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn a_minted_token_says_what_the_provider_knows() {
        let provider = provider_at("http://127.0.0.1:9000").unwrap();
        let minted = provider.mint("lukas", "rolegate-sts", NOW, &Overrides::default());
        let expected = json!({
            "iss": "http://127.0.0.1:9000", "aud": "rolegate-sts", "sub": "mrd-31850",
            "iat": 1_800_000_000, "exp": 1_800_000_300, "name": "Lukas Brandt",
            "email": "lukas.brandt@meridale.example", "email_verified": true,
            "department": "Finance", "groups": ["all-staff", "finance-analysts", "data-readers"],
        });
        assert_eq!(part(&minted.unwrap(), 1), expected);
    }

    #[test]
    fn of_more_groups_than_are_sent_none_is() {
        let provider = provider_at("http://127.0.0.1:9000").unwrap();
        let minted = provider.mint("tomas", "rolegate-sts", NOW, &Overrides::default());
        let claims = part(&minted.unwrap(), 1);
        assert_eq!(claims.get("groups"), None);
        assert_eq!(claims["_claim_names"], json!({ "groups": "src1" }));
        let endpoint = "http://127.0.0.1:9000/users/mrd-10093/getMemberObjects";
        assert_eq!(claims["_claim_sources"]["src1"]["endpoint"], endpoint);
    }

    #[test]
    fn an_override_replaces_a_claim_and_null_removes_it() {
        let provider = provider_at("http://127.0.0.1:9000").unwrap();
        let Value::Object(claims) = json!({ "aud": "other", "email": null }) else {
            panic!("an object");
        };
        let overrides = Overrides {
            algorithm: Algorithm::Es256,
            claims,
        };
        let token = provider
            .mint("noor", "rolegate-sts", NOW, &overrides)
            .unwrap();
        assert_eq!(part(&token, 0)["alg"], "ES256");
        assert_eq!(part(&token, 1)["aud"], "other");
        assert_eq!(part(&token, 1).get("email"), None);
    }

    #[test]
    fn a_token_is_minted_only_for_those_who_are_known() {
        let provider = provider_at("http://127.0.0.1:9000").unwrap();
        let mint = |person, client| provider.mint(person, client, NOW, &Overrides::default());
        let nobody = mint("mallory", "rolegate-sts");
        assert_eq!(nobody, Err(DemoError::UnknownPerson));
        assert_eq!(mint("ines", "elsewhere"), Err(DemoError::UnknownClient));
    }

    #[test]
    fn the_issuer_is_an_origin_alone() {
        for issuer in ["https://idp.example/", "https://idp.example/realms/a"] {
            let refused = provider_at(issuer).err();
            assert_eq!(refused, Some(DemoError::IssuerHasPath), "{issuer}");
        }
    }

    #[test]
    fn a_new_token_names_the_new_key() {
        let provider = provider_at("http://127.0.0.1:9000").unwrap();
        let mint = || provider.mint("ines", "rolegate-sts", NOW, &Overrides::default());
        let before = mint().unwrap();
        provider.rotate().unwrap();
        let after = mint().unwrap();
        assert_ne!(part(&before, 0)["kid"], part(&after, 0)["kid"]);
        let jwks: Value = serde_json::from_slice(&provider.jwks().unwrap()).unwrap();
        assert_eq!(jwks["keys"].as_array().map(Vec::len), Some(4));
    }

    #[test]
    fn at_hash_is_the_left_half_of_the_digest() {
        // The example of OpenID Connect Core 1.0, appendix A.4.
        let hash = access_token_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
        assert_eq!(hash, "77QmUPtjPfzWtF2AnpK9RQ");
    }
}
