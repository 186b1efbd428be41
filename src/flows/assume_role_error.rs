//! Why a role was not assumed.

use super::authenticate::AuthenticationError;
use super::mfa::MfaError;
use super::narrowing::UnknownPolicy;
use super::reach::RegionDisabled;
use super::saml_session::SamlSessionError;
use super::unavailable::Unavailable;
use super::web_identity_conditions::TagsClaimError;
use crate::audit::AuditUnavailable;
use crate::credentials::IssueError;
use crate::directory::{DirectoryError, UnusableKey};
use crate::domain::{Lineage, SessionDuration, UnixTime};
use crate::federation::RedeemError;
use crate::federation::access_token::AccessTokenError;
use crate::federation::id_token::TokenError;
use crate::federation::saml::SamlError;
use crate::federation::saml::prove::{ResponseTextError, SamlProofError};
use crate::policy::Denial;
use crate::throttle::Throttled;

/// Why nothing is given.
#[derive(Debug, thiserror::Error)]
pub enum AssumeRoleError {
    /// The role's account has no provider of this issuer.
    #[error("the role's account has no provider for the issuer {issuer}")]
    NoProvider {
        /// As the token names it, cut.
        issuer: String,
    },
    /// The account has no SAML provider of this name.
    #[error("the provider that PrincipalArn names doesn't exist")]
    NoSamlProvider,
    /// The token was not accepted.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The access token was not accepted.
    #[error(transparent)]
    AccessToken(Box<AccessTokenError>),
    /// The SAML response can't be decoded.
    #[error(transparent)]
    ResponseText(#[from] ResponseTextError),
    /// The SAML response was not accepted.
    #[error(transparent)]
    Saml(Box<SamlProofError>),
    /// The assertion is good, and not for this role, or not for a session of it.
    #[error(transparent)]
    SamlSession(#[from] SamlSessionError),
    /// The token or assertion was used already: to sign in, or here where it may be used once.
    #[error("the proof of identity was used already")]
    Consumed,
    /// The person, or the connection that they came by, was revoked after the proof was issued.
    #[error("the proof of identity was issued before sessions of its person were revoked")]
    Revoked,
    /// The token's session tags or source identity can't be used.
    #[error(transparent)]
    Tags(#[from] TagsClaimError),
    /// No mapping rule gives the person this role.
    #[error("no mapping rule gives this role")]
    NotMapped,
    /// The connection that the person signed in by is gone, or has another issuer or client by now.
    #[error("the connection is no longer the one that the person signed in by")]
    NotConnected,
    /// The person's connection has no link to the role's account.
    #[error("the connection is not linked to the role's account")]
    NotLinked,
    /// Nobody was authenticated.
    #[error(transparent)]
    Authentication(#[from] AuthenticationError),
    /// The second factor doesn't count.
    #[error(transparent)]
    Mfa(#[from] MfaError),
    /// The caller, or a policy of theirs, was taken out of the directory meanwhile.
    #[error("the caller is not in the directory any more")]
    CallerGone,
    /// The session would be reached through too many others.
    #[error("a session is reached through at most {} others", Lineage::MAX_PASSED)]
    ChainTooLong,
    /// A managed policy that the session should stay within is none that the account has.
    #[error(transparent)]
    UnknownPolicy(#[from] UnknownPolicy),
    /// STS gives no credentials for the role's account in this region.
    #[error(transparent)]
    RegionDisabled(#[from] RegionDisabled),
    /// The provider's session with the person ends sooner than the shortest session would.
    #[error(
        "the provider's session ends at {at}, which leaves less than the {} seconds of the shortest session",
        SessionDuration::MIN.seconds()
    )]
    ProviderSessionEnds {
        /// The `SessionNotOnOrAfter`.
        at: UnixTime,
    },
    /// The trust policy, or the role's maximum, is against it.
    #[error("{}", denied(.0))]
    Denied(Denial),
    /// The session is more than fits into its token.
    #[error("the session would take {percent} per cent of the room in its token")]
    TooLarge {
        /// Over 100.
        percent: u32,
    },
    /// The person, or the role's account, asks too often.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// This node can't answer now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

const fn denied(denial: &Denial) -> &'static str {
    match denial {
        Denial::DurationExceedsRoleMaximum { .. } | Denial::DurationExceedsChained { .. } => {
            "the session would last longer than it may"
        }
        Denial::RootCaller
        | Denial::Refused { .. }
        | Denial::TagIsInherited { .. }
        | Denial::TooManyTags => "the role's trust policy does not permit it",
    }
}

impl AssumeRoleError {
    /// AWS's code, on the wire and in the audit.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Token(error) if error.is_provider_unreachable() => "IDPCommunicationError",
            Self::Token(TokenError::Expired { .. } | TokenError::TooOld { .. })
            | Self::ProviderSessionEnds { .. } => "ExpiredTokenException",
            Self::AccessToken(error) => error.code(),
            Self::Saml(error) => saml_code(error),
            Self::SamlSession(error) => session_code(*error),
            Self::NoProvider { .. }
            | Self::NoSamlProvider
            | Self::Token(_)
            | Self::ResponseText(_)
            | Self::Consumed
            | Self::Revoked
            | Self::Tags(_) => "InvalidIdentityToken",
            Self::Denied(denial) => denial.code(),
            Self::Authentication(error) => error.code(),
            Self::Mfa(MfaError::Unavailable(_)) | Self::Unavailable(_) => "ServiceUnavailable",
            Self::NotMapped
            | Self::NotConnected
            | Self::NotLinked
            | Self::Mfa(_)
            | Self::CallerGone => "AccessDenied",
            Self::ChainTooLong => "ValidationError",
            Self::UnknownPolicy(_) => "MalformedPolicyDocument",
            Self::RegionDisabled(_) => "RegionDisabledException",
            Self::TooLarge { .. } => "PackedPolicyTooLarge",
            Self::Throttled(_) => "Throttling",
        }
    }

    /// Whether somebody must look at it: the two SAML verifiers disagree.
    pub fn is_alarm(&self) -> bool {
        matches!(self, Self::Saml(error) if error.is_alarm())
    }

    /// Whether more responses came than there are places for.
    pub fn is_crowded_out(&self) -> bool {
        let Self::Unavailable(Unavailable::SecondOpinion(error)) = self else {
            return false;
        };
        matches!(**error, SamlProofError::SecondOpinion(_))
    }

    /// Whether the proof of identity itself did not hold: the caller may be guessing.
    pub fn is_failed_proof(&self) -> bool {
        match self {
            Self::Token(error) => !error.is_provider_unreachable(),
            Self::AccessToken(error) => !error.is_provider_unreachable(),
            Self::Authentication(error) => error.is_failed_proof(),
            Self::Mfa(error) => error.is_failed_proof(),
            Self::NoProvider { .. }
            | Self::NoSamlProvider
            | Self::ResponseText(_)
            | Self::Saml(_) => true,
            Self::SamlSession(_)
            | Self::Consumed
            | Self::Revoked
            | Self::Tags(_)
            | Self::NotMapped
            | Self::NotConnected
            | Self::NotLinked
            | Self::ProviderSessionEnds { .. }
            | Self::Denied(_)
            | Self::CallerGone
            | Self::ChainTooLong
            | Self::UnknownPolicy(_)
            | Self::RegionDisabled(_)
            | Self::TooLarge { .. }
            | Self::Throttled(_)
            | Self::Unavailable(_) => false,
        }
    }

    /// Whether a newer directory may permit the same call: a role, a provider, its keys or a trust
    /// policy may have been changed on another node (decision 7).
    pub fn may_have_changed(&self) -> bool {
        match self {
            Self::NoProvider { .. }
            | Self::NoSamlProvider
            | Self::Denied(_)
            | Self::RegionDisabled(_) => true,
            Self::Saml(error) => error.may_have_changed(),
            Self::Authentication(_)
            | Self::Mfa(_)
            | Self::Token(_)
            | Self::AccessToken(_)
            | Self::ResponseText(_)
            | Self::SamlSession(_)
            | Self::Consumed
            | Self::Tags(_)
            | Self::NotMapped
            | Self::NotConnected
            | Self::NotLinked
            | Self::ProviderSessionEnds { .. }
            | Self::CallerGone
            | Self::ChainTooLong
            | Self::UnknownPolicy(_)
            | Self::TooLarge { .. }
            | Self::Revoked
            | Self::Throttled(_)
            | Self::Unavailable(_) => false,
        }
    }

    /// The check that failed, for the trace.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::NoProvider { .. } | Self::NoSamlProvider => "provider",
            Self::ResponseText(_) => "encoding",
            Self::Saml(error) => error.check(),
            Self::SamlSession(error) => error.check(),
            Self::Token(error) => error.check(),
            Self::AccessToken(error) => error.check(),
            Self::Consumed => "one-time use",
            Self::Revoked => "revocation",
            Self::Tags(_) | Self::Denied(Denial::TagIsInherited { .. } | Denial::TooManyTags) => {
                "session tags"
            }
            Self::NotMapped => "mapping rules",
            Self::NotConnected => "connection",
            Self::ProviderSessionEnds { .. } => "expiry",
            Self::NotLinked => "link",
            Self::Denied(
                Denial::DurationExceedsRoleMaximum { .. } | Denial::DurationExceedsChained { .. },
            ) => "duration",
            Self::Denied(Denial::Refused { .. } | Denial::RootCaller) => "trust policy",
            Self::Authentication(error) => error.check(),
            Self::Mfa(MfaError::Unavailable(_)) | Self::Unavailable(_) => "availability",
            Self::Mfa(_) => "second factor",
            Self::CallerGone => "caller",
            Self::ChainTooLong => "chain",
            Self::UnknownPolicy(_) => "session policy",
            Self::RegionDisabled(_) => "region",
            Self::TooLarge { .. } => "token size",
            Self::Throttled(_) => "rate",
        }
    }
}

const fn saml_code(error: &SamlProofError) -> &'static str {
    match error {
        SamlProofError::Response(SamlError::Status { .. }) => "IDPRejectedClaim",
        SamlProofError::Response(SamlError::Expired { .. } | SamlError::TooOld { .. }) => {
            "ExpiredTokenException"
        }
        SamlProofError::MetadataExpired(_)
        | SamlProofError::Response(_)
        | SamlProofError::TooManyClaims { .. }
        | SamlProofError::Disagreement(_)
        | SamlProofError::SecondOpinion(_)
        | SamlProofError::NoSecondOpinion => "InvalidIdentityToken",
    }
}

const fn session_code(error: SamlSessionError) -> &'static str {
    match error {
        SamlSessionError::NotListed | SamlSessionError::ReservedRole => "AccessDenied",
        SamlSessionError::SessionOver { .. } => "ExpiredTokenException",
        SamlSessionError::NoSessionName
        | SamlSessionError::SessionName
        | SamlSessionError::SessionDuration
        | SamlSessionError::SourceIdentity
        | SamlSessionError::Tag
        | SamlSessionError::Tags(_)
        | SamlSessionError::UnknownTransitiveKey => "InvalidIdentityToken",
    }
}

impl From<SamlProofError> for AssumeRoleError {
    fn from(error: SamlProofError) -> Self {
        if error.is_unavailable() {
            Self::Unavailable(Unavailable::SecondOpinion(Box::new(error)))
        } else {
            Self::Saml(Box::new(error))
        }
    }
}

impl From<AccessTokenError> for AssumeRoleError {
    fn from(error: AccessTokenError) -> Self {
        Self::AccessToken(Box::new(error))
    }
}

impl From<UnusableKey> for AssumeRoleError {
    fn from(error: UnusableKey) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<DirectoryError> for AssumeRoleError {
    fn from(error: DirectoryError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<AuditUnavailable> for AssumeRoleError {
    fn from(error: AuditUnavailable) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<IssueError> for AssumeRoleError {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::TooLarge { percent } => Self::TooLarge { percent },
            IssueError::NoTaskPolicy | IssueError::NoSealingKey | IssueError::Entropy(_) => {
                Self::Unavailable(error.into())
            }
        }
    }
}

impl From<RedeemError> for AssumeRoleError {
    fn from(error: RedeemError) -> Self {
        match error {
            RedeemError::UsedAlready => Self::Consumed,
            RedeemError::Store(error) => Self::Unavailable(error.into()),
        }
    }
}
