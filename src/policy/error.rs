//! Why a policy was refused when it was loaded.

use std::fmt;

use super::json::{MAX_BYTES, MAX_DEPTH};

/// A policy that isn't wholly understood, and the statement that it stumbled over.
///
/// It is the author's fault; the text says what to do and may be shown to them. What it quotes is
/// cut to 100 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// The statement, where the problem lies in one.
    pub statement: Option<StatementName>,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.statement {
            Some(statement) => write!(formatter, "{statement}: {}", self.problem),
            None => fmt::Display::fmt(&self.problem, formatter),
        }
    }
}

impl std::error::Error for PolicyError {}

impl From<Problem> for PolicyError {
    fn from(problem: Problem) -> Self {
        Self {
            statement: None,
            problem,
        }
    }
}

/// What a statement goes by: its Sid, or its place in the document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StatementName {
    /// The `Sid`.
    Sid(Box<str>),
    /// The place among the statements, from 1, of one without a `Sid`.
    Number(usize),
}

impl fmt::Display for StatementName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("statement ")?;
        match self {
            Self::Sid(sid) => formatter.write_str(sid),
            Self::Number(number) => fmt::Display::fmt(number, formatter),
        }
    }
}

/// What is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Longer than a policy may be.
    #[error("a policy has at most {MAX_BYTES} bytes; shorten it")]
    TooLong,
    /// Begins with U+FEFF.
    #[error("remove the byte order mark before the policy")]
    ByteOrderMark,
    /// No JSON.
    #[error("write the policy as JSON (RFC 8259): {0}")]
    NotJson(String),
    /// Nested deeper than any policy needs.
    #[error("a policy nests at most {MAX_DEPTH} levels")]
    TooDeep,
    /// One object has the same member twice.
    #[error("write {0:?} only once in its object")]
    DuplicateMember(String),
    /// An element that the language doesn't have, or not in this case.
    #[error("remove the unknown element {0:?}; names are case-sensitive")]
    UnknownElement(String),
    /// An element that must be there.
    #[error("add the element {0}")]
    MissingElement(&'static str),
    /// An element that this kind of policy must not have.
    #[error("remove {0}, which this kind of policy does not have")]
    ForbiddenElement(&'static str),
    /// Both an element and its negation.
    #[error("use either {0} or Not{0}")]
    BothForms(&'static str),
    /// An element of the wrong JSON type, or an empty list.
    #[error("{element} must be {must_be}")]
    WrongShape {
        /// The element's name.
        element: String,
        /// What it must be.
        must_be: &'static str,
    },
    /// A language version that doesn't exist.
    #[error("Version must be \"2012-10-17\" or \"2008-10-17\", not {0:?}")]
    UnknownVersion(String),
    /// A statement id with other characters than letters and digits.
    #[error("a Sid consists of A-Z a-z 0-9, unlike {0:?}")]
    BadSid(String),
    /// Two statements with the same id.
    #[error("give each statement a Sid of its own; {0:?} is there twice")]
    DuplicateSid(String),
    /// Neither of the two effects.
    #[error("Effect must be \"Allow\" or \"Deny\", not {0:?}")]
    BadEffect(String),
    /// `NotPrincipal` beside `Allow` would let in everybody else, anonymous callers included.
    #[error("use NotPrincipal with \"Effect\": \"Deny\" only")]
    NotPrincipalAllows,
    /// A principal that can't be anybody.
    #[error("invalid principal {kind}: {value:?}; name it in full, without wildcards")]
    BadPrincipal {
        /// `AWS`, `Federated`, `Service`, `CanonicalUser`, or what stands in its place.
        kind: String,
        /// The value.
        value: String,
    },
    /// Whom only S3 knows by such an id.
    #[error("CanonicalUser can't be a principal here; name the account under AWS instead")]
    CanonicalUser,
    /// An action that isn't of the form `service:Name`.
    #[error("an action is * or of the form service:Name, unlike {0:?}")]
    BadAction(String),
    /// An action that a trust policy can't be about.
    #[error(
        "a trust policy is about sts:AssumeRole, sts:AssumeRoleWithSAML, \
         sts:AssumeRoleWithWebIdentity, sts:TagSession, sts:SetSourceIdentity and sts:SetContext, \
         not {0:?}"
    )]
    NotATrustAction(String),
    /// A resource that is no ARN.
    #[error("a resource is * or an ARN of six parts, unlike {0:?}")]
    BadResource(String),
    /// A resource in a partition that doesn't exist.
    #[error("there is no partition {partition:?}, as in the resource {resource:?}")]
    BadPartition {
        /// The second part of the ARN.
        partition: String,
        /// The whole of it.
        resource: String,
    },
    /// `${` that begins no variable, or a variable where none may stand.
    #[error(
        "variables are ${{key}}, ${{key, 'default'}}, ${{*}}, ${{?}} and ${{$}}, in a resource \
         only after the fifth colon, unlike {0:?}"
    )]
    BadVariable(String),
    /// A condition operator that doesn't exist.
    #[error("unknown condition operator {0:?}; names are case-sensitive")]
    UnknownOperator(String),
    /// A condition key that can't be one.
    #[error("a condition key is of the form prefix:name, unlike {0:?}")]
    BadConditionKey(String),
    /// A condition key that begins with `saml:` and is none of SAML's.
    #[error("there is no condition key {0:?}; those of SAML are listed in the STS reference")]
    UnknownSamlKey(String),
    /// A value that its operator can't compare with.
    #[error("the value {value:?} of {key:?} must be {must_be}")]
    BadConditionValue {
        /// The condition key.
        key: String,
        /// The value.
        value: String,
        /// What it must be.
        must_be: &'static str,
    },
}

/// What an error quotes: the beginning of a text that may be long and hostile.
pub(super) fn quoted(text: &str) -> String {
    text.chars().take(100).collect()
}
