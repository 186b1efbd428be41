//! What an assertion says to AWS itself: which roles it is for, and what the session shall be (IAM user
//! guide, "Configure SAML assertions for the authentication response").

use super::web_identity_conditions::{SessionTerms, TagsClaimError, read_terms, session_terms};
use crate::domain::{
    AWS_ATTRIBUTES, Claims, RoleArn, SamlProviderArn, SessionDuration, SessionName, TagsError,
    UnixTime,
};
use crate::federation::saml::checks::AcceptedAssertion;

/// What the names of roles begin with that AWS's own portal makes; an assertion can't be for them.
const RESERVED: &str = "AWSReservedSSO_";

/// Why an assertion that is good gives no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SamlSessionError {
    /// No value of its attribute `Role` is the pair of the role and the provider that were asked for.
    #[error("the attribute Role lists no pair of this role and this provider")]
    NotListed,
    /// The role is one that no assertion can be for.
    #[error("roles whose name begins with {RESERVED} can't be assumed with SAML")]
    ReservedRole,
    /// It has no attribute `RoleSessionName`.
    #[error("RoleSessionName is required in AuthnResponse")]
    NoSessionName,
    /// Its attribute `RoleSessionName` is not one name of the right shape.
    #[error("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{{2,64}}")]
    SessionName,
    /// Its attribute `SessionDuration` is not one number of seconds that a session can last.
    #[error("SessionDuration in AuthnResponse must be one whole number from 900 to 43200")]
    SessionDuration,
    /// Its attribute `SourceIdentity` is not one of the right shape.
    #[error("Source Identity must match [a-zA-Z_0-9+=,.@-]{{2,64}} and not begin with \"aws:\"")]
    SourceIdentity,
    /// A session tag is not of AWS's shape.
    #[error(
        "the session tags in AuthnResponse are not usable: each PrincipalTag:… must have one value of up to 256 allowed characters and a key of 1 to 128, and TransitiveTagKeys texts alone"
    )]
    Tag,
    /// Too many tags, or two whose keys differ in case only.
    #[error("the session tags in AuthnResponse can't stand together: {0}")]
    Tags(#[from] TagsError),
    /// A transitive key that is no tag.
    #[error("TransitiveTagKeys in AuthnResponse names a key that is none of its tags")]
    UnknownTransitiveKey,
    /// The provider's session is over, though the assertion isn't.
    #[error("SessionNotOnOrAfter is {at}; it is {now}")]
    SessionOver {
        /// The time of the check.
        now: UnixTime,
        /// The `SessionNotOnOrAfter`.
        at: UnixTime,
    },
}

impl SamlSessionError {
    /// The name of the check that failed, for traces; it never changes.
    pub(super) const fn check(&self) -> &'static str {
        match self {
            Self::NotListed => "role attribute",
            Self::ReservedRole => "role",
            Self::NoSessionName | Self::SessionName => "session name",
            Self::SessionDuration => "duration",
            Self::SourceIdentity => "source identity",
            Self::Tag | Self::Tags(_) | Self::UnknownTransitiveKey => "session tags",
            Self::SessionOver { .. } => "expiry",
        }
    }
}

/// The session that an assertion asks for.
#[derive(Debug, Clone)]
pub(super) struct AskedSession {
    pub(super) name: SessionName,
    pub(super) terms: SessionTerms,
    /// When it ends at the latest: with the provider's session, or after the assertion's own
    /// `SessionDuration`.
    pub(super) ends_by: Option<UnixTime>,
}

impl AskedSession {
    /// Reads the session, if the assertion is for this role by way of this provider.
    pub(super) fn read(
        assertion: &AcceptedAssertion,
        claims: &Claims,
        (role, provider): (&RoleArn, &SamlProviderArn),
        now: UnixTime,
    ) -> Result<Self, SamlSessionError> {
        if role.name().starts_with(RESERVED) {
            return Err(SamlSessionError::ReservedRole);
        }
        check_pair(claims, role, provider)?;
        let name = name(claims)?.ok_or(SamlSessionError::NoSessionName)?;
        let end = assertion.authentication().session_ends_at;
        if let Some(at) = end.filter(|end| *end <= now) {
            return Err(SamlSessionError::SessionOver { now, at });
        }
        let longest = duration(claims)?.map(|it| now.plus(it.seconds().into()));
        Ok(Self {
            name,
            terms: session_terms(claims)?,
            ends_by: end.into_iter().chain(longest).min(),
        })
    }
}

/// The session's name, where the assertion has one.
pub(super) fn name(claims: &Claims) -> Result<Option<SessionName>, SamlSessionError> {
    match values(claims, "RoleSessionName") {
        None => Ok(None),
        Some([name]) => {
            let name = name.parse().map_err(|_| SamlSessionError::SessionName);
            name.map(Some)
        }
        Some(_) => Err(SamlSessionError::SessionName),
    }
}

/// The tags and the source identity of an assertion whose claims were kept.
pub(super) fn kept_terms(claims: &Claims) -> Result<SessionTerms, SamlSessionError> {
    Ok(read_terms(&claims.session_of_attributes())?)
}

/// Either order is in use; each value is compared whole, so that none can be read in two ways.
pub(super) fn check_pair(
    claims: &Claims,
    role: &RoleArn,
    provider: &SamlProviderArn,
) -> Result<(), SamlSessionError> {
    let (role, provider) = (role.as_str(), provider.as_str());
    let pairs = [
        [role, ",", provider].concat(),
        [provider, ",", role].concat(),
    ];
    let listed = values(claims, "Role").unwrap_or_default();
    if listed.iter().any(|value| pairs.contains(value)) {
        Ok(())
    } else {
        Err(SamlSessionError::NotListed)
    }
}

pub(super) fn duration(claims: &Claims) -> Result<Option<SessionDuration>, SamlSessionError> {
    let seconds = match values(claims, "SessionDuration") {
        None => return Ok(None),
        Some([text]) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        Some(_) => None,
    };
    let duration = seconds.and_then(SessionDuration::from_seconds);
    duration.map(Some).ok_or(SamlSessionError::SessionDuration)
}

/// The values of an attribute of AWS's own; none where one is no text.
fn values<'c>(claims: &'c Claims, name: &str) -> Option<&'c [String]> {
    let claim = claims.get(&[AWS_ATTRIBUTES, name].concat())?;
    match claim.unusable {
        None => Some(&claim.values),
        Some(_) => Some(&[]),
    }
}

impl From<TagsClaimError> for SamlSessionError {
    fn from(error: TagsClaimError) -> Self {
        match error {
            TagsClaimError::Malformed => Self::Tag,
            TagsClaimError::Tags(error) => Self::Tags(error),
            TagsClaimError::UnknownTransitiveKey => Self::UnknownTransitiveKey,
            TagsClaimError::SourceIdentity => Self::SourceIdentity,
        }
    }
}
