//! The versions of a managed policy: at most five, of which one holds.

use super::{Found, managed_document};
use crate::directory::{ManagedPolicy, PolicyVersions};
use crate::domain::{ManagedPolicyArn, PolicyVersionId, UnixTime};
use crate::flows::iam::{Action, Done, IamCode, Page, PageRequest, Question, Refusal, Scene};

/// A version as IAM tells of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionView {
    /// Which.
    pub id: PolicyVersionId,
    /// Whether it holds.
    pub is_default: bool,
    /// When it was made.
    pub created_at: UnixTime,
    /// What it says; only `GetPolicyVersion` and `GetAccountAuthorizationDetails` tell it.
    pub document: Option<String>,
}

impl VersionView {
    pub(in crate::flows::iam) fn find(found: Found<'_>, id: PolicyVersionId) -> Option<Self> {
        let (document, created_at) = found.version(id)?;
        Some(Self {
            id,
            is_default: id == found.default_version(),
            created_at,
            document: Some(document.as_json().to_owned()),
        })
    }

    fn without_document(self) -> Self {
        Self {
            document: None,
            ..self
        }
    }
}

fn no_such_version(id: PolicyVersionId) -> Refusal {
    let text = format!("Policy version {id} does not exist or is not attachable.");
    Refusal::new(IamCode::NoSuchEntity, text)
}

/// `CreatePolicyVersion`
#[derive(Debug)]
pub struct CreatePolicyVersion {
    /// Of which policy.
    pub arn: ManagedPolicyArn,
    /// What it says.
    pub document: String,
    /// Whether it holds from now on.
    pub set_as_default: bool,
}

impl Action for CreatePolicyVersion {
    type Answer = VersionView;
    const NAME: &'static str = "CreatePolicyVersion";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_policy(Self::NAME, &self.arn)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<VersionView>, Refusal> {
        let mut policy = ManagedPolicy::clone(scene.own_policy(&self.arn)?);
        let document = managed_document(&self.document)?;
        if policy.version_ids().len() >= PolicyVersions::MAX {
            let text = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.";
            return Err(Refusal::new(IamCode::LimitExceeded, text));
        }
        let id = policy.add_version(document, scene.now);
        if self.set_as_default {
            policy.set_default_version(id);
        }
        let view = VersionView {
            id,
            is_default: self.set_as_default,
            created_at: scene.now,
            document: None,
        };
        Ok(scene.with_policy(self.arn.name(), policy, view))
    }
}

/// `GetPolicyVersion`
#[derive(Debug)]
pub struct GetPolicyVersion {
    /// Of which policy.
    pub arn: ManagedPolicyArn,
    /// Which.
    pub id: PolicyVersionId,
}

impl Action for GetPolicyVersion {
    type Answer = VersionView;
    const NAME: &'static str = "GetPolicyVersion";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_policy(Self::NAME, &self.arn)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<VersionView>, Refusal> {
        let view = VersionView::find(scene.policy(&self.arn)?, self.id);
        view.map(Done::told).ok_or_else(|| no_such_version(self.id))
    }
}

/// `ListPolicyVersions`
#[derive(Debug)]
pub struct ListPolicyVersions {
    /// Of which policy.
    pub arn: ManagedPolicyArn,
    /// Which part of the list.
    pub page: PageRequest,
}

impl Action for ListPolicyVersions {
    type Answer = Page<VersionView>;
    const NAME: &'static str = "ListPolicyVersions";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_policy(Self::NAME, &self.arn)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let found = scene.policy(&self.arn)?;
        let newest_first = found.version_ids().into_iter().rev();
        let views = newest_first.filter_map(|id| VersionView::find(found, id));
        let keyed = views.enumerate().map(|(place, view)| {
            // There are five at most.
            (place.to_string(), view.without_document())
        });
        Ok(Done::told(self.page.of_list(keyed.collect())))
    }
}

/// `SetDefaultPolicyVersion`
#[derive(Debug)]
pub struct SetDefaultPolicyVersion {
    /// Of which policy.
    pub arn: ManagedPolicyArn,
    /// Which holds from now on.
    pub id: PolicyVersionId,
}

impl Action for SetDefaultPolicyVersion {
    type Answer = ();
    const NAME: &'static str = "SetDefaultPolicyVersion";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_policy(Self::NAME, &self.arn)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let mut policy = ManagedPolicy::clone(scene.own_policy(&self.arn)?);
        if !policy.set_default_version(self.id) {
            return Err(no_such_version(self.id));
        }
        Ok(scene.with_policy(self.arn.name(), policy, ()))
    }
}

/// `DeletePolicyVersion`
#[derive(Debug)]
pub struct DeletePolicyVersion {
    /// Of which policy.
    pub arn: ManagedPolicyArn,
    /// Which.
    pub id: PolicyVersionId,
}

impl Action for DeletePolicyVersion {
    type Answer = ();
    const NAME: &'static str = "DeletePolicyVersion";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_policy(Self::NAME, &self.arn)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let mut policy = ManagedPolicy::clone(scene.own_policy(&self.arn)?);
        if self.id == policy.versions.default {
            let text = "Cannot delete the default version of a policy.";
            return Err(Refusal::new(IamCode::DeleteConflict, text));
        }
        if !policy.remove_version(self.id) {
            return Err(no_such_version(self.id));
        }
        Ok(scene.with_policy(self.arn.name(), policy, ()))
    }
}
