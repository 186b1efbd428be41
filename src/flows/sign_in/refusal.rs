//! Why a sign-in was refused.

use crate::audit::AuditUnavailable;
use crate::directory::DirectoryError;
use crate::entropy::EntropyError;
use crate::federation::RedeemError;
use crate::federation::relying_party::{AnswerError, SignInError};
use crate::flows::answers::NoTurn;
use crate::flows::unavailable::Unavailable;
use crate::store::StoreError;

/// Why a sign-in was refused.
#[derive(Debug, thiserror::Error)]
pub enum SignInRefusal {
    /// What came back is no answer of a provider: whoever sent the browser here is to blame.
    #[error("the provider's answer can't be read")]
    Answer(#[from] AnswerError),
    /// There is no such connection (any more).
    #[error("there is no connection of this name")]
    UnknownConnection,
    /// The attempt was finished already, or is older than ten minutes.
    #[error("the sign-in was finished already, or begun more than ten minutes ago")]
    NoAttempt,
    /// The browser's cookie is missing, or is of another `state`, connection or directory: another
    /// browser began it, or this one finished it and dropped the cookie.
    #[error("the browser has no sign-in under way with this state at this connection")]
    OtherBrowser,
    /// The provider, or its answer.
    #[error(transparent)]
    Provider(#[from] SignInError),
    /// The id_token signed somebody in before.
    #[error("the provider's answer was used already")]
    UsedAlready,
    /// This node can't answer now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl SignInRefusal {
    /// A code that stays the same, for the audit.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Answer(_) => "UnreadableAnswer",
            Self::UnknownConnection => "UnknownConnection",
            Self::NoAttempt => "NoLoginAttempt",
            Self::OtherBrowser => "OtherBrowser",
            Self::Provider(_) => "SignInRefused",
            Self::UsedAlready => "UsedAlready",
            Self::Unavailable(_) => "ServiceUnavailable",
        }
    }

    /// The check that failed, for the trace.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::Answer(_) => "answer",
            Self::UnknownConnection => "connection",
            Self::NoAttempt => "state",
            Self::OtherBrowser => "browser",
            Self::Provider(SignInError::Token(error)) => error.check(),
            Self::Provider(_) => "provider",
            Self::UsedAlready => "one-time use",
            Self::Unavailable(_) => "availability",
        }
    }
}

impl From<RedeemError> for SignInRefusal {
    fn from(error: RedeemError) -> Self {
        match error {
            RedeemError::UsedAlready => Self::UsedAlready,
            RedeemError::Store(error) => Self::Unavailable(error.into()),
        }
    }
}

impl From<StoreError> for SignInRefusal {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<DirectoryError> for SignInRefusal {
    fn from(error: DirectoryError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<EntropyError> for SignInRefusal {
    fn from(error: EntropyError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<AuditUnavailable> for SignInRefusal {
    fn from(error: AuditUnavailable) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<NoTurn> for SignInRefusal {
    fn from(error: NoTurn) -> Self {
        match error {
            NoTurn::Answered => Self::NoAttempt,
            NoTurn::Busy => Unavailable::Busy.into(),
        }
    }
}
