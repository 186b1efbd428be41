//! Why the IAM API refuses (IAM API reference, "Common Errors" and each action's own).

use crate::audit::AuditUnavailable;
use crate::directory::{CommitError, DirectoryError, Problem};
use crate::domain::AccountId;
use crate::entropy::EntropyError;
use crate::flows::mfa::MfaError;
use crate::flows::recorded_change::RecordedChangeError;
use crate::flows::unavailable::Unavailable;
use crate::throttle::Throttled;

/// A code that IAM's model gives to an error of the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IamCode {
    /// What is named is not there.
    NoSuchEntity,
    /// What would be made is there.
    EntityAlreadyExists,
    /// What would be removed has something that must go first.
    DeleteConflict,
    /// A quota is used up.
    LimitExceeded,
    /// A value, or what it names, is not good for this.
    InvalidInput,
    /// A value has the wrong shape.
    ValidationError,
    /// A policy document is not accepted.
    MalformedPolicyDocument,
    /// What is named is not the caller's to change.
    UnmodifiableEntity,
    /// The codes of a device are wrong.
    InvalidAuthenticationCode,
    /// Others change the same at this moment.
    ConcurrentModification,
    /// The feature is on already.
    FeatureEnabled,
    /// The feature is off.
    FeatureDisabled,
    /// What is named is another account's.
    AccessDenied,
    /// There is no organization.
    OrganizationNotFound,
    /// Another account manages the organization.
    CallerIsNotManagementAccount,
    /// Another account manages the organization, of what may be told to others that it trusts.
    AccountNotManagement,
}

impl IamCode {
    /// The code on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoSuchEntity => "NoSuchEntity",
            Self::EntityAlreadyExists => "EntityAlreadyExists",
            Self::DeleteConflict => "DeleteConflict",
            Self::LimitExceeded => "LimitExceeded",
            Self::InvalidInput => "InvalidInput",
            Self::ValidationError => "ValidationError",
            Self::MalformedPolicyDocument => "MalformedPolicyDocument",
            Self::UnmodifiableEntity => "UnmodifiableEntity",
            Self::InvalidAuthenticationCode => "InvalidAuthenticationCode",
            Self::ConcurrentModification => "ConcurrentModification",
            Self::FeatureEnabled => "FeatureEnabled",
            Self::FeatureDisabled => "FeatureDisabled",
            Self::AccessDenied => "AccessDenied",
            Self::OrganizationNotFound => "OrganizationNotFoundException",
            Self::CallerIsNotManagementAccount => "CallerIsNotManagementAccountException",
            Self::AccountNotManagement => "AccountNotManagementOrDelegatedAdministratorException",
        }
    }

    /// The HTTP status that the model gives to it.
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidInput
            | Self::ValidationError
            | Self::MalformedPolicyDocument
            | Self::UnmodifiableEntity
            | Self::OrganizationNotFound
            | Self::CallerIsNotManagementAccount
            | Self::AccountNotManagement => 400,
            Self::InvalidAuthenticationCode | Self::AccessDenied => 403,
            Self::NoSuchEntity | Self::FeatureDisabled => 404,
            Self::EntityAlreadyExists
            | Self::DeleteConflict
            | Self::LimitExceeded
            | Self::ConcurrentModification
            | Self::FeatureEnabled => 409,
        }
    }
}

/// An action is refused for what it asks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    /// IAM's code.
    pub code: IamCode,
    /// What is wrong, in IAM's words where it has some.
    pub text: String,
}

impl Refusal {
    /// A refusal with this text.
    pub fn new(code: IamCode, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { code, text }
    }

    /// `The user with name X cannot be found.`
    pub fn no_such(kind: &str, name: &str) -> Self {
        let text = format!("The {kind} with name {name} cannot be found.");
        Self::new(IamCode::NoSuchEntity, text)
    }

    /// `User with name X already exists.`
    pub fn already_exists(kind: &str, name: &str) -> Self {
        let text = format!("{kind} with name {name} already exists.");
        Self::new(IamCode::EntityAlreadyExists, text)
    }

    /// `Cannot delete entity, must …  first.`
    pub fn delete_conflict(what_first: &str) -> Self {
        let text = format!("Cannot delete entity, must {what_first} first.");
        Self::new(IamCode::DeleteConflict, text)
    }

    /// `Cannot exceed quota for AccessKeysPerUser: 2`
    pub fn over_quota(quota: &str, most: usize) -> Self {
        let text = format!("Cannot exceed quota for {quota}: {most}");
        Self::new(IamCode::LimitExceeded, text)
    }
}

/// Why a call to the IAM API is refused.
#[derive(Debug, thiserror::Error)]
pub enum IamError {
    /// The caller asks too often.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The caller's policies don't allow it: AWS's text.
    #[error("{0}")]
    Denied(String),
    /// The caller, or a policy of theirs, is not in the directory any more.
    #[error("the caller is not in the directory any more")]
    CallerGone,
    /// The caller's key or session was ended meanwhile.
    #[error("the security token is not valid any more")]
    Ended,
    /// It is refused for what it asks.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Other nodes came before it again and again.
    #[error(
        "the directory is being changed by others at this moment; nothing was changed; try again"
    )]
    Busy,
    /// What would become of the directory is refused; it is recorded.
    #[error("{}", texts(.0))]
    Invalid(Vec<Problem>),
    /// The change can't be made, or it is not known whether it was; it is recorded.
    #[error("the directory can't be changed")]
    NotCommitted(#[source] Box<CommitError>),
    /// This node can't answer.
    #[error(transparent)]
    Unavailable(Unavailable),
}

fn texts(problems: &[Problem]) -> String {
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

impl IamError {
    /// The code on the wire and in the audit.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Throttled(_) => "Throttling",
            Self::Denied(_) | Self::CallerGone => "AccessDenied",
            Self::Ended => "InvalidClientTokenId",
            Self::Refused(refusal) => refusal.code.as_str(),
            Self::Busy => IamCode::ConcurrentModification.as_str(),
            Self::Invalid(_) => IamCode::InvalidInput.as_str(),
            Self::NotCommitted(_) | Self::Unavailable(_) => "ServiceUnavailable",
        }
    }

    /// The check that failed, for the trace.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::Throttled(_) => "rate",
            Self::Denied(_) | Self::CallerGone => "policies",
            Self::Ended => "session token",
            Self::Refused(_) => "request",
            Self::Busy | Self::Invalid(_) | Self::NotCommitted(_) => "committed",
            Self::Unavailable(_) => "availability",
        }
    }

    /// The same as somebody of this account may be told: what is wrong elsewhere has names that are not theirs.
    pub(super) fn of_account(self, account: AccountId) -> Self {
        let Self::Invalid(problems) = self else {
            return self;
        };
        let own = format!("accounts/{account}/");
        let is_own = |it: &Problem| it.at.starts_with(&own) || it.at == Problem::WHOLE_CHANGE;
        let (mut told, others): (Vec<_>, Vec<_>) = problems.into_iter().partition(is_own);
        if !others.is_empty() {
            let text = "something outside of the account rests on this; ask who runs the gateway";
            told.push(Problem::new("the gateway", text));
        }
        Self::Invalid(told)
    }

    /// Whether the records have it.
    pub const fn is_recorded(&self) -> bool {
        matches!(self, Self::Invalid(_) | Self::NotCommitted(_))
    }
}

impl From<MfaError> for IamError {
    fn from(error: MfaError) -> Self {
        match error {
            MfaError::Unavailable(unavailable) => Self::Unavailable(unavailable),
            MfaError::Incomplete
            | MfaError::UnknownDevice
            | MfaError::TooManyTries
            | MfaError::WrongCode
            | MfaError::UsedCode
            | MfaError::TwoNeeded => Self::Refused(Refusal::wrong_code()),
        }
    }
}

impl From<DirectoryError> for IamError {
    fn from(error: DirectoryError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<AuditUnavailable> for IamError {
    fn from(error: AuditUnavailable) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<EntropyError> for IamError {
    fn from(error: EntropyError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<RecordedChangeError> for IamError {
    fn from(error: RecordedChangeError) -> Self {
        match error {
            RecordedChangeError::Audit(error) => error.into(),
            RecordedChangeError::Commit(CommitError::Invalid(problems)) => Self::Invalid(problems),
            RecordedChangeError::Commit(error) => Self::NotCommitted(Box::new(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_what_another_account_or_the_gateway_calls_its_things() {
        let own: AccountId = "123456789012".parse().unwrap();
        let problems = vec![
            Problem::new("accounts/123456789012/roles/Own", "is wrong"),
            Problem::new("accounts/482011739056/roles/Theirs", "is wrong"),
            Problem::new("links/secret-partner", "there is no provider"),
        ];
        let told = IamError::Invalid(problems).of_account(own).to_string();
        assert!(told.contains("roles/Own: is wrong"), "{told}");
        assert!(
            !told.contains("Theirs") && !told.contains("partner"),
            "{told}"
        );
        assert!(told.contains("ask who runs the gateway"), "{told}");
    }

    #[test]
    fn whoever_changes_too_much_at_once_is_told_so() {
        let own: AccountId = "123456789012".parse().unwrap();
        let problem = Problem::new(Problem::WHOLE_CHANGE, "is too long");
        let told = IamError::Invalid(vec![problem]).of_account(own).to_string();
        assert!(told.contains("change: is too long"), "{told}");
        assert!(!told.contains("the gateway"), "{told}");
    }
}
