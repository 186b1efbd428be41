//! Who makes a request.

use std::borrow::Cow;

use crate::domain::{AccountId, Partition, Principal, SessionPrincipal, UniqueId, UserName};

use super::context::{Context, Late};

/// Who makes a request. What a policy names them by is compared part by part, so that asking costs no
/// allocation.
#[derive(Debug, Clone, Copy)]
pub enum Caller<'a> {
    /// Somebody whom an identity provider vouches for.
    Federated {
        /// The provider's ARN, or the host name of one of the providers that every account knows.
        provider: &'a str,
    },
    /// The account itself. It has no policies of its own and needs none.
    Root {
        /// The partition of its ARN.
        partition: Partition,
        /// The account.
        account: AccountId,
    },
    /// A user, by a long-term key or a session from `GetSessionToken`: to a policy both are the user.
    User {
        /// The partition of the user's ARN.
        partition: Partition,
        /// The user's account.
        account: AccountId,
        /// `/`, or `/a/b/`.
        path: &'a str,
        /// The user's name.
        name: &'a UserName,
        /// `AIDA…`
        id: &'a UniqueId,
    },
    /// A session of a role.
    Session(&'a SessionPrincipal),
    /// A session from `GetFederationToken`.
    FederatedUser {
        /// The partition of the session's ARN.
        partition: Partition,
        /// The account of the user who made it.
        account: AccountId,
        /// The name that it was given.
        name: &'a str,
    },
    /// A service: one of AWS's, such as `ec2.amazonaws.com`, or one's own.
    Service {
        /// The service's name, in lower case.
        name: &'a str,
    },
    /// Nobody is known.
    Anonymous,
}

impl<'a> From<&'a Principal> for Caller<'a> {
    fn from(principal: &'a Principal) -> Self {
        match principal {
            Principal::User(user) => Self::User {
                partition: user.partition,
                account: user.account,
                path: user.path.as_str(),
                name: &user.name,
                id: &user.unique_id,
            },
            Principal::Session(session) => Self::Session(session),
            Principal::FederatedUser(federated) => Self::FederatedUser {
                partition: federated.by.partition,
                account: federated.by.account,
                name: federated.name.as_str(),
            },
            Principal::Service(name) => Self::Service {
                name: name.as_str(),
            },
            Principal::Root(root) => Self::Root {
                partition: root.partition,
                account: root.account,
            },
        }
    }
}

impl<'a> Caller<'a> {
    /// The partition and account that the caller belongs to; none for who has no account here.
    pub const fn home(&self) -> Option<(Partition, AccountId)> {
        match self {
            Self::Root { partition, account }
            | Self::User {
                partition, account, ..
            }
            | Self::FederatedUser {
                partition, account, ..
            } => Some((*partition, *account)),
            Self::Session(session) => Some((session.role.partition(), session.role.account())),
            Self::Federated { .. } | Self::Service { .. } | Self::Anonymous => None,
        }
    }

    /// What `GetCallerIdentity` gives as the ARN; none for who has no account.
    pub fn arn(&self) -> Option<String> {
        match self {
            Self::Root { partition, account } => {
                Some(format!("arn:{partition}:iam::{account}:root"))
            }
            Self::User {
                partition,
                account,
                path,
                name,
                ..
            } => Some(format!("arn:{partition}:iam::{account}:user{path}{name}")),
            Self::Session(session) => Some(session.arn()),
            Self::FederatedUser {
                partition,
                account,
                name,
            } => Some(format!(
                "arn:{partition}:sts::{account}:federated-user/{name}"
            )),
            Self::Federated { .. } | Self::Service { .. } | Self::Anonymous => None,
        }
    }

    /// `aws:userid`; none for who is not known.
    pub fn user_id(&self) -> Option<String> {
        match self {
            Self::Root { account, .. } => Some(account.to_string()),
            Self::User { id, .. } => Some(id.to_string()),
            Self::Session(session) => Some(session.assumed_role_id()),
            Self::FederatedUser { account, name, .. } => Some(format!("{account}:{name}")),
            Self::Federated { .. } | Self::Service { .. } | Self::Anonymous => None,
        }
    }

    /// Sets the keys that say who calls: `aws:PrincipalArn` (a session's is its role's),
    /// `aws:PrincipalAccount`, `aws:PrincipalType`, `aws:PrincipalIsAWSService`, `aws:userid`, of
    /// a user alone `aws:username`, and of a service alone `aws:PrincipalServiceName`. Those that a caller
    /// doesn't have are made absent.
    pub fn describe(self, context: &mut Context<'a>) {
        let (is_service, kind) = match self {
            Self::Root { .. } => ("false", Some("Account")),
            Self::User { .. } => ("false", Some("User")),
            Self::Session(_) => ("false", Some("AssumedRole")),
            Self::FederatedUser { .. } => ("false", Some("FederatedUser")),
            Self::Service { .. } => ("true", None),
            Self::Federated { .. } => ("false", None),
            Self::Anonymous => ("false", Some("Anonymous")),
        };
        let arn = match self {
            Self::Session(session) => Some(Cow::Borrowed(session.role.as_str())),
            other => other.arn().map(Cow::Owned),
        };
        let username = match self {
            Self::User { name, .. } => Some(name.as_str()),
            _ => None,
        };
        let service = match self {
            Self::Service { name } => Some(name),
            _ => None,
        };
        context.set("aws:PrincipalIsAWSService", is_service);
        set_or_clear(context, "aws:PrincipalType", kind.map(Cow::Borrowed));
        set_or_clear(context, "aws:PrincipalArn", arn);
        match self.home() {
            Some((_, account)) => context.set_account("aws:PrincipalAccount", account),
            None => context.clear("aws:PrincipalAccount"),
        };
        match self {
            Self::Session(session) => {
                context.put_late("aws:userid", Late::AssumedRoleId(session));
            }
            other => set_or_clear(context, "aws:userid", other.user_id().map(Cow::Owned)),
        }
        set_or_clear(context, "aws:username", username.map(Cow::Borrowed));
        set_or_clear(
            context,
            "aws:PrincipalServiceName",
            service.map(Cow::Borrowed),
        );
    }
}

fn set_or_clear<'a>(context: &mut Context<'a>, key: &'static str, value: Option<Cow<'a, str>>) {
    match value {
        Some(value) => context.set(key, value),
        None => context.clear(key),
    };
}
