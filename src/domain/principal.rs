//! Who calls.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::account::Digits;
use super::text::{is_aws_word, joined, text_type};
use super::{
    AccessKeyId, AccountId, IamPath, IssuerName, Partition, ProviderRef, RoleArn, RootPrincipal,
    RuleId, ServiceName, SessionName, SignInId, Subject, UniqueId,
};

text_type!(
    /// The name of an IAM user: 1 to 64 of `[\w+=,.@-]` (`userNameType` of the IAM model).
    UserName,
    "user name",
    "1 to 64 of A-Z a-z 0-9 _ + = , . @ -",
    |text| (1..=64).contains(&text.len()) && is_aws_word(text)
);

text_type!(
    /// The name of an IAM group: 1 to 128 of `[\w+=,.@-]` (`groupNameType` of the IAM model).
    GroupName,
    "group name",
    "1 to 128 of A-Z a-z 0-9 _ + = , . @ -",
    |text| (1..=128).contains(&text.len()) && is_aws_word(text)
);

/// A caller whose signature was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Principal {
    /// A user, by a key of their own or a session from `GetSessionToken`.
    User(UserPrincipal),
    /// A session of a role.
    Session(SessionPrincipal),
    /// A session from `GetFederationToken`.
    FederatedUser(FederatedUser),
    /// A service that an operator has registered, by a key of its own. It belongs to no account.
    Service(ServiceName),
    /// A session from `AssumeRoot`.
    Root(RootPrincipal),
}

/// A user of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserPrincipal {
    /// The partition of the user's ARN.
    pub partition: Partition,
    /// The user's account.
    pub account: AccountId,
    /// Where the user stands in the account.
    pub path: IamPath,
    /// The user's name.
    pub name: UserName,
    /// `AIDA…`: a later user of the same name has another one.
    pub unique_id: UniqueId,
}

impl UserPrincipal {
    /// `arn:aws:iam::123456789012:user/path/Name`
    pub fn arn(&self) -> String {
        joined([
            "arn:",
            self.partition.as_str(),
            ":iam::",
            Digits::of(self.account).as_str(),
            ":user",
            self.path.as_str(),
            self.name.as_str(),
        ])
    }
}

text_type!(
    /// What a session from `GetFederationToken` is called (`userNameType` of the STS model): 2 to 32
    /// of `[\w+=,.@-]`.
    FederatedName,
    "federated user name",
    "2 to 32 of A-Z a-z 0-9 _ + = , . @ -",
    |text| (2..=32).contains(&text.len()) && is_aws_word(text)
);

/// Whoever a user named in `GetFederationToken`. What the session may do is within what that user may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FederatedUser {
    /// The user who made the session.
    pub by: UserPrincipal,
    /// The name that it was given.
    pub name: FederatedName,
}

impl FederatedUser {
    /// `arn:aws:sts::123456789012:federated-user/Name`
    pub fn arn(&self) -> String {
        joined([
            "arn:",
            self.by.partition.as_str(),
            ":sts::",
            Digits::of(self.by.account).as_str(),
            ":federated-user/",
            self.name.as_str(),
        ])
    }

    /// `123456789012:Name`
    pub fn id(&self) -> String {
        joined([
            Digits::of(self.by.account).as_str(),
            ":",
            self.name.as_str(),
        ])
    }
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
        joined([
            "arn:",
            self.role.partition().as_str(),
            ":sts::",
            Digits::of(self.role.account()).as_str(),
            ":assumed-role/",
            self.role.name(),
            "/",
            self.session.as_str(),
        ])
    }

    /// `AROA…:session`
    pub fn assumed_role_id(&self) -> String {
        joined([self.role_id.as_str(), ":", self.session.as_str()])
    }
}

impl Principal {
    /// The account that the caller belongs to; a service belongs to none.
    pub const fn account(&self) -> Option<AccountId> {
        match self {
            Self::User(user) => Some(user.account),
            Self::Session(session) => Some(session.role.account()),
            Self::FederatedUser(federated) => Some(federated.by.account),
            Self::Service(_) => None,
            Self::Root(root) => Some(root.account),
        }
    }

    /// The caller's ARN, as `GetCallerIdentity` gives it. A service has none: it goes by its name.
    pub fn arn(&self) -> String {
        match self {
            Self::User(user) => user.arn(),
            Self::Session(session) => session.arn(),
            Self::FederatedUser(federated) => federated.arn(),
            Self::Service(name) => name.to_string(),
            Self::Root(root) => root.arn(),
        }
    }

    /// `aws:userid`: `AIDA…`, `AROA…:session` or `123456789012:name`; of a service its name, of a root
    /// `123456789012`.
    pub fn user_id(&self) -> String {
        match self {
            Self::User(user) => user.unique_id.to_string(),
            Self::Session(session) => session.assumed_role_id(),
            Self::FederatedUser(federated) => federated.id(),
            Self::Service(name) => name.to_string(),
            Self::Root(root) => root.account.to_string(),
        }
    }

    /// `AROA…`, or the `AIDA…` of the user: by what a permission goes when it is taken back. Of a root's
    /// session, of who assumed it. A service has none.
    pub const fn unique_id(&self) -> Option<&UniqueId> {
        match self {
            Self::User(user) => Some(&user.unique_id),
            Self::Session(session) => Some(&session.role_id),
            Self::FederatedUser(federated) => Some(&federated.by.unique_id),
            Self::Root(root) => Some(&root.by),
            Self::Service(_) => None,
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
    /// Who stands at its beginning, however many roles lie between.
    pub origin: Origin,
    /// The mapping rule that gave the first role; none at STS, where the trust policy alone decides.
    pub rule: Option<RuleId>,
    /// The directory's generation at the time.
    pub generation: u64,
    /// The browser sign-in behind it; none at STS.
    pub sign_in: Option<SignInId>,
    /// The sessions that it was reached through, the first of them first.
    pub through: Vec<Passed>,
}

/// Who stands at the beginning of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// A person whom an identity provider vouches for.
    Person(ProvenPerson),
    /// A user of an account, by a key of their own.
    User(UserPrincipal),
    /// A service, by a key of its own.
    Service(ServiceName),
}

/// A person, and who vouches for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvenPerson {
    /// The connection, the account's own provider, or the one that every account knows, that proved the
    /// person.
    pub provider: ProviderRef,
    /// Who vouched for the person.
    pub issuer: IssuerName,
    /// The person, as that issuer names them.
    pub subject: Subject,
}

/// A session by which another was reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// Its key.
    pub key: AccessKeyId,
    /// The account of its role or user.
    pub account: AccountId,
    /// Its role, or its user.
    pub unique_id: UniqueId,
}

impl Lineage {
    /// A session is reached through so many others at most.
    pub const MAX_PASSED: usize = 32;

    /// How many roles were assumed one from another; 0 for the first.
    pub fn chain_depth(&self) -> u8 {
        u8::try_from(self.through.len()).unwrap_or(u8::MAX)
    }

    /// The person at its beginning.
    pub const fn person(&self) -> Option<&ProvenPerson> {
        match &self.origin {
            Origin::Person(person) => Some(person),
            Origin::User(_) | Origin::Service(_) => None,
        }
    }

    /// The user at its beginning.
    pub const fn user(&self) -> Option<&UserPrincipal> {
        match &self.origin {
            Origin::Person(_) | Origin::Service(_) => None,
            Origin::User(user) => Some(user),
        }
    }

    /// The service at its beginning.
    pub const fn service(&self) -> Option<&ServiceName> {
        match &self.origin {
            Origin::Person(_) | Origin::User(_) => None,
            Origin::Service(name) => Some(name),
        }
    }
}
