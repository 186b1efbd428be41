//! What an id_token's claims mean to AWS: condition keys, session tags, source identity.

use std::borrow::Cow;

use super::request::RequestMeta;
use crate::domain::{
    AskedOfSession, Claim, ClaimSource, Claims, FederatedIdentity, Issuer, IssuerTraits,
    KnownProvider, ProviderRef, SessionClaims, SessionTags, SourceIdentity, TagsError,
};
use crate::policy::{Context, Values};

/// The claims that are condition keys of every provider: `<issuer>:aud` and so on. They tell of the
/// id_token, so that UserInfo can't say them.
const CONDITION_CLAIMS: [&str; 2] = ["amr", "azp"];

/// Why a token's session tags or source identity can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagsClaimError {
    /// The claim is not of AWS's shape, or a key or a value breaks AWS's bounds.
    #[error(
        "the session tags of the token are not usable: principal_tags must be an object of strings or lists of one string, each with a key of 1 to 128 and a value of up to 256 allowed characters, and transitive_tag_keys a list of strings"
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
pub(super) struct SessionTerms {
    /// Its tags.
    pub tags: SessionTags,
    /// Its source identity.
    pub source_identity: Option<SourceIdentity>,
}

/// Reads AWS's own claims.
pub(super) fn session_terms(claims: &Claims) -> Result<SessionTerms, TagsClaimError> {
    read_terms(claims.session())
}

/// Reads what a proof asks for.
pub(super) fn read_terms(session: &SessionClaims) -> Result<SessionTerms, TagsClaimError> {
    let asked = match session {
        SessionClaims::Asked(asked) => asked,
        SessionClaims::MalformedTags => return Err(TagsClaimError::Malformed),
        SessionClaims::MalformedSourceIdentity => return Err(TagsClaimError::SourceIdentity),
    };
    let source = asked.source_identity.as_deref().map(str::parse).transpose();
    Ok(SessionTerms {
        tags: session_tags(asked)?,
        source_identity: source.map_err(|_| TagsClaimError::SourceIdentity)?,
    })
}

fn session_tags(asked: &AskedOfSession) -> Result<SessionTags, TagsClaimError> {
    let mut tags = SessionTags::none();
    for (key, value) in &asked.tags {
        let is_transitive = asked.transitive.contains(key);
        let key = key.parse().map_err(|_| TagsClaimError::Malformed)?;
        let value = value.parse().map_err(|_| TagsClaimError::Malformed)?;
        tags.add(key, value, is_transitive)?;
    }
    let is_tag = |name: &String| asked.tags.iter().any(|(key, _)| key == name);
    if asked.transitive.iter().all(is_tag) {
        Ok(tags)
    } else {
        Err(TagsClaimError::UnknownTransitiveKey)
    }
}

/// The condition keys of a web identity request, whose person `issuer` vouches for: what it says of
/// them, and the global keys of the request.
pub(super) fn context<'a>(
    issuer: &Issuer,
    identity: &'a FederatedIdentity,
    meta: &'a RequestMeta,
) -> Context<'a> {
    let mut context = Context::new();
    match identity.provider {
        ProviderRef::Known(known @ (KnownProvider::Facebook | KnownProvider::Amazon)) => {
            describe_app(&mut context, known, identity);
        }
        ProviderRef::Known(KnownProvider::Google)
        | ProviderRef::Account(_)
        | ProviderRef::Connection(_) => describe_token(&mut context, issuer, identity),
    }
    meta.describe(&mut context);
    context
}

/// Whose an access token is, and to which app it was given: `graph.facebook.com:id` and `:app_id`,
/// `www.amazon.com:user_id` and `:app_id`.
fn describe_app<'a>(
    context: &mut Context<'a>,
    known: KnownProvider,
    identity: &'a FederatedIdentity,
) {
    let key = |claim: &str| [known.name(), ":", claim].concat();
    context.set(key(known.person_key()), identity.subject.as_str());
    let app = identity.claims.get(known.app_key());
    if let Some([app]) = app.map(|claim| claim.values.as_slice()) {
        context.set(key(known.app_key()), app.as_str());
    }
}

/// What an id_token says: `<issuer without scheme>:sub`, `:aud`, `:amr` and `:azp`, and what the issuer's own
/// claims are.
fn describe_token<'a>(context: &mut Context<'a>, issuer: &Issuer, identity: &'a FederatedIdentity) {
    let prefix = issuer.without_scheme();
    let key = |claim: &str| [prefix, ":", claim].concat();
    context.set(key("sub"), identity.subject.as_str());
    context.set(key("aud"), identity.audience.as_str());
    let own = IssuerTraits::of(prefix).condition_claims;
    for name in CONDITION_CLAIMS.iter().chain(own) {
        let claim = identity.claims.get(name);
        if let Some(claim) = claim.filter(|claim| is_said(claim)) {
            context.set(key(name.trim_start_matches('/')), values(name, claim));
        }
    }
    if KnownProvider::named(prefix) == Some(KnownProvider::Google) {
        describe_other_audience(context, identity);
    }
}

/// What Google's `aud` says where `azp` names another client, which the key `aud` is then.
fn describe_other_audience<'a>(context: &mut Context<'a>, identity: &'a FederatedIdentity) {
    let of_token = |name: &str| identity.claims.get(name).filter(|claim| is_said(claim));
    if let (Some(_), Some(audience)) = (of_token("azp"), of_token("aud")) {
        context.set("accounts.google.com:oaud", values("oaud", audience));
    }
}

/// The id_token itself says it, and nothing of it is left out.
const fn is_said(claim: &Claim) -> bool {
    matches!(claim.source, ClaimSource::IdToken) && claim.unusable.is_none()
}

/// Of all of them only `amr` is a key of many values.
fn values<'a>(name: &str, claim: &'a Claim) -> Values<'a> {
    match (name, claim.values.as_slice()) {
        ("amr", values) => values.iter().map(String::as_str).collect(),
        (_, [value]) => Values::One(Cow::Borrowed(value)),
        (_, values) => values.iter().map(String::as_str).collect(),
    }
}
