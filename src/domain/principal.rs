//! Who calls.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::account::Digits;
use super::text::{is_aws_word, text_type};
use super::{
    AccountId, IssuerName, Partition, ProviderRef, RoleArn, RuleId, SessionName, SignInId, Subject,
    UniqueId,
};

text_type!(
    /// The name of an IAM user: 1 to 64 of `[\w+=,.@-]` (`userNameType` of the IAM model).
    UserName,
    "user name",
    "1 to 64 of A-Z a-z 0-9 _ + = , . @ -",
    |text| (1..=64).contains(&text.len()) && is_aws_word(text)
);

/// A caller whose signature was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A user with a long-term key.
    User {
        /// The partition of the user's ARN.
        partition: Partition,
        /// The user's account.
        account: AccountId,
        /// The user's name; its path is `/`.
        name: UserName,
        /// `AIDA…`
        unique_id: UniqueId,
    },
    /// A session of a role.
    Session(SessionPrincipal),
}

/// A session of a role: the role, its unique id at the time, and the session's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionPrincipal {
    /// The role that was assumed.
    pub role: RoleArn,
    /// `AROA…`: a later role of the same name has another one.
    pub role_id: UniqueId,
    /// The name that the session was given.
    pub session: SessionName,
}

impl SessionPrincipal {
    /// `arn:aws:sts::123456789012:assumed-role/Role/session`; the role's path is left out.
    pub fn arn(&self) -> String {
        [
            "arn:",
            self.role.partition().as_str(),
            ":sts::",
            Digits::of(self.role.account()).as_str(),
            ":assumed-role/",
            self.role.name().as_str(),
            "/",
            self.session.as_str(),
        ]
        .concat()
    }

    /// `AROA…:session`
    pub fn assumed_role_id(&self) -> String {
        [self.role_id.as_str(), ":", self.session.as_str()].concat()
    }
}

impl Principal {
    /// The account that the caller belongs to.
    pub const fn account(&self) -> AccountId {
        match self {
            Self::User { account, .. } => *account,
            Self::Session(session) => session.role.account(),
        }
    }

    /// The caller's ARN, as `GetCallerIdentity` gives it.
    pub fn arn(&self) -> String {
        match self {
            Self::User {
                partition,
                account,
                name,
                ..
            } => {
                format!("arn:{partition}:iam::{account}:user/{name}")
            }
            Self::Session(session) => session.arn(),
        }
    }

    /// `aws:userid`: `AIDA…` or `AROA…:session`.
    pub fn user_id(&self) -> String {
        match self {
            Self::User { unique_id, .. } => unique_id.to_string(),
            Self::Session(session) => session.assumed_role_id(),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.arn())
    }
}

/// Where a session comes from: kept in its token, written to the audit, used to revoke it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// The connection, or the account's own provider, that proved the person.
    pub provider: ProviderRef,
    /// Who vouched for the person.
    pub issuer: IssuerName,
    /// The person, as that issuer names them.
    pub subject: Subject,
    /// The mapping rule that gave the role; none at STS, where the trust policy alone decides.
    pub rule: Option<RuleId>,
    /// The directory's generation at the time.
    pub generation: u64,
    /// The browser sign-in behind it; none at STS.
    pub sign_in: Option<SignInId>,
    /// How many roles were assumed one from another; 0 for the first.
    pub chain_depth: u8,
}
