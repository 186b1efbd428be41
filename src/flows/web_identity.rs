//! What an id_token's claims mean to AWS: condition keys, session tags, source identity.

use std::borrow::Cow;

use super::request::RequestMeta;
use crate::domain::{Claim, Claims, FederatedIdentity, SessionTags, SourceIdentity, TagsError};
use crate::policy::{Context, Values};

/// The claim that carries session tags (STS user guide, "Passing session tags using
/// AssumeRoleWithWebIdentity"), as JSON pointers.
const PRINCIPAL_TAGS: &str = "/https:~1~1aws.amazon.com~1tags/principal_tags/";
const TRANSITIVE_TAG_KEYS: &str = "/https:~1~1aws.amazon.com~1tags/transitive_tag_keys";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";
/// The claims that are condition keys of the provider: `<issuer>:aud` and so on.
const CONDITION_CLAIMS: [&str; 2] = ["amr", "azp"];

/// Why a token's session tags or source identity can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagsClaimError {
    /// A key or a value breaks AWS's bounds, or a tag has several values.
    #[error(
        "the session tags of the token are not usable: each has one key of 1 to 128 and one value of up to 256 allowed characters"
    )]
    Malformed,
    /// Too many, or two keys that differ in case only.
    #[error("the session tags of the token can't stand together: {0}")]
    Tags(#[from] TagsError),
    /// A transitive key that is no tag.
    #[error("the token names a transitive tag key that is none of its tags")]
    UnknownTransitiveKey,
    /// A source identity that breaks AWS's bounds.
    #[error(
        "the source identity of the token must match [a-zA-Z_0-9+=,.@-]{{2,64}} and not begin with \"aws:\""
    )]
    SourceIdentity,
}

/// What a token asks for the session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct SessionClaims {
    /// Its tags.
    pub tags: SessionTags,
    /// Its source identity.
    pub source_identity: Option<SourceIdentity>,
}

/// Reads AWS's own claims.
pub(super) fn session_claims(claims: &Claims) -> Result<SessionClaims, TagsClaimError> {
    let mut tags = SessionTags::none();
    let transitive = claims
        .get(TRANSITIVE_TAG_KEYS)
        .map_or(&[][..], |claim| &claim.values);
    let mut unnamed: Vec<&String> = transitive.iter().collect();
    for (pointer, claim) in claims.under(PRINCIPAL_TAGS) {
        let key = pointer.replace("~1", "/").replace("~0", "~");
        let [value] = claim.values.as_slice() else {
            return Err(TagsClaimError::Malformed);
        };
        let is_transitive = transitive.contains(&key);
        unnamed.retain(|name| **name != key);
        let key = key.parse().map_err(|_| TagsClaimError::Malformed)?;
        let value = value.parse().map_err(|_| TagsClaimError::Malformed)?;
        tags.add(key, value, is_transitive)?;
    }
    if !unnamed.is_empty() {
        return Err(TagsClaimError::UnknownTransitiveKey);
    }
    let source = claims
        .get(SOURCE_IDENTITY)
        .map(source_identity)
        .transpose()?;
    Ok(SessionClaims {
        tags,
        source_identity: source,
    })
}

fn source_identity(claim: &Claim) -> Result<SourceIdentity, TagsClaimError> {
    match claim.values.as_slice() {
        [value] => value.parse().map_err(|_| TagsClaimError::SourceIdentity),
        _ => Err(TagsClaimError::SourceIdentity),
    }
}

/// The condition keys of a web identity request.
///
/// `<issuer without scheme>:sub`, `:aud`, `:amr` and `:azp`, and the global keys of the request.
pub(super) fn context<'a>(identity: &'a FederatedIdentity, meta: &RequestMeta) -> Context<'a> {
    let mut context = Context::new();
    let prefix = identity.issuer.without_scheme();
    let key = |claim: &str| [prefix, ":", claim].concat();
    context.set(key("sub"), identity.subject.as_str());
    context.set(key("aud"), identity.audience.as_str());
    for name in CONDITION_CLAIMS {
        if let Some(claim) = identity.claims.get(name) {
            context.set(key(name), values(name, claim));
        }
    }
    context.set("aws:SourceIp", meta.source_ip.to_string());
    context.set(
        "aws:SecureTransport",
        if meta.is_secure { "true" } else { "false" },
    );
    context.set("aws:CurrentTime", meta.now.to_string());
    context.set("aws:EpochTime", meta.now.seconds().to_string());
    context.set("aws:UserAgent", Cow::Owned(meta.user_agent.clone()));
    context.set(
        "aws:RequestedRegion",
        Cow::Owned(meta.region.as_str().to_owned()),
    );
    context
}

fn values<'a>(name: &str, claim: &'a Claim) -> Values<'a> {
    match (name, claim.values.as_slice()) {
        ("azp", [value]) => Values::One(Cow::Borrowed(value)),
        _ => claim.values.iter().map(String::as_str).collect(),
    }
}
