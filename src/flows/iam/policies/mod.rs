//! Managed policies: made, shown and removed.

mod entities;
mod tags;
mod usage;
mod versions;

use std::sync::Arc;

pub use entities::{Entities, EntityFilter, ListEntitiesForPolicy};
pub use tags::OfPolicy;
pub use usage::{Usage, UsageFilter};
pub use versions::{
    CreatePolicyVersion, DeletePolicyVersion, GetPolicyVersion, ListPolicyVersions,
    SetDefaultPolicyVersion, VersionView,
};

use super::holders::identity_policy;
use super::{Action, Done, IamCode, Page, PageRequest, Question, Refusal, Scene};
use crate::directory::{AwsManaged, Change, ManagedPolicy, PolicyVersions};
use crate::domain::{
    IamPath, ManagedPolicyArn, OwnTags, PolicyName, PolicyVersionId, UniqueId, UniqueIdKind,
    UnixTime,
};
use crate::policy::IdentityPolicy;

pub(super) use usage::Usages;

/// As many managed policies as an account may have (IAM quotas: 10,000 at AWS; here as many as are known to
/// work).
pub const MAX_POLICIES: usize = 100_000;
/// As long as a managed policy may be, white space between its elements aside (IAM quotas).
pub const MAX_POLICY_CHARACTERS: usize = 6144;

/// A managed policy as IAM tells of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyView {
    /// The ARN, with its name and path.
    pub arn: ManagedPolicyArn,
    /// `ANPA…`
    pub id: UniqueId,
    /// The version that holds.
    pub default_version: PolicyVersionId,
    /// Who has it.
    pub usage: Usage,
    /// For people; lists leave it out.
    pub description: String,
    /// When it was made.
    pub created_at: UnixTime,
    /// When its newest version was made.
    pub updated_at: UnixTime,
    /// Its tags; lists leave them out.
    pub tags: OwnTags,
}

/// A policy that was found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'s> {
    /// The account's own.
    Own(&'s Arc<ManagedPolicy>),
    /// One that every account has.
    Aws(&'static AwsManaged),
}

impl Found<'_> {
    pub(super) fn view(self, arn: ManagedPolicyArn, usage: Usage) -> PolicyView {
        match self {
            Self::Own(policy) => PolicyView {
                arn,
                id: policy.unique_id.clone(),
                default_version: policy.versions.default,
                usage,
                description: policy.description.clone(),
                created_at: policy.created_at,
                updated_at: policy.updated_at(),
                tags: policy.tags.clone(),
            },
            Self::Aws(policy) => PolicyView {
                arn,
                id: policy.id.clone(),
                default_version: PolicyVersionId::FIRST,
                usage,
                description: policy.description.to_owned(),
                created_at: AwsManaged::CREATED_AT,
                updated_at: AwsManaged::CREATED_AT,
                tags: OwnTags::default(),
            },
        }
    }

    /// A version: what it says, and when it was made.
    fn version(&self, id: PolicyVersionId) -> Option<(&IdentityPolicy, UnixTime)> {
        match self {
            Self::Own(policy) => policy.version(id),
            Self::Aws(policy) => {
                let is_it = id == PolicyVersionId::FIRST;
                is_it.then_some((&policy.document, AwsManaged::CREATED_AT))
            }
        }
    }

    fn default_version(&self) -> PolicyVersionId {
        match self {
            Self::Own(policy) => policy.versions.default,
            Self::Aws(_) => PolicyVersionId::FIRST,
        }
    }

    pub(super) fn version_ids(&self) -> Vec<PolicyVersionId> {
        match self {
            Self::Own(policy) => policy.version_ids(),
            Self::Aws(_) => vec![PolicyVersionId::FIRST],
        }
    }
}

fn not_found(arn: &ManagedPolicyArn) -> Refusal {
    let text = format!("Policy {arn} was not found.");
    Refusal::new(IamCode::NoSuchEntity, text)
}

impl Scene<'_> {
    pub(super) fn policy_arn(&self, path: &IamPath, name: &PolicyName) -> ManagedPolicyArn {
        ManagedPolicyArn::new(self.partition, self.account_id, path.clone(), name.clone())
    }

    fn find_policy(&self, arn: &ManagedPolicyArn) -> Option<Found<'_>> {
        if arn.partition() != self.partition {
            return None;
        }
        let Some(account) = arn.account() else {
            return AwsManaged::find(arn).map(Found::Aws);
        };
        let policy = self.account.policies.get(arn.name())?;
        let is_it = account == self.account_id && policy.path == *arn.path();
        is_it.then_some(Found::Own(policy))
    }

    /// A policy that the account has.
    ///
    /// # Errors
    /// `NoSuchEntity`
    pub(super) fn policy(&self, arn: &ManagedPolicyArn) -> Result<Found<'_>, Refusal> {
        self.find_policy(arn).ok_or_else(|| not_found(arn))
    }

    /// A policy that is the account's to change.
    ///
    /// # Errors
    /// `AccessDenied` where it is somebody else's, `NoSuchEntity` where there is none.
    fn own_policy(&self, arn: &ManagedPolicyArn) -> Result<&Arc<ManagedPolicy>, Refusal> {
        if arn.account() != Some(self.account_id) {
            let text = "Policy is outside your own account.";
            return Err(Refusal::new(IamCode::AccessDenied, text));
        }
        match self.policy(arn)? {
            Found::Own(policy) => Ok(policy),
            Found::Aws(_) => Err(not_found(arn)),
        }
    }

    /// Whether `iam:<action>` is allowed on this policy, whether or not there is one.
    pub(super) fn ask_of_policy(&self, action: &str, arn: &ManagedPolicyArn) -> Question {
        let question = Question::new(action, arn.to_string());
        match self.find_policy(arn) {
            Some(Found::Own(policy)) => question.of_tagged(&policy.tags),
            Some(Found::Aws(_)) | None => question,
        }
    }

    /// An answer, once the policy is changed; nothing is, where it is the same.
    fn with_policy<A>(&self, name: &PolicyName, policy: ManagedPolicy, answer: A) -> Done<A> {
        let before = self.account.policies.get(name);
        Done::replaced((before, policy), answer, |policy| {
            Change::PutPolicy(self.account_id, name.clone(), policy)
        })
    }
}

/// A document that a managed policy can have.
///
/// # Errors
/// `MalformedPolicyDocument`, `LimitExceeded`
fn managed_document(text: &str) -> Result<IdentityPolicy, Refusal> {
    let document = identity_policy(text)?;
    if document.counted_characters() > MAX_POLICY_CHARACTERS {
        return Err(Refusal::over_quota("PolicySize", MAX_POLICY_CHARACTERS));
    }
    Ok(document)
}

/// `CreatePolicy`
#[derive(Debug)]
pub struct CreatePolicy {
    /// What it is called.
    pub name: PolicyName,
    /// Where it stands.
    pub path: IamPath,
    /// What it says.
    pub document: String,
    /// For people.
    pub description: String,
    /// Its tags.
    pub tags: OwnTags,
}

impl CreatePolicy {
    fn check_room(&self, scene: &Scene<'_>) -> Result<(), Refusal> {
        let mut names = scene.account.policies.keys();
        let name = self.name.as_str();
        if names.any(|other| other.as_str().eq_ignore_ascii_case(name)) {
            let text =
                format!("A policy called {name} already exists. Duplicate names are not allowed.");
            return Err(Refusal::new(IamCode::EntityAlreadyExists, text));
        }
        if scene.account.policies.len() >= MAX_POLICIES {
            return Err(Refusal::over_quota("PoliciesPerAccount", MAX_POLICIES));
        }
        Ok(())
    }
}

impl Action for CreatePolicy {
    type Answer = PolicyView;
    const NAME: &'static str = "CreatePolicy";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let arn = scene.policy_arn(&self.path, &self.name).to_string();
        Ok(Question::new(Self::NAME, arn).making::<OfPolicy>(&self.tags))
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<PolicyView>, Refusal> {
        self.check_room(scene)?;
        let policy = Arc::new(ManagedPolicy {
            path: self.path.clone(),
            unique_id: scene.draw_unique_id(UniqueIdKind::ManagedPolicy)?,
            description: self.description.clone(),
            created_at: scene.now,
            document: managed_document(&self.document)?,
            tags: self.tags.clone(),
            versions: PolicyVersions::default(),
        });
        let arn = scene.policy_arn(&self.path, &self.name);
        let view = Found::Own(&policy).view(arn, Usage::default());
        let change = Change::PutPolicy(scene.account_id, self.name.clone(), policy);
        Ok(Done::changed(view, vec![change]))
    }
}

/// `GetPolicy`
#[derive(Debug)]
pub struct GetPolicy {
    /// Which.
    pub arn: ManagedPolicyArn,
}

impl Action for GetPolicy {
    type Answer = PolicyView;
    const NAME: &'static str = "GetPolicy";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_policy(Self::NAME, &self.arn)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<PolicyView>, Refusal> {
        let found = scene.policy(&self.arn)?;
        let usage = Usages::of(&scene.account).find(&self.arn);
        Ok(Done::told(found.view(self.arn.clone(), usage)))
    }
}

/// Whose policies are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyScope {
    /// Those that every account has, and its own.
    All,
    /// Those that every account has.
    Aws,
    /// Its own.
    Local,
}

/// `ListPolicies`
#[derive(Debug)]
pub struct ListPolicies {
    /// Whose.
    pub scope: PolicyScope,
    /// Only those that some user, group or role has.
    pub only_attached: bool,
    /// Only those that are used so.
    pub usage: Option<UsageFilter>,
    /// Only those whose path begins so.
    pub path_prefix: String,
    /// Which part of the list.
    pub page: PageRequest,
}

impl ListPolicies {
    fn is_wanted(&self, arn: &ManagedPolicyArn, usage: Usage) -> bool {
        let is_attached = !self.only_attached || usage.attachments > 0;
        let is_used = self.usage.is_none_or(|filter| usage.is(filter));
        is_attached && is_used && arn.path().as_str().starts_with(&self.path_prefix)
    }
}

impl Action for ListPolicies {
    type Answer = Page<PolicyView>;
    const NAME: &'static str = "ListPolicies";
    const WRITES: bool = false;

    /// It is about no policy ("Actions, resources, and condition keys for AWS IAM").
    fn asks(&self, _: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![Question::new(Self::NAME, "*")])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let usages = Usages::of(&scene.account);
        let own = scene.account.policies.iter();
        let own =
            own.map(|(name, policy)| (scene.policy_arn(&policy.path, name), Found::Own(policy)));
        let aws = AwsManaged::all(scene.partition).map(|(arn, policy)| (arn, Found::Aws(policy)));
        let (has_own, has_aws) = match self.scope {
            PolicyScope::All => (true, true),
            PolicyScope::Aws => (false, true),
            PolicyScope::Local => (true, false),
        };
        let found = own.filter(|_| has_own).chain(aws.filter(|_| has_aws));
        let listed = found.filter_map(|(arn, found)| {
            let usage = usages.find(&arn);
            let is_wanted = self.is_wanted(&arn, usage);
            is_wanted.then(|| {
                let key = format!("{} {arn}", arn.name());
                let view = PolicyView {
                    description: String::new(),
                    tags: OwnTags::default(),
                    ..found.view(arn, usage)
                };
                (key, view)
            })
        });
        Ok(Done::told(self.page.of_list(listed.collect())))
    }
}

/// `DeletePolicy`
#[derive(Debug)]
pub struct DeletePolicy {
    /// Which.
    pub arn: ManagedPolicyArn,
}

impl Action for DeletePolicy {
    type Answer = ();
    const NAME: &'static str = "DeletePolicy";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_policy(Self::NAME, &self.arn)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let policy = scene.own_policy(&self.arn)?;
        let conflict = |text| Err(Refusal::new(IamCode::DeleteConflict, text));
        if Usages::of(&scene.account).find(&self.arn) != Usage::default() {
            return conflict("Cannot delete a policy attached to entities.");
        }
        if !policy.versions.others.is_empty() {
            return conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
            );
        }
        let change = Change::RemovePolicy(scene.account_id, self.arn.name().clone());
        Ok(Done::changed((), vec![change]))
    }
}
