//! Why a logout message was refused.

use crate::audit::AuditUnavailable;
use crate::directory::DirectoryError;
use crate::federation::id_token::TokenError;
use crate::federation::saml::single_logout::{LogoutMessageError, LogoutSendError};
use crate::flows::party::NoParty;
use crate::flows::unavailable::Unavailable;
use crate::store::StoreError;

/// Why a logout message was refused.
#[derive(Debug, thiserror::Error)]
pub enum LogoutRefusal {
    /// It can't be read, or is not the provider's: whoever sent the browser here is to blame.
    #[error(transparent)]
    Message(#[from] LogoutMessageError),
    /// It is no token of the provider's that tells of a logout.
    #[error("the logout_token is refused")]
    Token(#[from] TokenError),
    /// No connection is of the provider that it says to be of.
    #[error("no connection is of the provider that the message says to be of")]
    UnknownProvider,
    /// Nothing is known of the connection's provider.
    #[error("nothing is known of the connection's provider yet: its metadata was never read")]
    NothingKnown,
    /// The browser's cookie is missing, or is of another logout: another browser began it, or it was
    /// answered already.
    #[error("the browser has no logout under way with this RelayState")]
    OtherBrowser,
    /// The logout was begun more than ten minutes ago.
    #[error("the logout was begun more than ten minutes ago")]
    TooLate,
    /// The request was used before.
    #[error("the logout request was used already")]
    UsedAlready,
    /// The sessions are over, and the provider can't be told: our keys, or its address, are to blame.
    #[error("the sessions are over, and the provider can't be told")]
    Send(#[source] LogoutSendError),
    /// This node can't answer now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl LogoutRefusal {
    /// A code that stays the same, for the audit.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Message(_) | Self::Token(_) => "LogoutRefused",
            Self::UnknownProvider => "UnknownProvider",
            Self::NothingKnown => "NoMetadata",
            Self::OtherBrowser => "OtherBrowser",
            Self::TooLate => "NoLogoutUnderWay",
            Self::UsedAlready => "UsedAlready",
            Self::Send(_) => "NotTold",
            Self::Unavailable(_) => "ServiceUnavailable",
        }
    }

    /// The check that failed, for the trace.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::Message(error) => error.check(),
            Self::Token(error) => error.check(),
            Self::UnknownProvider => "issuer",
            Self::NothingKnown => "metadata",
            Self::OtherBrowser => "browser",
            Self::TooLate => "state",
            Self::UsedAlready => "one-time use",
            Self::Send(_) => "answer",
            Self::Unavailable(_) => "availability",
        }
    }

    /// Whether a newer directory may accept the same message: another node may know newer metadata of
    /// the provider, or a connection of it.
    pub(super) fn may_have_changed(&self) -> bool {
        matches!(self, Self::UnknownProvider | Self::NothingKnown)
            || matches!(self, Self::Message(error) if error.may_have_changed())
    }
}

impl From<NoParty> for LogoutRefusal {
    fn from(error: NoParty) -> Self {
        match error {
            NoParty::UnknownConnection => Self::UnknownProvider,
            NoParty::NothingKnown => Self::NothingKnown,
            NoParty::Key(error) => Self::Unavailable(error.into()),
        }
    }
}

impl From<StoreError> for LogoutRefusal {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<DirectoryError> for LogoutRefusal {
    fn from(error: DirectoryError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<AuditUnavailable> for LogoutRefusal {
    fn from(error: AuditUnavailable) -> Self {
        Self::Unavailable(error.into())
    }
}
