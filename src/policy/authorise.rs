//! One request against every policy that has a say (IAM user guide, "Policy evaluation logic").
//!
//! ```text
//! explicit deny in any of them                                     ─> Deny(Explicit)
//! caller of no account: the resource's policy alone                ─> Allow | Deny(Silent)
//!   a service at a role: its trust policy names the service        ─> Allow | Deny(Silent)
//! same account,
//!   role:     its trust policy allows                              no ─> Deny(Silent)
//!               names the caller itself                            ─> Allow
//!               names the caller's role: boundary ∩ session        ─> Allow | Deny(Silent)
//!               names the account, or everybody: own ∩ boundary ∩ session    "
//!   other:    the resource's policy names the caller, or everybody ─> Allow
//!               names the caller's role: boundary ∩ session        ─> Allow
//!             own ∩ boundary ∩ session                             ─> Allow | Deny(Silent)
//! another account: own ∩ boundary ∩ session, and the resource's policy   ─> Allow | Deny(Silent)
//! another partition                                                ─> Deny(Silent)
//! ```
//!
//! Service and resource control policies belong to an organisation's units, of which there are none here.

use super::authority::{
    Authority, Boundary, NamedPolicy, PolicyKind, SessionBounds, Target, TargetPolicy,
};
use super::caller::Caller;
use super::decide::{Evaluation, Request, StatementRef};
use super::document::Lowered;
use super::principal::MatchedBy;

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorisation {
    /// Allowed.
    Allow {
        /// The statements that together allowed it, of whatever kinds. None where the caller is the
        /// account itself.
        by: Vec<StatementRef>,
    },
    /// Not allowed.
    Deny(Refusal),
}

/// Why a request isn't allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// These statements deny it, whatever allows; at least one.
    Explicit {
        /// The statement that is told of.
        by: StatementRef,
        /// Every other one.
        others: Vec<StatementRef>,
    },
    /// No policy of this kind allows it, and one had to.
    Silent(PolicyKind),
}

impl Authorisation {
    /// Whether the request is allowed.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow { .. })
    }
}

impl Refusal {
    /// The kind of policy that is to blame.
    pub const fn kind(&self) -> PolicyKind {
        match self {
            Self::Explicit { by, .. } => by.kind,
            Self::Silent(kind) => *kind,
        }
    }

    /// AWS's words: `no identity-based policy allows the s3:GetObject action`, `with an explicit deny
    /// in a session policy`.
    ///
    /// Who isn't trusted by a role must not be told what its trust policy says, nor whether there is
    /// such a role: STS leaves this out of its answers.
    pub fn in_words(&self, action: &str) -> String {
        match self {
            Self::Explicit { by, .. } => {
                ["with an explicit deny in ", by.kind.with_article()].concat()
            }
            Self::Silent(kind) => [
                "because no ",
                kind.as_str(),
                " allows the ",
                action,
                " action",
            ]
            .concat(),
        }
    }

    /// The whole text of AWS's `AccessDenied`, but for the full stop that some services add. A service
    /// goes by its name; any other caller of no account is anonymous.
    pub fn message(&self, request: &Request<'_>) -> String {
        let caller = match request.caller {
            Caller::Service { name } => Some(name.to_owned()),
            other => other.arn(),
        };
        [
            "User: ",
            caller.as_deref().unwrap_or("anonymous"),
            " is not authorized to perform: ",
            request.action,
            " on resource: ",
            request.resource,
            " ",
            &self.in_words(request.action),
        ]
        .concat()
    }
}

/// Decides one request by every policy that has a say. The request's resource must be `target`'s
/// ARN; where that is a role's and another is asked for, nothing is allowed.
pub fn authorise(
    request: &Request<'_>,
    authority: &Authority<'_>,
    target: &Target<'_>,
) -> Authorisation {
    let sides = Sides {
        own: request,
        theirs: request,
        need: Need::AsNamed,
    };
    authorise_both(&sides, authority, target)
}

/// One request as both sides see it: same caller, action and resource, and other keys.
pub(super) struct Sides<'a> {
    pub(super) own: &'a Request<'a>,
    pub(super) theirs: &'a Request<'a>,
    pub(super) need: Need,
}

/// Who must allow a request within one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// It depends on whom the resource's policy names.
    AsNamed,
    /// The resource's policy and the caller's own, as across accounts.
    Both,
}

pub(super) fn authorise_both(
    sides: &Sides<'_>,
    authority: &Authority<'_>,
    target: &Target<'_>,
) -> Authorisation {
    let action = Lowered::new(sides.own.action);
    let mut own = Own::weigh(sides.own, &action, authority);
    let mut theirs = target.weigh(sides.theirs, &action);
    let their_denies = std::mem::take(&mut theirs.explicit_denies);
    let mut denying = their_denies.into_iter().chain(own.take_denies());
    if let Some(by) = denying.next() {
        let others = denying.collect();
        return Authorisation::Deny(Refusal::Explicit { by, others });
    }
    drop(denying);
    match combine(sides, target, own, theirs.allows) {
        Ok(by) => Authorisation::Allow { by },
        Err(kind) => Authorisation::Deny(Refusal::Silent(kind)),
    }
}

/// What allows it, or the kind of policy that is silent.
type Allowed = Result<Vec<StatementRef>, PolicyKind>;

fn combine(
    sides: &Sides<'_>,
    target: &Target<'_>,
    own: Own,
    mut theirs: Vec<StatementRef>,
) -> Allowed {
    let caller = sides.own.caller;
    if let TargetPolicy::Trust { role, .. } = target.policy
        && sides.own.resource != role.as_str()
    {
        return Err(PolicyKind::RoleTrust);
    }
    let Some((partition, account)) = caller.home() else {
        if is_service_at_role(caller, target) {
            theirs.retain(|it| it.matched_by == MatchedBy::Direct);
        }
        return some(theirs, target.kind());
    };
    if partition != target.partition {
        return Err(target.kind());
    }
    if is_self(caller, target) {
        theirs.retain(|it| matches!(it.matched_by, MatchedBy::Role | MatchedBy::Direct));
    }
    if account != target.account || sides.need == Need::Both {
        let mut by = own.allow(caller)?;
        by.extend(some(theirs, target.kind())?);
        return Ok(by);
    }
    match target.policy {
        TargetPolicy::Trust { .. } => trusted(caller, own, theirs),
        TargetPolicy::Silent | TargetPolicy::Resource { .. } => within_account(caller, own, theirs),
    }
}

/// Whether a session would assume its own role. A role trusts itself only where its trust policy names
/// it ("Announcing an update to IAM role trust policy behavior", 2022).
fn is_self(caller: Caller<'_>, target: &Target<'_>) -> bool {
    match (caller, target.policy) {
        (Caller::Session(session), TargetPolicy::Trust { role, .. }) => session.role == *role,
        _ => false,
    }
}

/// Whether a service would assume a role. A trust policy that lets in everybody leaves users and sessions to
/// their own policies; a service has none, so it must be named.
const fn is_service_at_role(caller: Caller<'_>, target: &Target<'_>) -> bool {
    matches!(
        (caller, target.policy),
        (Caller::Service { .. }, TargetPolicy::Trust { .. })
    )
}

/// A role must allow, whatever the caller's own policies say.
fn trusted(caller: Caller<'_>, own: Own, theirs: Vec<StatementRef>) -> Allowed {
    let theirs = some(theirs, PolicyKind::RoleTrust)?;
    if has(&theirs, MatchedBy::Direct) {
        return Ok(only(theirs, &[MatchedBy::Direct]));
    }
    let (by_caller, mut by) = if has(&theirs, MatchedBy::Role) {
        (own.bounds(caller)?, only(theirs, &[MatchedBy::Role]))
    } else {
        (own.allow(caller)?, theirs)
    };
    by.extend(by_caller);
    Ok(by)
}

/// A resource of the caller's account: its policy or the caller's own.
fn within_account(caller: Caller<'_>, own: Own, theirs: Vec<StatementRef>) -> Allowed {
    const FINAL: [MatchedBy; 2] = [MatchedBy::Direct, MatchedBy::Anyone];
    if theirs.iter().any(|it| FINAL.contains(&it.matched_by)) {
        return Ok(only(theirs, &FINAL));
    }
    if !has(&theirs, MatchedBy::Role) {
        return own.allow(caller);
    }
    let mut by = only(theirs, &[MatchedBy::Role]);
    by.extend(own.bounds(caller)?);
    Ok(by)
}

fn has(statements: &[StatementRef], matched_by: MatchedBy) -> bool {
    statements.iter().any(|it| it.matched_by == matched_by)
}

fn only(mut statements: Vec<StatementRef>, matched_by: &[MatchedBy]) -> Vec<StatementRef> {
    statements.retain(|it| matched_by.contains(&it.matched_by));
    statements
}

fn some(statements: Vec<StatementRef>, kind: PolicyKind) -> Allowed {
    if statements.is_empty() {
        Err(kind)
    } else {
        Ok(statements)
    }
}

/// What the caller's own policies and their bounds say.
struct Own {
    identity: Evaluation,
    /// None where there is no boundary.
    boundary: Option<Evaluation>,
    /// None where there are no session policies.
    session: Option<Evaluation>,
}

impl Own {
    fn weigh(request: &Request<'_>, action: &Lowered, authority: &Authority<'_>) -> Self {
        let weigh = |list: &[NamedPolicy<'_>], kind| {
            let mut all = Evaluation::default();
            for named in list {
                let document = named.policy.document();
                document.weigh((named.name, kind), request, action, &mut all);
            }
            all
        };
        Self {
            identity: weigh(authority.identity, PolicyKind::IdentityBased),
            boundary: match authority.boundary {
                Boundary::Unbounded => None,
                Boundary::Within(named) => Some(weigh(&[named], PolicyKind::PermissionsBoundary)),
            },
            session: match authority.session {
                SessionBounds::Unbounded => None,
                SessionBounds::Within(list) => Some(weigh(list, PolicyKind::Session)),
            },
        }
    }

    fn take_denies(&mut self) -> impl Iterator<Item = StatementRef> {
        let bounds = self.boundary.iter_mut().chain(&mut self.session);
        let all = std::iter::once(&mut self.identity).chain(bounds);
        all.flat_map(|evaluation| evaluation.explicit_denies.drain(..))
    }

    /// Own policies, boundary and session policies all allow. The account itself has no policies of
    /// its own and needs none.
    fn allow(mut self, caller: Caller<'_>) -> Allowed {
        let mut by = std::mem::take(&mut self.identity.allows);
        if by.is_empty() && !matches!(caller, Caller::Root { .. }) {
            return Err(PolicyKind::IdentityBased);
        }
        by.extend(self.bounds(caller)?);
        Ok(by)
    }

    /// Boundary and session policies allow, where there are any. A session from `GetFederationToken`
    /// that has none may do nothing.
    fn bounds(self, caller: Caller<'_>) -> Allowed {
        let mut by = Vec::new();
        if let Some(boundary) = self.boundary {
            by.extend(some(boundary.allows, PolicyKind::PermissionsBoundary)?);
        }
        match (self.session, caller) {
            (Some(session), _) => by.extend(some(session.allows, PolicyKind::Session)?),
            (None, Caller::FederatedUser { .. }) => return Err(PolicyKind::Session),
            (None, _) => {}
        }
        Ok(by)
    }
}

impl Target<'_> {
    fn weigh(&self, request: &Request<'_>, action: &Lowered) -> Evaluation {
        let mut all = Evaluation::default();
        let (name, document) = match &self.policy {
            TargetPolicy::Silent => return all,
            TargetPolicy::Trust { role, policy } => (role.as_str(), policy.document()),
            TargetPolicy::Resource { name, policy } => (*name, policy.document()),
        };
        document.weigh((name, self.kind()), request, action, &mut all);
        all
    }
}
