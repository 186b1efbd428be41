//! Which check a SAML response failed, with what was compared.

use super::checks::{MAX_AGE, SKEW};
use super::signature::SignatureError;
use super::xml::{ShapeError, XmlError};
use crate::domain::UnixTime;
use crate::federation::Quoted;

/// Why a SAML response is refused: one variant a check.
///
/// [`Status`](Self::Status) is the provider's own refusal, [`Decryption`](Self::Decryption) says
/// nothing more on purpose, and all others are the message's fault. What was decrypted and nobody has
/// signed is [`Inside`](Self::Inside), of which whoever sent it learns as little.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SamlError {
    /// The message is no document of the strict kind that is read.
    #[error("the message can't be read")]
    Xml(#[from] XmlError),
    /// An element or an attribute is missing, or there twice.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The message is something else.
    #[error("the message is {found} instead of {expected}")]
    Kind {
        /// The element that was expected.
        expected: &'static str,
        /// The root element.
        found: Quoted,
    },
    /// The message is of another version of SAML.
    #[error("{element} is of version \"{found}\" instead of \"2.0\"")]
    Version {
        /// `Response` or `Assertion`.
        element: &'static str,
        /// The `Version`; empty where there is none.
        found: Quoted,
    },
    /// The provider refuses the sign-in.
    #[error("the identity provider answers {code} {detail}: {message}")]
    Status {
        /// The first status code.
        code: Quoted,
        /// The second status code; empty where there is none.
        detail: Quoted,
        /// The message; empty where there is none.
        message: Quoted,
    },
    /// There isn't exactly one assertion.
    #[error("there are {found} assertions instead of one")]
    Assertions {
        /// How many there are, encrypted ones included.
        found: usize,
    },
    /// The assertion is not where it is read from.
    #[error("an assertion stands in {parent}")]
    MisplacedAssertion {
        /// The element that it is in.
        parent: Quoted,
    },
    /// Nothing vouches for the assertion.
    #[error("neither the response nor the assertion is signed")]
    Unsigned,
    /// A signature is not accepted.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The assertion comes in the open, and the provider's must be encrypted.
    #[error("the assertion is not encrypted; assertions of this provider must be")]
    NotEncrypted,
    /// The assertion could not be decrypted; why not is told to nobody.
    #[error("the assertion could not be decrypted")]
    Decryption,
    /// What was decrypted is no assertion that the provider has signed.
    #[error(transparent)]
    Inside(#[from] InsideError),
    /// A name that is required is not as it must be.
    #[error("{what} is not {rule}")]
    Malformed {
        /// The element or attribute.
        what: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// A time is none (xs:dateTime).
    #[error("{attribute} is \"{found}\", which is not a time")]
    Time {
        /// The attribute.
        attribute: &'static str,
        /// Its value.
        found: Quoted,
    },
    /// The message is of another issuer.
    #[error("the issuer is \"{found}\" instead of \"{expected}\"")]
    Issuer {
        /// The provider's entity ID.
        expected: Quoted,
        /// The `Issuer`.
        found: Quoted,
    },
    /// The message was sent to somebody else.
    #[error("{what} is \"{found}\" and none of \"{expected}\"")]
    Recipient {
        /// `Destination` or `Recipient`.
        what: &'static str,
        /// Our addresses, with spaces between.
        expected: Quoted,
        /// The value.
        found: Quoted,
    },
    /// The assertion is for somebody else.
    #[error("the audience is \"{found}\" and none of \"{expected}\"")]
    Audience {
        /// Our names, with spaces between.
        expected: Quoted,
        /// The audiences of one restriction, with spaces between.
        found: Quoted,
    },
    /// The assertion may be for anybody.
    #[error("the assertion is restricted to no audience")]
    NoAudience,
    /// A condition that nobody here understands.
    #[error("the condition {found} is not understood")]
    Condition {
        /// The element's local name.
        found: Quoted,
    },
    /// There isn't exactly one bearer confirmation.
    #[error("there are {found} bearer confirmations instead of one")]
    Confirmations {
        /// How many there are.
        found: usize,
    },
    /// A bearer confirmation has a NotBefore (SAML 2.0 Profiles, section 4.1.4.2).
    #[error("the bearer confirmation has a NotBefore")]
    ConfirmationNotBefore,
    /// There isn't exactly one AuthnStatement.
    #[error("there are {found} authentication statements instead of one")]
    AuthnStatements {
        /// How many there are.
        found: usize,
    },
    /// The message answers another request.
    #[error("the answer is to the request \"{found}\" instead of \"{expected}\"")]
    InResponseTo {
        /// The request's ID.
        expected: Quoted,
        /// The `InResponseTo`.
        found: Quoted,
    },
    /// Nothing that is signed says that the message answers the request.
    #[error("the answer is not to the request \"{expected}\": it names none where it is signed")]
    Unsolicited {
        /// The request's ID.
        expected: Quoted,
    },
    /// The message answers a request, and there was none.
    #[error("the answer is to the request \"{found}\", and none was made")]
    Solicited {
        /// The `InResponseTo`.
        found: Quoted,
    },
    /// The message was issued in the future.
    #[error("{element} was issued at {at}; it is {now}, {SKEW} seconds are allowed")]
    IssuedInFuture {
        /// `Response` or `Assertion`.
        element: &'static str,
        /// The time of the check.
        now: UnixTime,
        /// The `IssueInstant`.
        at: UnixTime,
    },
    /// The message was issued too long ago.
    #[error("{element} is {seconds} seconds old, {MAX_AGE} are allowed")]
    TooOld {
        /// `Response` or `Assertion`.
        element: &'static str,
        /// The seconds since `IssueInstant`.
        seconds: i64,
    },
    /// Something is not valid yet.
    #[error("{element} is valid from {at}; it is {now}")]
    NotYetValid {
        /// The element.
        element: &'static str,
        /// The time of the check.
        now: UnixTime,
        /// The `NotBefore`.
        at: UnixTime,
    },
    /// Something is over.
    #[error("{element} ended at {at}; it is {now}")]
    Expired {
        /// The element.
        element: &'static str,
        /// The time of the check.
        now: UnixTime,
        /// The `NotOnOrAfter` or `SessionNotOnOrAfter`.
        at: UnixTime,
    },
    /// The assertion ends before it begins.
    #[error("the conditions hold from {not_before} until {not_on_or_after}")]
    Inverted {
        /// The `NotBefore`.
        not_before: UnixTime,
        /// The `NotOnOrAfter`.
        not_on_or_after: UnixTime,
    },
}

impl SamlError {
    /// The name of the check that failed, for traces; it never changes.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::Xml(_) => "xml",
            Self::Shape(_) | Self::Malformed { .. } | Self::Time { .. } => "content",
            Self::Kind { .. } | Self::Version { .. } => "message",
            Self::Status { .. } => "status",
            Self::Assertions { .. } | Self::MisplacedAssertion { .. } => "assertion",
            Self::Unsigned | Self::Signature(_) => "signature",
            Self::NotEncrypted => "encryption",
            Self::Decryption => "decryption",
            Self::Inside(error) => error.check(),
            Self::Issuer { .. } => "issuer",
            Self::Recipient { .. } => "recipient",
            Self::Audience { .. } | Self::NoAudience => "audience",
            Self::Condition { .. } => "conditions",
            Self::Confirmations { .. } | Self::ConfirmationNotBefore => "confirmation",
            Self::AuthnStatements { .. } => "authentication",
            Self::InResponseTo { .. } | Self::Unsolicited { .. } | Self::Solicited { .. } => {
                "request"
            }
            Self::IssuedInFuture { .. } | Self::TooOld { .. } => "age",
            Self::NotYetValid { .. } => "not before",
            Self::Expired { .. } | Self::Inverted { .. } => "expiry",
        }
    }
}

/// Why what was decrypted is no assertion that the provider has signed.
///
/// It is for the audit alone. Who holds a ciphertext and not what is in it must not learn that from our
/// answers, so they are those of an assertion that does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InsideError {
    /// It is no document of the strict kind that is read.
    #[error("what was decrypted can't be read")]
    Xml(#[from] XmlError),
    /// It is something else.
    #[error("what was decrypted is {found} instead of Assertion")]
    Kind {
        /// The root element.
        found: Quoted,
    },
    /// There is another assertion in it.
    #[error("what was decrypted holds an assertion inside its own")]
    Nested,
    /// It is not signed.
    #[error("the encrypted assertion is not signed inside")]
    Unsigned,
    /// Its signature is not accepted.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl InsideError {
    const fn check(&self) -> &'static str {
        match self {
            Self::Xml(_) => "xml",
            Self::Kind { .. } => "message",
            Self::Nested => "assertion",
            Self::Unsigned | Self::Signature(_) => "signature",
        }
    }
}
