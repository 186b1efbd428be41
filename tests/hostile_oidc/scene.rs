//! One node, one provider, one key, and what every refusal at STS must be.

use serde_json::{Value, json};

use crate::directory::{role, start};
use crate::support::keys::{SigningKey, changed_claims, sign_claims, sign_raw};
use crate::support::node::{LONGEST_ANSWER, Node, Settings};
use crate::support::provider::HostileProvider;
use crate::support::sts::StsAnswer;

/// The text of every token whose key can't be had.
pub const NO_KEY: &str = "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements";

/// What a refusal says: AWS's code and text to the caller, the failed check to the administrator.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'a> {
    pub status: u16,
    pub code: &'a str,
    pub message: &'a str,
    pub check: &'a str,
}

impl<'a> Refusal<'a> {
    /// 400 `InvalidIdentityToken`.
    pub const fn invalid(check: &'a str, message: &'a str) -> Self {
        Self {
            status: 400,
            code: "InvalidIdentityToken",
            message,
            check,
        }
    }

    /// No key of the provider fits the token: the token is to blame.
    pub const fn no_key() -> Self {
        Self::invalid("key", NO_KEY)
    }

    /// The provider can't be asked for its keys.
    pub const fn provider_unreachable() -> Self {
        Self {
            code: "IDPCommunicationError",
            ..Self::no_key()
        }
    }

    pub const fn signature() -> Self {
        Self::invalid(
            "signature",
            "The signature does not match the provider's key.",
        )
    }
}

/// A node that trusts one provider, which publishes one RSA key.
pub struct Scene {
    pub node: Node,
    pub key: SigningKey,
    pub provider: HostileProvider,
}

impl Scene {
    /// The key's id is `main`, its algorithm RS256.
    pub fn new() -> Self {
        Self::with_key(SigningKey::rsa("main"))
    }

    /// As [`Self::new`], with another key.
    pub fn with_key(key: SigningKey) -> Self {
        Self::after(key, |_| {})
    }

    /// With a provider that was told something before the node first saw it: a node looks for the
    /// metadata of its connections by itself.
    pub fn after(key: SigningKey, tell: impl FnOnce(&HostileProvider)) -> Self {
        let provider = HostileProvider::start();
        provider.publish(&[&key]);
        tell(&provider);
        let node = start(&[&provider], patient());
        Self {
            node,
            key,
            provider,
        }
    }

    /// The claims of an honest token of now.
    pub fn claims(&self) -> Value {
        self.node.claims(&self.provider)
    }

    /// An honest token of now.
    pub fn token(&self) -> String {
        self.node.token(&self.provider, &self.key)
    }

    /// An honest token, but for this header.
    pub fn token_with_header(&self, header: &Value) -> String {
        sign_raw(&header.to_string(), &self.claims().to_string(), &self.key)
    }

    /// An honest token, but for one claim; `null` leaves it out.
    pub fn token_with(&self, claim: &str, value: &Value) -> String {
        self.token_with_all(&json!({ claim: value }))
    }

    /// An honest token, but for these claims; `null` leaves one out.
    pub fn token_with_all(&self, changed: &Value) -> String {
        sign_claims(&changed_claims(self.claims(), changed), &self.key)
    }

    /// Asserts that the honest token, unchanged, is accepted.
    pub fn accepts_an_honest_token(&self) {
        self.accepts("an honest token", &self.token());
    }

    /// Asserts that a token is accepted.
    pub fn accepts(&self, what: &str, token: &str) -> StsAnswer {
        let answer = self.node.assume(&role(0), token);
        assert!(answer.credentials.is_some(), "{what}: {answer:?}");
        answer
    }

    /// Asserts that a token is refused as this, and that nobody was asked for it.
    pub fn refuses_without_asking(&self, what: &str, token: &str, refusal: &Refusal<'_>) {
        let before = self.provider.requests().len();
        self.refuses(what, token, refusal);
        assert_eq!(
            self.provider.requests().len(),
            before,
            "{what}: the provider was asked"
        );
    }

    /// Asserts that a token is refused as this.
    pub fn refuses(&self, what: &str, token: &str, refusal: &Refusal<'_>) {
        let answer = self.node.assume(&role(0), token);
        assert_refused(&self.node, what, &answer, refusal);
        assert!(
            token.len() < 100 || !self.node.audit_text().contains(token),
            "{what}: the token is in the audit log"
        );
        // Refusals get a line of their own up to a number a second.
        self.node.clock.advance(1);
    }
}

/// A node that can stand still for an hour.
pub fn patient() -> Settings {
    Settings {
        toml: "max_staleness_seconds = 3600\n".to_owned(),
        ..Settings::default()
    }
}

/// Asserts all that a refusal at STS is: named to the caller and in the audit, without credentials,
/// in time.
pub fn assert_refused(node: &Node, what: &str, answer: &StsAnswer, refusal: &Refusal<'_>) {
    assert_eq!(answer.status, refusal.status, "{what}: {answer:?}");
    assert_eq!(answer.code.as_deref(), Some(refusal.code), "{what}");
    let message = answer.message.as_deref().unwrap_or_default();
    assert!(
        message.contains(refusal.message),
        "{what}: {message:?} instead of {:?}",
        refusal.message
    );
    assert_eq!(answer.credentials, None, "{what}");
    assert!(answer.took <= LONGEST_ANSWER, "{what}: {:?}", answer.took);
    let record = node.audit_of(&answer.request_id);
    assert_eq!(record.code(), Some(refusal.code), "{what}: {record:?}");
    assert_eq!(
        record.failed_check(),
        Some(refusal.check),
        "{what}: {record:?}"
    );
    assert!(
        record.reason().is_some_and(|reason| !reason.is_empty()),
        "{what}: {record:?}"
    );
}
