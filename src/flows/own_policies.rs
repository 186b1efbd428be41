//! What policies a caller has, by the directory there is now.

use super::authenticate::Caller;
use crate::credentials::OpenSession;
use crate::directory::{GroupEntry, PolicyBook, Rights, Snapshot, policy_of_task};
use crate::domain::{AccountId, ManagedPolicyArn, OwnTags, PolicyName, Principal, RootTask};
use crate::policy::{
    Authorisation, Authority, Boundary, Caller as PolicyCaller, Context, IdentityPolicy,
    NamedPolicy, Request, SessionBounds, Target, authorise,
};

/// A caller's policies, borrowed from the directory and from their session.
#[derive(Debug)]
pub(super) struct OwnPolicies<'a> {
    identity: Vec<NamedPolicy<'a>>,
    boundary: Option<NamedPolicy<'a>>,
    session: Option<Vec<NamedPolicy<'a>>>,
}

impl<'a> OwnPolicies<'a> {
    /// The policies of a caller; `None` where the caller, or a policy of theirs, is not there any more:
    /// nothing may be concluded from what is left.
    pub fn of(caller: &'a Caller, snapshot: &'a Snapshot) -> Option<Self> {
        if let Principal::Service(name) = &caller.principal {
            // It has none: whether it may do something is for the resource to say.
            return snapshot.service(name).map(|_| Self::none());
        }
        let book = snapshot.policies();
        if matches!(caller.principal, Principal::Root(_)) {
            return Self::of_root(caller.session.as_ref()?);
        }
        let groups = groups(&caller.principal, snapshot)?;
        let mut own = match (&caller.first_admin, rights(&caller.principal, snapshot)) {
            (Some(admin), None) => Self {
                identity: vec![NamedPolicy {
                    name: "AdministratorAccess",
                    policy: &admin.policy,
                }],
                boundary: None,
                session: None,
            },
            (_, Some(rights)) => Self::by(rights, &groups, book)?,
            (None, None) => return None,
        };
        if let Some(session) = caller.session.as_ref().filter(|it| it.is_narrowed()) {
            own.session = Some(session_policies(session, book)?);
        }
        Some(own)
    }

    const fn none() -> Self {
        Self {
            identity: Vec::new(),
            boundary: None,
            session: None,
        }
    }

    /// A root needs no policies and has no boundary: its task alone bounds its session, so that there must be
    /// exactly one.
    fn of_root(session: &'a OpenSession) -> Option<Self> {
        let ([arn], []) = (&*session.session_policy_arns, &*session.session_policies) else {
            return None;
        };
        let policy = NamedPolicy {
            name: arn.as_str(),
            policy: policy_of_task(RootTask::of_policy(arn)?)?,
        };
        Some(Self {
            identity: Vec::new(),
            boundary: None,
            session: Some(vec![policy]),
        })
    }

    /// What a user's groups say is weighed like what the user's own policies say. The boundary is the user's.
    fn by(rights: Rights<'a>, groups: &[&'a GroupEntry], book: PolicyBook<'a>) -> Option<Self> {
        let inline = rights.policies.iter().map(|(name, policy)| NamedPolicy {
            name: PolicyName::as_str(name),
            policy,
        });
        let mut identity: Vec<_> = inline.collect();
        for arn in rights.attached {
            identity.push(managed(arn, book)?);
        }
        for entry in groups {
            let inline = entry.policies.iter();
            identity.extend(inline.map(|(name, policy)| NamedPolicy { name, policy }));
            for arn in &entry.group.attached {
                identity.push(managed(arn, book)?);
            }
        }
        let boundary = match rights.boundary {
            Some(arn) => Some(managed(arn, book)?),
            None => None,
        };
        Some(Self {
            identity,
            boundary,
            session: None,
        })
    }

    /// For deciding by them.
    pub fn authority(&self) -> Authority<'_> {
        Authority {
            identity: &self.identity,
            boundary: self.boundary.map_or(Boundary::Unbounded, Boundary::Within),
            session: match &self.session {
                Some(policies) => SessionBounds::Within(policies),
                None => SessionBounds::Unbounded,
            },
        }
    }
}

/// The groups of the user behind a caller, none for whoever is no user; `None` where one of them is not there.
fn groups<'s>(principal: &Principal, snapshot: &'s Snapshot) -> Option<Vec<&'s GroupEntry>> {
    let user = match principal {
        Principal::User(user) => user,
        Principal::FederatedUser(federated) => &federated.by,
        Principal::Session(_) | Principal::Service(_) | Principal::Root(_) => {
            return Some(Vec::new());
        }
    };
    let Some(found) = snapshot.user(user) else {
        return Some(Vec::new());
    };
    let names = found.groups.iter();
    names
        .map(|name| snapshot.group(user.account, name))
        .collect()
}

/// What the directory says that a principal may do, where it is there.
fn rights<'s>(principal: &Principal, snapshot: &'s Snapshot) -> Option<Rights<'s>> {
    match principal {
        Principal::User(user) => Some(snapshot.user(user)?.rights()),
        Principal::FederatedUser(federated) => Some(snapshot.user(&federated.by)?.rights()),
        Principal::Session(session) => {
            let entry = snapshot.role(&session.role)?;
            (entry.role.unique_id == session.role_id).then(|| entry.role.rights())
        }
        Principal::Service(_) | Principal::Root(_) => None,
    }
}

/// The tags of the user or role behind a caller.
pub(super) fn own_tags<'s>(principal: &Principal, snapshot: &'s Snapshot) -> Option<&'s OwnTags> {
    match principal {
        Principal::User(user) => Some(&snapshot.user(user)?.tags),
        Principal::FederatedUser(federated) => Some(&snapshot.user(&federated.by)?.tags),
        Principal::Session(session) => {
            let entry = snapshot.role(&session.role)?;
            (entry.role.unique_id == session.role_id).then(|| &entry.role.tags)
        }
        Principal::Service(_) | Principal::Root(_) => None,
    }
}

fn session_policies<'a>(
    session: &'a OpenSession,
    book: PolicyBook<'a>,
) -> Option<Vec<NamedPolicy<'a>>> {
    let mut policies: Vec<_> = session.session_policies.iter().map(inline).collect();
    for arn in &session.session_policy_arns {
        policies.push(managed(arn, book)?);
    }
    Some(policies)
}

const fn inline(policy: &IdentityPolicy) -> NamedPolicy<'_> {
    NamedPolicy {
        name: "session policy",
        policy,
    }
}

fn managed<'a>(arn: &'a ManagedPolicyArn, book: PolicyBook<'a>) -> Option<NamedPolicy<'a>> {
    Some(NamedPolicy {
        name: arn.as_str(),
        policy: book.find(arn)?,
    })
}

/// A caller whose own policies are asked about something of their own account.
pub(super) struct Asking<'a> {
    pub(super) caller: &'a Caller,
    pub(super) snapshot: &'a Snapshot,
    pub(super) context: &'a Context<'a>,
    /// The caller's.
    pub(super) account: AccountId,
}

impl Asking<'_> {
    /// Whether they allow it.
    ///
    /// # Errors
    /// AWS's text of the refusal.
    pub(super) fn ask(&self, action: &str, resource: &str) -> Result<(), String> {
        let mut context = Context::over(self.context);
        context.set_account("aws:ResourceAccount", self.account);
        let request = Request {
            caller: PolicyCaller::from(&self.caller.principal),
            action,
            resource,
            context: &context,
        };
        let own = OwnPolicies::of(self.caller, self.snapshot)
            .ok_or("The caller is not in the directory any more.")?;
        let target = Target::without_policy(self.snapshot.partition(), self.account);
        match authorise(&request, &own.authority(), &target) {
            Authorisation::Allow { .. } => Ok(()),
            Authorisation::Deny(refusal) => Err(refusal.message(&request)),
        }
    }
}
