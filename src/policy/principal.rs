//! `Principal`: whom a statement is about.

use crate::domain::{
    AccountId, Arn, OidcProviderArn, Partition, Principal, RoleArn, RoleName, SamlProviderArn,
    SessionName, UniqueId, UserName,
};

use super::context::Caller;
use super::error::{Problem, quoted};

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
    /// The ARN of a user, of a role's session or of a federated user.
    Arn(Box<str>),
    /// A provider: whom it vouches for.
    Provider(Box<str>),
    /// A service or a canonical user, neither of which calls here.
    Elsewhere,
}

/// How a statement came to be about a caller. Whether an identity policy must allow, too, hangs on
/// it (IAM, "Policy evaluation logic").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchedBy {
    /// It is the caller's own policy; nobody is named.
    Holder,
    /// The caller's account is named: it delegates, and the caller's own policy must allow.
    Account,
    /// Everybody is named.
    Anyone,
    /// The caller is named: the user, the session or its role, the provider.
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
            "Service" => is_service(value).then_some(Self::Elsewhere),
            "CanonicalUser" => is_canonical_user(value).then_some(Self::Elsewhere),
            _ => None,
        };
        pattern.ok_or_else(|| Problem::BadPrincipal {
            kind: quoted(kind),
            value: quoted(value),
        })
    }

    /// How the entry names the caller, if it does.
    pub(super) fn names(&self, caller: Caller<'_>) -> Option<MatchedBy> {
        match (self, caller) {
            (Self::Anyone, _) => Some(MatchedBy::Anyone),
            (Self::Account { partition, account }, Caller::Principal(principal)) => {
                let same = principal.account() == *account
                    && partition.is_none_or(|partition| partition == partition_of(principal));
                same.then_some(MatchedBy::Account)
            }
            (Self::Role(role), Caller::Principal(Principal::Session(session))) => {
                (session.role == *role).then_some(MatchedBy::Direct)
            }
            (Self::Unique(id), Caller::Principal(principal)) => {
                (unique_id_of(principal) == id).then_some(MatchedBy::Direct)
            }
            (Self::Arn(arn), Caller::Principal(principal)) => {
                (principal.arn() == **arn).then_some(MatchedBy::Direct)
            }
            (Self::Provider(name), Caller::Federated { provider }) => {
                (provider == &**name).then_some(MatchedBy::Direct)
            }
            _ => None,
        }
    }
}

/// The strongest way in which a list names the caller.
pub(super) fn named_by(list: &[PrincipalPattern], caller: Caller<'_>) -> Option<MatchedBy> {
    list.iter().filter_map(|entry| entry.names(caller)).max()
}

/// Whether a `NotPrincipal` spares the caller: who has an account must be listed with it, a
/// session with its role as well (IAM, "NotPrincipal").
pub(super) fn spares(list: &[PrincipalPattern], caller: Caller<'_>) -> bool {
    let listed = |wanted: &dyn Fn(&PrincipalPattern) -> bool| {
        list.iter()
            .any(|entry| wanted(entry) && entry.names(caller).is_some())
    };
    let anyone = listed(&|entry| matches!(entry, PrincipalPattern::Anyone));
    let account = listed(&|entry| matches!(entry, PrincipalPattern::Account { .. }));
    let itself = listed(&|entry| matches!(entry, PrincipalPattern::Arn(_)));
    let unique = listed(&|entry| matches!(entry, PrincipalPattern::Unique(_)));
    let role = unique || listed(&|entry| matches!(entry, PrincipalPattern::Role(_)));
    anyone
        || match caller {
            Caller::Federated { .. } => named_by(list, caller).is_some(),
            Caller::Principal(Principal::User { .. }) => account && (itself || unique),
            Caller::Principal(Principal::Session(_)) => account && role && itself,
            Caller::Anonymous => false,
        }
}

const fn partition_of(principal: &Principal) -> Partition {
    match principal {
        Principal::User { partition, .. } => *partition,
        Principal::Session(session) => session.role.partition(),
    }
}

const fn unique_id_of(principal: &Principal) -> &UniqueId {
    match principal {
        Principal::User { unique_id, .. } => unique_id,
        Principal::Session(session) => &session.role_id,
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
    let named = || PrincipalPattern::Arn(value.into());
    match (arn.service, arn.resource.split_once('/')) {
        ("iam", None) => (arn.resource == "root").then_some(PrincipalPattern::Account {
            partition: Some(partition),
            account,
        }),
        ("iam", Some(("role", _))) => value.parse().ok().map(PrincipalPattern::Role),
        ("iam", Some(("user", path))) => {
            let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
            name.parse::<UserName>().is_ok().then(named)
        }
        ("sts", Some(("assumed-role", path))) => path
            .split_once('/')
            .is_some_and(|(role, session)| {
                role.parse::<RoleName>().is_ok() && session.parse::<SessionName>().is_ok()
            })
            .then(named),
        ("sts", Some(("federated-user", name))) => {
            (!name.is_empty() && !name.contains('/')).then(named)
        }
        _ => None,
    }
}

fn parse_provider(value: &str) -> Option<PrincipalPattern> {
    let known = KNOWN_PROVIDERS.contains(&value);
    let oidc = value.parse::<OidcProviderArn>().is_ok() && is_full_name(value);
    let saml = value.parse::<SamlProviderArn>().is_ok();
    (known || oidc || saml).then(|| PrincipalPattern::Provider(value.into()))
}

/// `lambda.amazonaws.com`
fn is_service(value: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    value.contains('.') && value.len() <= 255 && value.split('.').all(label)
}

fn is_canonical_user(value: &str) -> bool {
    value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Printable ASCII without wildcards and variables.
fn is_full_name(name: &str) -> bool {
    name.bytes()
        .all(|byte| (0x21..0x7f).contains(&byte) && !b"*?${}".contains(&byte))
}
