//! What an admin says about SAML identity providers: those behind connections, and those of accounts.

mod source;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use source::{MetadataSource, MetadataUrl, RefreshInterval};

pub use super::vocabulary::{Binding, SamlUri};

use super::vocabulary::{is_one_word, is_web_address};
use crate::domain::text_type;
use crate::domain::{Audience, EntityId, InvalidValue};

/// At most this many audiences, recipients or classes are listed.
const MAX_LIST: usize = 100;

/// What is said of a connection to a SAML identity provider.
///
/// ```toml
/// [saml]
/// entity_id = "https://login.meridale.example/saml"
/// metadata = { url = "https://login.meridale.example/saml/metadata" }
/// request_binding = "post"
/// requested_authn_context = { classes = ["urn:oasis:names:tc:SAML:2.0:ac:classes:X509"] }
/// ```
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of the file, and none hangs on another"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlSettings {
    /// The provider.
    pub entity_id: EntityId,
    /// Where its metadata comes from.
    pub metadata: MetadataSource,
    /// How a request gets there.
    #[serde(default)]
    pub request_binding: Binding,
    /// Which requests are signed.
    #[serde(default)]
    pub sign_requests: SignRequests,
    /// Whether people must prove themselves anew each time (`ForceAuthn`).
    #[serde(default)]
    pub force_authn: bool,
    /// How people must have proved themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_authn_context: Option<RequestedAuthnContext>,
    /// The format of the name identifier that is asked for (`NameIDPolicy`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_id_format: Option<SamlUri>,
    /// Whether the provider may begin a sign-in by itself.
    #[serde(default)]
    pub idp_initiated: bool,
    /// The audiences that are accepted beside the node's own entity id.
    #[serde(default)]
    pub audiences: AtMostAHundred<Audience>,
    /// The recipients that are accepted beside the node's own address for responses.
    #[serde(default)]
    pub recipients: AtMostAHundred<Recipient>,
    /// Whether a second verifier must agree.
    #[serde(default = "yes")]
    pub second_opinion: bool,
    /// By which further names rules find attributes.
    #[serde(default)]
    pub attribute_aliases: BTreeSet<AttributeAlias>,
    /// Whether AWS's own attributes (`https://aws.amazon.com/SAML/Attributes/…`) count in the portal,
    /// as they do at STS.
    #[serde(default)]
    pub aws_attributes: bool,
}

/// What is said of an account's SAML provider, beside its metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlProviderSettings {
    /// The audiences that are accepted beside those of the node.
    #[serde(default)]
    pub audiences: AtMostAHundred<Audience>,
    /// The recipients that are accepted beside those of the node.
    #[serde(default)]
    pub recipients: AtMostAHundred<Recipient>,
    /// Whether an assertion may be used again.
    #[serde(default)]
    pub replay: Replay,
    /// Whether a second verifier must agree.
    #[serde(default = "yes")]
    pub second_opinion: bool,
    /// Whether an assertion may come in the open.
    #[serde(default)]
    pub assertion_encryption: AssertionEncryption,
}

impl Default for SamlProviderSettings {
    fn default() -> Self {
        Self {
            audiences: AtMostAHundred::default(),
            recipients: AtMostAHundred::default(),
            replay: Replay::default(),
            second_opinion: yes(),
            assertion_encryption: AssertionEncryption::default(),
        }
    }
}

const fn yes() -> bool {
    true
}

/// Which requests are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignRequests {
    /// Those to a provider whose metadata asks for it (`WantAuthnRequestsSigned`).
    #[default]
    WhenWanted,
    /// All.
    Always,
}

/// Whether an assertion may be used again at STS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replay {
    /// As long as it is valid, as with AWS.
    #[default]
    Reusable,
    /// Once.
    Once,
}

/// Whether an assertion may come in the open (`assertionEncryptionModeType` of the IAM model).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssertionEncryption {
    /// It may.
    #[default]
    Allowed,
    /// It must be encrypted.
    Required,
}

/// By which further name an attribute is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeAlias {
    /// By its `FriendlyName`.
    FriendlyName,
    /// By the usual name of its object identifier, such as `mail` for
    /// `urn:oid:0.9.2342.19200300.100.1.3`.
    UsualName,
}

/// How people must have proved themselves (SAML 2.0 core, section 3.3.2.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenContext", into = "WrittenContext")]
pub struct RequestedAuthnContext {
    classes: Vec<SamlUri>,
    comparison: AuthnContextComparison,
}

impl RequestedAuthnContext {
    /// The classes, in the order of preference; one at least.
    pub fn classes(&self) -> &[SamlUri] {
        &self.classes
    }

    /// How what happened is compared with them.
    pub const fn comparison(&self) -> AuthnContextComparison {
        self.comparison
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenContext {
    classes: AtMostAHundred<SamlUri>,
    #[serde(default)]
    comparison: AuthnContextComparison,
}

impl TryFrom<WrittenContext> for RequestedAuthnContext {
    type Error = InvalidValue;

    fn try_from(written: WrittenContext) -> Result<Self, Self::Error> {
        if written.classes.0.is_empty() {
            return Err(InvalidValue::new(
                "requested authn context",
                "of one class at least",
            ));
        }
        Ok(Self {
            classes: written.classes.0,
            comparison: written.comparison,
        })
    }
}

impl From<RequestedAuthnContext> for WrittenContext {
    fn from(context: RequestedAuthnContext) -> Self {
        Self {
            classes: AtMostAHundred(context.classes),
            comparison: context.comparison,
        }
    }
}

/// How what happened is compared with the classes asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthnContextComparison {
    /// It is one of them.
    #[default]
    Exact,
    /// It is as strong as one of them.
    Minimum,
    /// It is no stronger than one of them.
    Maximum,
    /// It is stronger than each of them.
    Better,
}

impl AuthnContextComparison {
    /// The value of the `Comparison` attribute.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Minimum => "minimum",
            Self::Maximum => "maximum",
            Self::Better => "better",
        }
    }
}

text_type!(
    /// An address that a provider sends responses to, compared whole: an http or https URL of at most
    /// 1,024 characters without white space and control characters.
    Recipient,
    "recipient",
    "an http or https URL of at most 1024 characters without white space and control characters",
    |text| is_one_word(text) && is_web_address(text)
);

/// A list of at most 100, which may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<T>", into = "Vec<T>")]
#[serde(bound(
    serialize = "T: Clone + Serialize",
    deserialize = "T: serde::de::DeserializeOwned"
))]
pub struct AtMostAHundred<T>(Vec<T>);

impl<T> AtMostAHundred<T> {
    /// The items, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}

impl<'a, T> IntoIterator for &'a AtMostAHundred<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T> Default for AtMostAHundred<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> TryFrom<Vec<T>> for AtMostAHundred<T> {
    type Error = InvalidValue;

    fn try_from(items: Vec<T>) -> Result<Self, Self::Error> {
        if items.len() > MAX_LIST {
            return Err(InvalidValue::new("list", "of at most 100"));
        }
        Ok(Self(items))
    }
}

impl<T> From<AtMostAHundred<T>> for Vec<T> {
    fn from(list: AtMostAHundred<T>) -> Self {
        list.0
    }
}

#[cfg(test)]
mod tests;
