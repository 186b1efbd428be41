//! Why a role was not assumed.

use super::unavailable::Unavailable;
use super::web_identity::TagsClaimError;
use crate::audit::AuditUnavailable;
use crate::credentials::IssueError;
use crate::directory::DirectoryError;
use crate::federation::RedeemError;
use crate::federation::id_token::TokenError;
use crate::policy::Denial;

/// Why nothing is given.
#[derive(Debug, thiserror::Error)]
pub enum AssumeRoleError {
    /// The role's account has no provider of this issuer.
    #[error("the role's account has no provider for the issuer {issuer}")]
    NoProvider {
        /// As the token names it, cut.
        issuer: String,
    },
    /// The token was not accepted.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The token signed somebody in already.
    #[error("the token was used to sign in already")]
    Consumed,
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
    /// The trust policy, or the role's maximum, is against it.
    #[error("the role's trust policy does not permit it")]
    Denied(Denial),
    /// The session is more than fits into its token.
    #[error("the session would take {percent} per cent of the room in its token")]
    TooLarge {
        /// Over 100.
        percent: u32,
    },
    /// This node can't answer now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl AssumeRoleError {
    /// AWS's code, on the wire and in the audit.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Token(error) if error.is_provider_unreachable() => "IDPCommunicationError",
            Self::Token(TokenError::Expired { .. } | TokenError::TooOld { .. }) => {
                "ExpiredTokenException"
            }
            Self::NoProvider { .. } | Self::Token(_) | Self::Consumed | Self::Tags(_) => {
                "InvalidIdentityToken"
            }
            Self::Denied(Denial::DurationExceedsRoleMaximum { .. }) => "ValidationError",
            Self::Denied(Denial::Refused { .. })
            | Self::NotMapped
            | Self::NotConnected
            | Self::NotLinked => "AccessDenied",
            Self::TooLarge { .. } => "PackedPolicyTooLarge",
            Self::Unavailable(_) => "ServiceUnavailable",
        }
    }

    /// The check that failed, for the trace.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::NoProvider { .. } => "provider",
            Self::Token(error) => error.check(),
            Self::Consumed => "one-time use",
            Self::Tags(_) => "session tags",
            Self::NotMapped => "mapping rules",
            Self::NotConnected => "connection",
            Self::NotLinked => "link",
            Self::Denied(Denial::DurationExceedsRoleMaximum { .. }) => "duration",
            Self::Denied(Denial::Refused { .. }) => "trust policy",
            Self::TooLarge { .. } => "token size",
            Self::Unavailable(_) => "availability",
        }
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
            IssueError::NoSealingKey | IssueError::Entropy(_) => Self::Unavailable(error.into()),
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
