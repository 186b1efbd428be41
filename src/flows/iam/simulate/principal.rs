//! The policies that a user, group or role has.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::exclusion::{Exclusion, excludes_boundary, excludes_inline, excludes_managed};
use super::{
    EvaluationResult, Setting, SimulatedCaller, Simulation, Source, SourceKind, boundary,
    context_keys, invalid, sources,
};
use crate::directory::{Group, Rights, Role, User};
use crate::domain::{GroupArn, ManagedPolicyArn, RoleArn, SessionName, SessionPrincipal, UserArn};
use crate::flows::iam::{Action, Done, IamCode, Page, Question, Refusal, Scene};

/// Whose policies are tried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A user's, and those of the user's groups.
    User(UserArn),
    /// A group's.
    Group(GroupArn),
    /// A role's.
    Role(RoleArn),
}

impl std::str::FromStr for Holder {
    type Err = Refusal;

    fn from_str(arn: &str) -> Result<Self, Refusal> {
        if let Ok(user) = arn.parse() {
            return Ok(Self::User(user));
        }
        if let Ok(group) = arn.parse() {
            return Ok(Self::Group(group));
        }
        let role = arn.parse().map(Self::Role);
        role.map_err(|_| {
            invalid(format!(
                "Invalid Entity Arn: {arn} does not clearly define entity type and name."
            ))
        })
    }
}

/// What somebody has.
struct Held {
    caller: SimulatedCaller,
    policies: Vec<Source>,
    boundary: Option<Source>,
}

impl Scene<'_> {
    fn ask_of_holder(&self, action: &str, holder: &Holder) -> Question {
        let (arn, tags) = match holder {
            Holder::User(arn) => (arn.as_str(), self.user_of(arn).map(|user| &user.tags)),
            Holder::Group(arn) => (arn.as_str(), None),
            Holder::Role(arn) => (arn.as_str(), self.role_of(arn).map(|role| &role.tags)),
        };
        let question = Question::new(action, arn);
        match tags {
            Some(tags) => question.of_tagged(tags),
            None => question,
        }
    }

    /// The account's user of this ARN, compared whole.
    fn user_of(&self, arn: &UserArn) -> Option<&Arc<User>> {
        let user = self.account.users.get(arn.name())?;
        let own = self.user_arn(Some(&user.path), arn.name());
        (own == arn.as_str()).then_some(user)
    }

    /// The account's group of this ARN, compared whole.
    fn group_of(&self, arn: &GroupArn) -> Option<&Arc<Group>> {
        let group = self.account.groups.get(arn.name())?;
        let own = self.group_arn(Some(&group.path), arn.name());
        (own == arn.as_str()).then_some(group)
    }

    /// The account's role of this ARN, compared whole.
    fn role_of(&self, arn: &RoleArn) -> Option<&Arc<Role>> {
        let role = self.account.roles.get(arn.name())?;
        let is_own = arn.partition() == self.partition
            && arn.account() == self.account_id
            && role.path.as_str() == arn.path();
        is_own.then_some(role)
    }

    /// What a holder has, without what is excluded.
    fn held(&self, holder: &Holder, without: &[Exclusion]) -> Result<Held, Refusal> {
        let mut policies = Policies::without(without);
        match holder {
            Holder::User(arn) => {
                let user = self.user_of(arn);
                let user = user.ok_or_else(|| no_such(arn.as_str()))?;
                policies.add(self, user.rights(), (SourceKind::User, arn.name().as_str()))?;
                for name in &user.groups {
                    let group = self.group(name)?;
                    policies.add(self, group.rights(), (SourceKind::Group, name.as_str()))?;
                }
                let caller = SimulatedCaller::user(arn, user.unique_id.clone());
                self.holding(caller, policies, user.rights())
            }
            Holder::Group(arn) => {
                let group = self.group_of(arn);
                let group = group.ok_or_else(|| no_such(arn.as_str()))?;
                policies.add(
                    self,
                    group.rights(),
                    (SourceKind::Group, arn.name().as_str()),
                )?;
                self.holding(self.stranger()?, policies, group.rights())
            }
            Holder::Role(arn) => {
                let role = self.role_of(arn);
                let role = role.ok_or_else(|| no_such(arn.as_str()))?;
                policies.add(self, role.rights(), (SourceKind::Role, arn.name()))?;
                let session = "simulation".parse::<SessionName>();
                let session = session.map_err(|error| invalid(error.to_string()))?;
                let caller = SimulatedCaller::Session(SessionPrincipal {
                    role: arn.clone(),
                    role_id: role.unique_id.clone(),
                    session,
                });
                self.holding(caller, policies, role.rights())
            }
        }
    }

    fn holding(
        &self,
        caller: SimulatedCaller,
        policies: Policies<'_>,
        rights: Rights<'_>,
    ) -> Result<Held, Refusal> {
        let boundary = rights.boundary;
        let boundary = boundary.filter(|_| !excludes_boundary(policies.without));
        let boundary = boundary.map(|arn| self.managed_source(arn));
        Ok(Held {
            caller,
            policies: policies.sources,
            boundary: boundary.transpose()?,
        })
    }

    fn managed_source(&self, arn: &ManagedPolicyArn) -> Result<Source, Refusal> {
        let policy = self.snapshot.policies().find(arn);
        let policy = policy.ok_or_else(|| no_such(arn.as_str()))?;
        Ok(Source {
            id: arn.name().to_string(),
            kind: match arn.account() {
                Some(_) => SourceKind::UserManaged,
                None => SourceKind::AwsManaged,
            },
            policy: policy.clone(),
        })
    }
}

/// Inline and managed policies but for those that are excluded; one that several give is there once.
struct Policies<'a> {
    without: &'a [Exclusion],
    sources: Vec<Source>,
    managed: BTreeSet<ManagedPolicyArn>,
}

impl<'a> Policies<'a> {
    const fn without(without: &'a [Exclusion]) -> Self {
        Self {
            without,
            sources: Vec::new(),
            managed: BTreeSet::new(),
        }
    }

    /// What somebody of this kind and name has.
    fn add(
        &mut self,
        scene: &Scene<'_>,
        rights: Rights<'_>,
        holder: (SourceKind, &str),
    ) -> Result<(), Refusal> {
        let inline = rights.policies.iter();
        let inline =
            inline.filter(|(name, _)| !excludes_inline(self.without, name.as_str(), holder));
        self.sources.extend(inline.map(|(name, policy)| Source {
            id: name.to_string(),
            kind: holder.0,
            policy: policy.clone(),
        }));
        for arn in rights.attached {
            if !excludes_managed(self.without, arn) && self.managed.insert(arn.clone()) {
                self.sources.push(scene.managed_source(arn)?);
            }
        }
        Ok(())
    }
}

fn no_such(arn: &str) -> Refusal {
    let text = format!("The entity with ARN {arn} cannot be found.");
    Refusal::new(IamCode::NoSuchEntity, text)
}

/// `SimulatePrincipalPolicy`
#[derive(Debug)]
pub struct SimulatePrincipalPolicy {
    /// Whose policies.
    pub holder: Holder,
    /// Further ones.
    pub policies: Vec<String>,
    /// What bounds them in the place of what does: at most one.
    pub boundary: Vec<String>,
    /// What of the holder's is left out.
    pub without: Vec<Exclusion>,
    /// What is asked.
    pub setting: Setting,
}

impl Action for SimulatePrincipalPolicy {
    type Answer = Page<EvaluationResult>;
    const NAME: &'static str = "SimulatePrincipalPolicy";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_holder(Self::NAME, &self.holder)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let setting = &self.setting;
        let held = scene.held(&self.holder, &self.without)?;
        let caller = match (&setting.caller, &self.holder) {
            (Some(arn), _) => scene.simulated_user(arn)?,
            (None, Holder::Group(_) | Holder::Role(_)) if setting.resource_policy.is_some() => {
                return Err(invalid(
                    "CallerArn is required where there is a ResourcePolicy and PolicySourceArn is no user",
                ));
            }
            (None, Holder::User(_) | Holder::Group(_) | Holder::Role(_)) => held.caller,
        };
        let mut policies = held.policies;
        policies.extend(sources("PolicyInputList", &self.policies)?);
        let boundary = boundary(&self.boundary)?.or(held.boundary);
        let simulation = Simulation::new(setting, caller, policies, boundary)?;
        Ok(Done::told(simulation.page(setting)))
    }
}

/// `GetContextKeysForPrincipalPolicy`
#[derive(Debug)]
pub struct GetContextKeysForPrincipalPolicy {
    /// Whose policies.
    pub holder: Holder,
    /// Further ones.
    pub policies: Vec<String>,
}

impl Action for GetContextKeysForPrincipalPolicy {
    type Answer = Vec<String>;
    const NAME: &'static str = "GetContextKeysForPrincipalPolicy";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_holder(Self::NAME, &self.holder)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Vec<String>>, Refusal> {
        let mut policies = scene.held(&self.holder, &[])?.policies;
        policies.extend(sources("PolicyInputList", &self.policies)?);
        let policies = policies.iter().map(|source| &source.policy);
        Ok(Done::told(context_keys(policies)))
    }
}
