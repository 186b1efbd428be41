//! What a service is answered.

use std::sync::Arc;

use super::AuthenticationError;
use crate::directory::Snapshot;
use crate::flows::authenticate::Caller;
use crate::flows::own_policies::own_tags;
use crate::policy::{PolicyKind, Refusal, StatementRef};
use crate::sigv4::{Payload, SigV4Error};
use crate::throttle::Throttled;

/// The answer to a question.
#[derive(Debug)]
pub enum Answer {
    /// Nobody is known to have signed the request: it may not pass.
    Unproven(AuthenticationError),
    /// Somebody has, of an account that the service has nothing to do with: to it, nobody has.
    OutOfReach(Arc<Caller>),
    /// Somebody has, who asks too often: it may not pass now.
    Throttled(Arc<Caller>, Throttled),
    /// Somebody has, and it is decided.
    Decided(Box<Decided>),
}

/// A decision about a request whose caller is known.
#[derive(Debug)]
pub struct Decided {
    /// Who signed it.
    pub caller: Arc<Caller>,
    /// Their tags: the session's before the user's or role's.
    pub tags: Vec<(String, String)>,
    /// What the signature says of the body.
    pub payload: Payload,
    /// Whether it may pass.
    pub verdict: Verdict,
    /// What is told where it may not.
    pub refusal: Option<RefusalText>,
    /// The directory that it was decided by.
    pub generation: u64,
}

/// What is told of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusalText {
    /// AWS's text.
    pub message: String,
    /// The whole decision, sealed for the caller's account; none of who has no account.
    pub encoded: Option<String>,
}

/// Whether a request may pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may; these statements allow it.
    Allow(Vec<StatementRef>),
    /// It may not.
    Deny(Refusal),
    /// It may not: the role that it would pass is none that there is.
    NoSuchRole,
}

impl Verdict {
    /// Whether it may pass.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow(_))
    }

    /// Whether a statement denies it, whatever allows.
    pub const fn is_explicit(&self) -> bool {
        matches!(self, Self::Deny(Refusal::Explicit { .. }))
    }

    /// The statements that decided it; none where a kind of policy was silent.
    pub fn statements(&self) -> Vec<&StatementRef> {
        match self {
            Self::Allow(by) => by.iter().collect(),
            Self::Deny(Refusal::Explicit { by, others }) => {
                std::iter::once(by).chain(others).collect()
            }
            Self::Deny(Refusal::Silent(_)) | Self::NoSuchRole => Vec::new(),
        }
    }

    /// The kind of policy that is to blame, where one is.
    pub const fn blamed(&self) -> Option<PolicyKind> {
        match self {
            Self::Deny(refusal) => Some(refusal.kind()),
            // As if no policy allowed it: which roles there are is not for who asks.
            Self::NoSuchRole => Some(PolicyKind::IdentityBased),
            Self::Allow(_) => None,
        }
    }

    /// Why not, in words; none where it may.
    pub fn why_not(&self, action: &str) -> Option<String> {
        match self {
            Self::Allow(_) => None,
            Self::Deny(refusal) => Some(refusal.in_words(action)),
            Self::NoSuchRole => Some(Refusal::Silent(PolicyKind::IdentityBased).in_words(action)),
        }
    }
}

/// AWS's code and status for a request that nobody is known to have signed.
pub fn unproven(error: &AuthenticationError) -> (&'static str, u16) {
    match error {
        AuthenticationError::Signature(error) => match error {
            SigV4Error::SignatureExpired { .. }
            | SigV4Error::SignatureNotYetCurrent { .. }
            | SigV4Error::PresignedUrlExpired { .. } => ("RequestExpired", 400),
            other => (other.code(), other.status()),
        },
        other => (other.code(), 403),
    }
}

/// The tags by which a caller's policies know them.
pub(super) fn tags(caller: &Caller, snapshot: &Snapshot) -> Vec<(String, String)> {
    let mut tags: Vec<(String, String)> = Vec::new();
    let own = own_tags(&caller.principal, snapshot).into_iter();
    let own = own.flat_map(|tags| {
        tags.iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    });
    let session = caller.session.iter().flat_map(|it| it.tags.iter());
    let session = session.map(|(key, value, _)| (key.as_str(), value.as_str()));
    for (key, value) in own.chain(session) {
        tags.retain(|(known, _)| !known.eq_ignore_ascii_case(key));
        tags.push((key.to_owned(), value.to_owned()));
    }
    tags
}
