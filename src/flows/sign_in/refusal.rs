//! Why a sign-in was refused.

use crate::audit::AuditUnavailable;
use crate::directory::DirectoryError;
use crate::entropy::EntropyError;
use crate::federation::RedeemError;
use crate::federation::relying_party::{AnswerError, SignInError};
use crate::federation::saml::browser_sso::SamlSignInError;
use crate::federation::saml::posted::FormError;
use crate::federation::saml::prove::{ResponseTextError, SamlProofError};
use crate::federation::sign_in::ProviderError;
use crate::flows::answers::NoTurn;
use crate::flows::party::NoParty;
use crate::flows::revoked::Revoked;
use crate::flows::unavailable::Unavailable;
use crate::store::StoreError;

/// Why a sign-in was refused.
#[derive(Debug, thiserror::Error)]
pub enum SignInRefusal {
    /// What came back is no answer of a provider: whoever sent the browser here is to blame.
    #[error("the provider's answer can't be read")]
    Answer(#[from] AnswerError),
    /// What was posted is no form with a SAML response: as above.
    #[error("the provider's response can't be read")]
    Form(#[from] FormError),
    /// The SAML response is no text of one: as above.
    #[error("the provider's response can't be read")]
    ResponseText(#[from] ResponseTextError),
    /// There is no such connection (any more).
    #[error("there is no connection of this name")]
    UnknownConnection,
    /// Nothing is known of the connection's provider: its metadata could never be fetched.
    #[error("nothing is known of the connection's provider yet: its metadata was never read")]
    NothingKnown,
    /// The provider began by itself, and none is known that is called so.
    #[error("no connection is of the provider that the response says to be of")]
    UnknownProvider,
    /// The attempt was finished already, or is older than ten minutes.
    #[error("the sign-in was finished already, or begun more than ten minutes ago")]
    NoAttempt,
    /// The browser's cookie is missing, or is of another `state`, connection or directory: another
    /// browser began it, or this one finished it and dropped the cookie.
    #[error("the browser has no sign-in under way with this state at this connection")]
    OtherBrowser,
    /// The provider, or its answer.
    #[error(transparent)]
    Provider(ProviderError),
    /// The id_token or the assertion signed somebody in before.
    #[error("the provider's answer was used already")]
    UsedAlready,
    /// The person signed out at the provider after it had issued the answer.
    #[error("the person has signed out at the provider since it issued the answer")]
    LoggedOut,
    /// The person, or the connection, was revoked after the provider had issued the answer.
    #[error("sessions of the person were revoked since the provider issued the answer")]
    Revoked,
    /// This node can't answer now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl SignInRefusal {
    /// A code that stays the same, for the audit.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Answer(_) | Self::Form(_) | Self::ResponseText(_) => "UnreadableAnswer",
            Self::UnknownConnection => "UnknownConnection",
            Self::NothingKnown => "NoMetadata",
            Self::UnknownProvider => "UnknownProvider",
            Self::NoAttempt => "NoLoginAttempt",
            Self::OtherBrowser => "OtherBrowser",
            Self::Provider(_) => "SignInRefused",
            Self::UsedAlready => "UsedAlready",
            Self::LoggedOut => "LoggedOut",
            Self::Revoked => "Revoked",
            Self::Unavailable(_) => "ServiceUnavailable",
        }
    }

    /// The check that failed, for the trace.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::Answer(_) | Self::Form(_) | Self::ResponseText(_) => "answer",
            Self::UnknownConnection => "connection",
            Self::NothingKnown => "metadata",
            Self::UnknownProvider => "issuer",
            Self::NoAttempt => "state",
            Self::OtherBrowser => "browser",
            Self::Provider(ProviderError::Oidc(SignInError::Token(error))) => error.check(),
            Self::Provider(ProviderError::Oidc(_)) => "provider",
            Self::Provider(ProviderError::Saml(error)) => error.check(),
            Self::Provider(ProviderError::OtherProtocol) => "protocol",
            Self::UsedAlready => "one-time use",
            Self::LoggedOut => "logout",
            Self::Revoked => "revocation",
            Self::Unavailable(_) => "availability",
        }
    }

    /// Whether somebody must look at it: the two SAML verifiers disagree.
    pub fn is_alarm(&self) -> bool {
        self.proof_error().is_some_and(SamlProofError::is_alarm)
    }

    /// Whether a newer directory may accept the same response: another node may know newer metadata of
    /// the provider, newer keys of ours, or other settings of the connection.
    pub(super) fn may_have_changed(&self) -> bool {
        let proof = self.proof_error();
        proof.is_some_and(SamlProofError::may_have_changed)
            || matches!(
                self,
                Self::NothingKnown | Self::Provider(ProviderError::Saml(SamlSignInError::NotAsked))
            )
    }

    const fn proof_error(&self) -> Option<&SamlProofError> {
        let Self::Provider(ProviderError::Saml(SamlSignInError::Proof(error))) = self else {
            return None;
        };
        Some(error)
    }
}

/// A second verifier that can't answer is the node's fault, and not the provider's.
impl From<ProviderError> for SignInRefusal {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Saml(SamlSignInError::Proof(error)) if error.is_unavailable() => {
                Self::Unavailable(Unavailable::SecondOpinion(error))
            }
            other => Self::Provider(other),
        }
    }
}

impl From<Revoked> for SignInRefusal {
    fn from(_: Revoked) -> Self {
        Self::Revoked
    }
}

impl From<NoParty> for SignInRefusal {
    fn from(error: NoParty) -> Self {
        match error {
            NoParty::UnknownConnection => Self::UnknownConnection,
            NoParty::NothingKnown => Self::NothingKnown,
            NoParty::Key(error) => Self::Unavailable(error.into()),
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
