//! `Principal`: whom a statement is about.

use crate::domain::{
    AccountId, Arn, OidcProviderArn, Partition, RoleArn, RoleName, SamlProviderArn, ServiceName,
    SessionName, UniqueId, UserName,
};

use super::caller::Caller;
use super::document::Kind;
use super::error::{Problem, quoted};
use super::named::Named;

/// The providers that every account knows by their host name (IAM, "OIDC federated principals").
const KNOWN_PROVIDERS: [&str; 4] = [
    "accounts.google.com",
    "cognito-identity.amazonaws.com",
    "graph.facebook.com",
    "www.amazon.com",
];

/// One entry of a `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PrincipalPattern {
    /// `"*"` or `{"AWS": "*"}`, which IAM documents as the same: every caller.
    Anyone,
    /// `123456789012` or the ARN of its root: whoever belongs to the account.
    Account {
        /// Only an ARN names one.
        partition: Option<Partition>,
        account: AccountId,
    },
    /// A role: its sessions.
    Role(RoleArn),
    /// `AROA…` or `AIDA…`.
    Unique(UniqueId),
    /// The ARN of somebody.
    One(One),
    /// A provider: whom it vouches for.
    Provider(Box<str>),
    /// A service: that service.
    Service(Box<str>),
}

/// One user or session, by ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct One {
    partition: Partition,
    account: AccountId,
    who: Who,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Who {
    /// `user/path/name`
    User {
        /// `/`, or `/path/`.
        path: Box<str>,
        name: UserName,
    },
    /// `assumed-role/Role/session`: a role's path is left out there, and its name is the account's
    /// only one.
    Session {
        role: RoleName,
        session: SessionName,
    },
    /// `federated-user/name`
    FederatedUser(Box<str>),
}

/// How a statement came to be about a caller. Whether an identity policy must allow, too, hangs on
/// it (IAM, "Policy evaluation logic").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchedBy {
    /// It is the caller's own policy; nobody is named.
    Holder,
    /// The caller's account is named: it delegates, and the caller's own policy must allow.
    Account,
    /// Everybody is named. Enough at a resource, and no more than the account at a role.
    Anyone,
    /// The role of a session is named: what bounds the role and the session must allow.
    Role,
    /// The caller is named: the user, the session, the provider, the service.
    Direct,
}

impl PrincipalPattern {
    /// Reads one value of `{"<kind>": …}`.
    ///
    /// A star stands for everybody as a whole and only under `AWS`: a star for every provider or
    /// service would trust those that are made later.
    pub(super) fn parse(kind: &str, value: &str) -> Result<Self, Problem> {
        let pattern = match kind {
            "AWS" => parse_aws(value),
            "Federated" => parse_provider(value),
            "Service" => value
                .parse::<ServiceName>()
                .is_ok()
                .then(|| Self::Service(value.into())),
            "CanonicalUser" => return Err(Problem::CanonicalUser),
            _ => None,
        };
        pattern.ok_or_else(|| Problem::BadPrincipal {
            kind: quoted(kind),
            value: quoted(value),
        })
    }

    /// Of an OpenID Connect provider, the issuer without its scheme, by which its condition keys go.
    pub(super) fn issuer(&self) -> Option<&str> {
        match self {
            Self::Provider(name) => match name.split_once(":oidc-provider/") {
                Some((_, issuer)) => Some(issuer),
                None => (!name.starts_with("arn:")).then_some(name),
            },
            _ => None,
        }
    }

    /// The user or role that is named, where it is one.
    pub(super) fn named(&self) -> Option<Named<'_>> {
        match self {
            Self::Role(role) => Some(Named::Role(role)),
            Self::Unique(id) => Some(Named::Id(id)),
            Self::One(one) => match &one.who {
                Who::User { path, name } => Some(Named::User {
                    partition: one.partition,
                    account: one.account,
                    path,
                    name,
                }),
                // What a session or a federated user is called is for whoever begins it to say.
                Who::Session { .. } | Who::FederatedUser(_) => None,
            },
            Self::Anyone | Self::Account { .. } | Self::Provider(_) | Self::Service(_) => None,
        }
    }

    /// How the entry names the caller, if it does.
    pub(super) fn names(&self, caller: Caller<'_>) -> Option<MatchedBy> {
        let (is_named, matched_by) = match self {
            Self::Anyone => (true, MatchedBy::Anyone),
            Self::Account { partition, account } => {
                let same = |(home, owner)| {
                    owner == *account && partition.is_none_or(|partition| partition == home)
                };
                (caller.home().is_some_and(same), MatchedBy::Account)
            }
            Self::Role(role) => {
                let is_named = matches!(caller, Caller::Session(session) if session.role == *role);
                (is_named, MatchedBy::Role)
            }
            Self::Unique(wanted) => match caller {
                Caller::User { id, .. } => (id == wanted, MatchedBy::Direct),
                Caller::Session(session) => (session.role_id == *wanted, MatchedBy::Role),
                _ => return None,
            },
            Self::One(one) => (one.is(caller), MatchedBy::Direct),
            Self::Provider(name) => {
                let is_named =
                    matches!(caller, Caller::Federated { provider } if provider == &**name);
                (is_named, MatchedBy::Direct)
            }
            Self::Service(wanted) => {
                let is_named = matches!(caller, Caller::Service { name } if name == &**wanted);
                (is_named, MatchedBy::Direct)
            }
        };
        is_named.then_some(matched_by)
    }
}

impl One {
    fn is(&self, caller: Caller<'_>) -> bool {
        caller.home() == Some((self.partition, self.account))
            && match (&self.who, caller) {
                (
                    Who::User { path, name },
                    Caller::User {
                        path: p, name: n, ..
                    },
                ) => &**path == p && name == n,
                (Who::Session { role, session }, Caller::Session(it)) => {
                    it.role.name() == role.as_str() && it.session == *session
                }
                (Who::FederatedUser(name), Caller::FederatedUser { name: n, .. }) => &**name == n,
                _ => false,
            }
    }
}

/// The way in which a list names the caller that asks least of their own policies. At a role that is in
/// the order of [`MatchedBy`]; at another resource, everybody's is before the role's.
pub(super) fn named_by(
    list: &[PrincipalPattern],
    caller: Caller<'_>,
    kind: Kind,
) -> Option<MatchedBy> {
    let strongest = list.iter().filter_map(|entry| entry.names(caller)).max()?;
    let is_bounded = strongest == MatchedBy::Role && kind == Kind::Resource;
    if is_bounded && list.contains(&PrincipalPattern::Anyone) {
        return Some(MatchedBy::Anyone);
    }
    Some(strongest)
}

/// Whether a `NotPrincipal` spares the caller: who has an account must be listed with it, a
/// session with its role as well (IAM, "NotPrincipal").
pub(super) fn spares(list: &[PrincipalPattern], caller: Caller<'_>) -> bool {
    let listed = |matched_by| {
        list.iter()
            .any(|entry| entry.names(caller) == Some(matched_by))
    };
    let account = || listed(MatchedBy::Account);
    listed(MatchedBy::Anyone)
        || match caller {
            Caller::Federated { .. } | Caller::Service { .. } => listed(MatchedBy::Direct),
            Caller::Root { .. } => account(),
            Caller::User { .. } | Caller::FederatedUser { .. } => {
                account() && listed(MatchedBy::Direct)
            }
            Caller::Session(_) => account() && listed(MatchedBy::Role) && listed(MatchedBy::Direct),
            Caller::Anonymous => false,
        }
}

fn parse_aws(value: &str) -> Option<PrincipalPattern> {
    if value == "*" {
        return Some(PrincipalPattern::Anyone);
    }
    if let Ok(account) = value.parse() {
        return Some(PrincipalPattern::Account {
            partition: None,
            account,
        });
    }
    if let Ok(id) = value.parse() {
        return Some(PrincipalPattern::Unique(id));
    }
    let arn = Arn::parse(value).ok()?;
    let partition = arn.partition.parse().ok()?;
    let account = arn.account.parse().ok()?;
    if !arn.region.is_empty() || !is_full_name(arn.resource) {
        return None;
    }
    let one = |who| {
        PrincipalPattern::One(One {
            partition,
            account,
            who,
        })
    };
    match (arn.service, arn.resource.split_once('/')) {
        ("iam", None) => (arn.resource == "root").then_some(PrincipalPattern::Account {
            partition: Some(partition),
            account,
        }),
        ("iam", Some(("role", _))) => value.parse().ok().map(PrincipalPattern::Role),
        ("iam", Some(("user", rest))) => parse_user(rest).map(one),
        ("sts", Some(("assumed-role", rest))) => {
            let (role, session) = rest.split_once('/')?;
            Some(one(Who::Session {
                role: role.parse().ok()?,
                session: session.parse().ok()?,
            }))
        }
        ("sts", Some(("federated-user", name))) => {
            let is_name = !name.is_empty() && !name.contains('/');
            is_name.then(|| one(Who::FederatedUser(name.into())))
        }
        _ => None,
    }
}

/// `path/name`, or a name alone.
fn parse_user(rest: &str) -> Option<Who> {
    let (path, name) = match rest.rsplit_once('/') {
        Some((path, name)) => (["/", path, "/"].concat(), name),
        None => ("/".to_owned(), rest),
    };
    Some(Who::User {
        path: path.into(),
        name: name.parse().ok()?,
    })
}

fn parse_provider(value: &str) -> Option<PrincipalPattern> {
    let known = KNOWN_PROVIDERS.contains(&value);
    let oidc = value.parse::<OidcProviderArn>().is_ok() && is_full_name(value);
    let saml = value.parse::<SamlProviderArn>().is_ok();
    (known || oidc || saml).then(|| PrincipalPattern::Provider(value.into()))
}

/// Printable ASCII without wildcards and variables.
fn is_full_name(name: &str) -> bool {
    name.bytes()
        .all(|byte| (0x21..0x7f).contains(&byte) && !b"*?${}".contains(&byte))
}
