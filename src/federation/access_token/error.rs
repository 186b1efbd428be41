//! Which check an access token failed.

use super::super::Quoted;
use super::super::id_token::MAX_AGE;
use super::super::outgoing::FetchError;
use super::super::secret_file::SecretFileError;
use super::MAX_CHARS;
use crate::domain::UnixTime;

/// Why an access token is refused: one variant a check. No text quotes the token itself.
#[derive(Debug, thiserror::Error)]
pub enum AccessTokenError {
    /// This node has no app at the provider.
    #[error("this node has no app at {provider}")]
    NotConfigured {
        /// The provider's name.
        provider: &'static str,
    },
    /// The token is longer than [`MAX_CHARS`].
    #[error("the token has {length} characters, {MAX_CHARS} are allowed")]
    TooLong {
        /// The token's length in bytes.
        length: usize,
    },
    /// No access token has such characters.
    #[error("the token has characters other than visible ASCII ones")]
    Characters,
    /// The app's secret can't be read: whoever runs the node is to blame.
    #[error("the secret of the app can't be read")]
    Secret(#[from] SecretFileError),
    /// As many questions to the provider are under way as may be.
    #[error("too many questions to the provider are under way")]
    Busy,
    /// The provider failed again and again, just now.
    #[error("the provider failed several times in a row and is left alone for a moment")]
    Resting,
    /// The provider gave no answer that can be read.
    #[error("the provider could not be asked")]
    Unreachable(#[from] FetchError),
    /// The provider's answer lacks something, or has it in another form.
    #[error("in the provider's answer, {member} is not {rule}")]
    Answer {
        /// The member's name.
        member: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// The provider refuses to say anything of the token.
    #[error("{provider} refused the token with status {status}")]
    Rejected {
        /// The provider's name.
        provider: &'static str,
        /// The answer's status.
        status: u16,
    },
    /// The provider says that the token is good for nothing.
    #[error("the provider says that the token is not valid")]
    NotValid,
    /// The token is of no person.
    #[error("the token is of kind \"{found}\" and not of a person")]
    Kind {
        /// The kind.
        found: Quoted,
    },
    /// The token was given to somebody else's app.
    #[error("the app is \"{found}\" and none of \"{expected}\"")]
    OtherApp {
        /// The node's apps, with spaces between.
        expected: Quoted,
        /// The app that it was given to.
        found: Quoted,
    },
    /// The token is over.
    #[error("the token expired at {expired_at}; it is {now}")]
    Expired {
        /// The time of the check.
        now: UnixTime,
        /// When it ended.
        expired_at: UnixTime,
    },
    /// The token was issued in the future.
    #[error("the token was issued at {issued_at}; it is {now}")]
    IssuedInFuture {
        /// The time of the check.
        now: UnixTime,
        /// When it says it was issued.
        issued_at: UnixTime,
    },
    /// The provider doesn't say when the token was issued, and it lives too long to guess.
    #[error(
        "the provider doesn't say when the token was issued, and it ends in more than {MAX_AGE} seconds"
    )]
    AgeUnknown,
    /// The token was issued too long ago.
    #[error("the token is {seconds} seconds old, {MAX_AGE} are allowed")]
    TooOld {
        /// The seconds since it was issued.
        seconds: i64,
    },
}

impl AccessTokenError {
    /// AWS's code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Secret(_)
            | Self::Busy
            | Self::Resting
            | Self::Unreachable(_)
            | Self::Answer { .. } => "IDPCommunicationError",
            Self::Rejected { .. } | Self::NotValid => "IDPRejectedClaim",
            Self::Expired { .. } | Self::TooOld { .. } => "ExpiredTokenException",
            Self::NotConfigured { .. }
            | Self::TooLong { .. }
            | Self::Characters
            | Self::Kind { .. }
            | Self::OtherApp { .. }
            | Self::IssuedInFuture { .. }
            | Self::AgeUnknown => "InvalidIdentityToken",
        }
    }

    /// The name of the check that failed, for traces; it never changes.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::NotConfigured { .. } => "provider",
            Self::TooLong { .. } => "size",
            Self::Characters => "encoding",
            Self::Secret(_) | Self::Busy | Self::Resting | Self::Unreachable(_) => "inspection",
            Self::Answer { .. } => "answer",
            Self::Rejected { .. } | Self::NotValid => "validity",
            Self::Kind { .. } => "kind",
            Self::OtherApp { .. } => "audience",
            Self::Expired { .. } => "expiry",
            Self::IssuedInFuture { .. } => "issued at",
            Self::AgeUnknown | Self::TooOld { .. } => "age",
        }
    }

    /// Whether the provider could not be asked, so that the token may be good and a later try may
    /// succeed.
    pub const fn is_provider_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Secret(_)
                | Self::Busy
                | Self::Resting
                | Self::Unreachable(_)
                | Self::Answer { .. }
        )
    }
}
