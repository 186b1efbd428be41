//! What is tried out, and what comes of it.

use std::collections::BTreeMap;

use super::invalid;
use crate::domain::{
    AccountId, Arn, IamPath, Partition, SessionPrincipal, UniqueId, UserArn, UserName,
};
use crate::flows::iam::{Page, PageRequest, Refusal};
use crate::policy::{
    Authority, Boundary, Caller, Context, IdentityPolicy, NamedPolicy, PolicyKind, Position,
    Request, ResourcePolicy, SessionBounds, SimulatedDecision, StatementName, StatementRef, Target,
    TargetPolicy, Values, simulate,
};

/// So many bytes of policies are asked for one answer, each policy as often as there are results; the rest is
/// on further pages.
pub const MAX_ASKED_BYTES: usize = 2 * 1024 * 1024;

/// Whose policy it is (`PolicySourceType` of the IAM model).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// A user's own.
    User,
    /// A group's own.
    Group,
    /// A role's own.
    Role,
    /// A managed one that every account has.
    AwsManaged,
    /// A managed one of the account.
    UserManaged,
    /// The resource's.
    Resource,
    /// Given with the call.
    None,
}

impl SourceKind {
    /// The kind on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
            Self::AwsManaged => "aws-managed",
            Self::UserManaged => "user-managed",
            Self::Resource => "resource",
            Self::None => "none",
        }
    }
}

/// A policy, and where it comes from.
#[derive(Debug, Clone)]
pub struct Source {
    /// What the answer calls it.
    pub id: String,
    /// Whose it is.
    pub kind: SourceKind,
    /// What it says.
    pub policy: IdentityPolicy,
}

/// Who would call.
#[derive(Debug, Clone)]
pub enum SimulatedCaller {
    /// A user, who needn't be there.
    User {
        /// The partition of the ARN.
        partition: Partition,
        /// The account.
        account: AccountId,
        /// The path.
        path: IamPath,
        /// The name.
        name: UserName,
        /// `AIDA…`
        id: UniqueId,
    },
    /// A session of a role.
    Session(SessionPrincipal),
}

impl SimulatedCaller {
    /// A user of this ARN and id.
    pub fn user(arn: &UserArn, id: UniqueId) -> Self {
        Self::User {
            partition: arn.partition(),
            account: arn.account(),
            path: arn.path().clone(),
            name: arn.name().clone(),
            id,
        }
    }

    fn caller(&self) -> Caller<'_> {
        match self {
            Self::User {
                partition,
                account,
                path,
                name,
                id,
            } => Caller::User {
                partition: *partition,
                account: *account,
                path: path.as_str(),
                name,
                id,
            },
            Self::Session(session) => Caller::Session(session),
        }
    }

    fn home(&self) -> (Partition, AccountId) {
        match self {
            Self::User {
                partition, account, ..
            } => (*partition, *account),
            Self::Session(session) => (session.role.partition(), session.role.account()),
        }
    }
}

/// What is asked, beside of whose policies.
#[derive(Debug)]
pub struct Setting {
    /// The actions.
    pub actions: Vec<String>,
    /// The resources; `*` where none is given.
    pub resources: Vec<String>,
    /// What the resources themselves say.
    pub resource_policy: Option<String>,
    /// Whose the resources are whose ARNs don't tell.
    pub owner: Option<AccountId>,
    /// Who calls, where that is not who has the policies.
    pub caller: Option<UserArn>,
    /// The condition keys.
    pub context: Vec<(String, Values<'static>)>,
    /// Which part of the results.
    pub page: PageRequest,
}

/// A statement that had a say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchedStatement {
    /// What its policy is called.
    pub source: String,
    /// Whose it is.
    pub kind: SourceKind,
    /// Where it begins and ends in the policy.
    pub place: Option<(Position, Position)>,
}

/// What came of one action on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluationResult {
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// What would be decided.
    pub decision: SimulatedDecision,
    /// By which statements.
    pub matched: Vec<MatchedStatement>,
    /// Condition keys that the policies ask for and nobody gave.
    pub missing: Vec<String>,
    /// Whether the boundary allows it, where there is one.
    pub allowed_by_boundary: Option<bool>,
}

/// Everything that has a say.
#[derive(Debug)]
pub struct Simulation {
    /// Who calls.
    pub caller: SimulatedCaller,
    /// Their policies.
    pub policies: Vec<Source>,
    /// What bounds them.
    pub boundary: Option<Source>,
    /// What the resources say.
    pub resource_policy: Option<ResourcePolicy>,
    /// Whose the resources are whose ARNs don't tell; the caller's account where nobody is named.
    pub owner: Option<AccountId>,
    /// The condition keys.
    pub context: Vec<(String, Values<'static>)>,
}

impl Simulation {
    /// What is asked, of who has these policies.
    ///
    /// # Errors
    /// `InvalidInput` of a resource policy that can't be read, or that nobody is named to.
    pub(super) fn new(
        setting: &Setting,
        caller: SimulatedCaller,
        policies: Vec<Source>,
        boundary: Option<Source>,
    ) -> Result<Self, Refusal> {
        let read = |text: &String| {
            ResourcePolicy::parse(text).map_err(|error| {
                let why = error.iam_message(PolicyKind::ResourceBased);
                invalid(format!("ResourcePolicy: {why}"))
            })
        };
        let resource_policy = setting.resource_policy.as_ref().map(read).transpose()?;
        Ok(Self {
            caller,
            policies,
            boundary,
            resource_policy,
            owner: setting.owner,
            context: setting.context.clone(),
        })
    }

    /// The results of a page: for every action, every resource.
    pub(super) fn page(&self, setting: &Setting) -> Page<EvaluationResult> {
        let missing = self.missing();
        let pairs = setting.actions.iter().flat_map(|action| {
            let resources = setting.resources.iter();
            resources.map(move |resource| (action, resource))
        });
        let numbered = pairs.enumerate();
        let keyed = numbered.map(|(number, pair)| (format!("{number:08}"), pair));
        let asked = PageRequest {
            max_items: setting.page.max_items.min(self.most_results()),
            ..setting.page.clone()
        };
        let page = asked.of_list(keyed.collect());
        let results = page.items.into_iter().map(|(action, resource)| {
            let result = self.evaluate(action, resource);
            EvaluationResult {
                missing: missing.clone(),
                ..result
            }
        });
        Page {
            items: results.collect(),
            marker: page.marker,
        }
    }

    /// At most so many results are on one page; one is in any case.
    fn most_results(&self) -> usize {
        let own = self.policies.iter().chain(&self.boundary);
        let own = own.map(|source| source.policy.as_json().len());
        let theirs = self.resource_policy.iter();
        let theirs = theirs.map(|policy| policy.as_json().len());
        let bytes: usize = own.chain(theirs).sum();
        (MAX_ASKED_BYTES / bytes.max(1)).max(1)
    }

    /// What would become of one action on one resource.
    pub fn evaluate(&self, action: &str, resource: &str) -> EvaluationResult {
        let mut context = Context::new();
        for (key, values) in &self.context {
            context.set(key.as_str(), values.clone());
        }
        let request = Request {
            caller: self.caller.caller(),
            action,
            resource,
            context: &context,
        };
        let numbers: Vec<String> = (0..self.policies.len()).map(|it| it.to_string()).collect();
        let numbered = numbers.iter().zip(&self.policies);
        let numbered = numbered.map(|(number, source)| of(number, source));
        let identity: Vec<_> = numbered.collect();
        let boundary = self.boundary.as_ref();
        let authority = Authority {
            identity: &identity,
            boundary: boundary.map_or(Boundary::Unbounded, |it| Boundary::Within(of("", it))),
            session: SessionBounds::Unbounded,
        };
        let simulated = simulate(&request, &authority, &self.target(resource));
        let statements = simulated.statements.iter();
        EvaluationResult {
            action: action.to_owned(),
            resource: resource.to_owned(),
            decision: simulated.decision,
            matched: statements.filter_map(|it| self.matched(it)).collect(),
            missing: Vec::new(),
            allowed_by_boundary: simulated.allowed_by_boundary,
        }
    }

    fn target(&self, resource: &str) -> Target<'_> {
        let (home, own) = self.caller.home();
        let arn = Arn::parse(resource).ok();
        let partition = arn.and_then(|arn| arn.partition.parse().ok());
        let account = arn.and_then(|arn| arn.account.parse().ok());
        Target {
            partition: partition.unwrap_or(home),
            account: account.or(self.owner).unwrap_or(own),
            policy: match &self.resource_policy {
                None => TargetPolicy::Silent,
                Some(policy) => TargetPolicy::Resource { name: "", policy },
            },
        }
    }

    /// Where a statement comes from.
    fn matched(&self, statement: &StatementRef) -> Option<MatchedStatement> {
        let of_source = |source: &Source| MatchedStatement {
            source: source.id.clone(),
            kind: source.kind,
            place: source.policy.place_of(&statement.statement),
        };
        match statement.kind {
            PolicyKind::IdentityBased => {
                let number: usize = statement.policy.parse().ok()?;
                self.policies.get(number).map(of_source)
            }
            PolicyKind::PermissionsBoundary => self.boundary.as_ref().map(of_source),
            PolicyKind::ResourceBased => {
                let policy = self.resource_policy.as_ref()?;
                Some(MatchedStatement {
                    source: "ResourcePolicy".to_owned(),
                    kind: SourceKind::Resource,
                    place: place(policy, &statement.statement),
                })
            }
            PolicyKind::RoleTrust | PolicyKind::Session => None,
        }
    }

    /// The keys that the policies ask for and that aren't given.
    fn missing(&self) -> Vec<String> {
        let own = self.policies.iter().chain(&self.boundary);
        let own = own.flat_map(|source| source.policy.context_keys());
        let theirs = self.resource_policy.iter();
        let theirs = theirs.flat_map(ResourcePolicy::context_keys);
        let is_given = |key: &String| {
            let mut given = self.context.iter();
            given.any(|(name, _)| name.eq_ignore_ascii_case(key))
        };
        each_once(own.chain(theirs).filter(|key| !is_given(key)))
    }
}

fn place(policy: &ResourcePolicy, name: &StatementName) -> Option<(Position, Position)> {
    policy.place_of(name)
}

const fn of<'a>(name: &'a str, source: &'a Source) -> NamedPolicy<'a> {
    NamedPolicy {
        name,
        policy: &source.policy,
    }
}

/// Condition keys, each once in whatever case, by name.
pub(super) fn each_once(keys: impl Iterator<Item = String>) -> Vec<String> {
    let keyed = keys.map(|key| (key.to_ascii_lowercase(), key));
    let mut first = BTreeMap::new();
    for (lower, key) in keyed {
        first.entry(lower).or_insert(key);
    }
    first.into_values().collect()
}
