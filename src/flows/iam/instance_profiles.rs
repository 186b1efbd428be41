//! Instance profiles.

use std::sync::Arc;

use super::roles::RoleView;
use super::scene::{Long, bytes_with};
use super::tagging::{TagActions, Tagged};
use super::{Action, Done, IamCode, Page, PageRequest, Question, Refusal, Scene};
use crate::directory::{Change, InstanceProfile, Named};
use crate::domain::{
    IamPath, InstanceProfileName, OwnTags, RoleName, UniqueId, UniqueIdKind, UnixTime,
};

/// As many instance profiles as an account may have (IAM quotas: 1,000 at AWS, and more on request).
pub const MAX_INSTANCE_PROFILES: usize = 10_000;

/// So many of them stand for one role at most: `GetAccountAuthorizationDetails` tells of all of them with the role.
pub const MAX_PROFILES_OF_ROLE: usize = 100;

/// Who takes the roles of instance profiles.
const MACHINES: &str = "ec2.amazonaws.com";

/// An instance profile as IAM tells of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceProfileView {
    /// The name.
    pub name: InstanceProfileName,
    /// The path.
    pub path: IamPath,
    /// `AIPA…`
    pub id: UniqueId,
    /// The ARN.
    pub arn: String,
    /// When it was made.
    pub created_at: UnixTime,
    /// Its role.
    pub role: Option<RoleView>,
    /// Its tags; lists leave them out.
    pub tags: OwnTags,
}

impl InstanceProfileView {
    fn of(scene: &Scene<'_>, name: &InstanceProfileName, profile: &InstanceProfile) -> Self {
        let role = profile.role.as_ref();
        let role = role.and_then(|name| Some((name, scene.account.roles.get(name)?)));
        Self {
            name: name.clone(),
            path: profile.path.clone(),
            id: profile.unique_id.clone(),
            arn: scene.profile_arn(Some(&profile.path), name),
            created_at: profile.created_at,
            role: role.map(|(name, role)| RoleView::in_list(scene, name, role)),
            tags: profile.tags.clone(),
        }
    }

    /// What lists tell of one.
    pub(super) fn in_list(
        scene: &Scene<'_>,
        name: &InstanceProfileName,
        profile: &InstanceProfile,
    ) -> Self {
        Self {
            tags: OwnTags::default(),
            ..Self::of(scene, name, profile)
        }
    }
}

impl Long for InstanceProfileView {
    fn bytes(&self) -> usize {
        bytes_with([]) + self.role.as_ref().map_or(0, Long::bytes)
    }
}

impl Scene<'_> {
    fn profile_arn(&self, path: Option<&IamPath>, name: &InstanceProfileName) -> String {
        let path = path.map_or("/", IamPath::as_str);
        self.arn(&["instance-profile", path, name.as_str()].concat())
    }

    /// An instance profile of the account.
    ///
    /// # Errors
    /// `NoSuchEntity`
    fn profile(&self, name: &InstanceProfileName) -> Result<&Arc<InstanceProfile>, Refusal> {
        let profile = self.account.instance_profiles.get(name);
        profile.ok_or_else(|| {
            let text = format!("Instance Profile {name} cannot be found.");
            Refusal::new(IamCode::NoSuchEntity, text)
        })
    }

    fn ask_of_profile(&self, action: &str, name: &InstanceProfileName) -> Question {
        let question = match self.account.instance_profiles.get(name) {
            Some(profile) => {
                let arn = self.profile_arn(Some(&profile.path), name);
                Question::new(action, arn).of_tagged(&profile.tags)
            }
            None => Question::new(action, self.profile_arn(None, name)),
        };
        question.shown_as(format!("instance profile {name}"))
    }

    /// An answer, once the profile is changed; nothing is, where it is the same.
    fn with_profile<A>(
        &self,
        name: &InstanceProfileName,
        profile: InstanceProfile,
        answer: A,
    ) -> Done<A> {
        let before = self.account.instance_profiles.get(name);
        Done::replaced((before, profile), answer, |profile| {
            Change::PutInstanceProfile(self.account_id, name.clone(), profile)
        })
    }

    /// Whether some instance profile stands for the role.
    pub(super) fn is_in_profile(&self, role: &RoleName) -> bool {
        self.snapshot.is_in_profile(self.account_id, role)
    }
}

/// `CreateInstanceProfile`
#[derive(Debug)]
pub struct CreateInstanceProfile {
    /// What it is called.
    pub name: InstanceProfileName,
    /// Where it stands.
    pub path: IamPath,
    /// Its tags.
    pub tags: OwnTags,
}

impl CreateInstanceProfile {
    fn check_room(&self, scene: &Scene<'_>) -> Result<(), Refusal> {
        let name = self.name.as_str();
        if scene.is_taken(Named::InstanceProfile, name) {
            let text = format!("Instance Profile {name} already exists.");
            return Err(Refusal::new(IamCode::EntityAlreadyExists, text));
        }
        if scene.account.instance_profiles.len() >= MAX_INSTANCE_PROFILES {
            let quota = "InstanceProfilesPerAccount";
            return Err(Refusal::over_quota(quota, MAX_INSTANCE_PROFILES));
        }
        Ok(())
    }
}

impl Action for CreateInstanceProfile {
    type Answer = InstanceProfileView;
    const NAME: &'static str = "CreateInstanceProfile";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let arn = scene.profile_arn(Some(&self.path), &self.name);
        Ok(Question::new(Self::NAME, arn).making::<OfProfile>(&self.tags))
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        self.check_room(scene)?;
        let profile = InstanceProfile {
            path: self.path.clone(),
            unique_id: scene.draw_unique_id(UniqueIdKind::InstanceProfile)?,
            created_at: scene.now,
            tags: self.tags.clone(),
            role: None,
        };
        let view = InstanceProfileView::of(scene, &self.name, &profile);
        Ok(scene.with_profile(&self.name, profile, view))
    }
}

/// `GetInstanceProfile`
#[derive(Debug)]
pub struct GetInstanceProfile {
    /// Which.
    pub name: InstanceProfileName,
}

impl Action for GetInstanceProfile {
    type Answer = InstanceProfileView;
    const NAME: &'static str = "GetInstanceProfile";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_profile(Self::NAME, &self.name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let profile = scene.profile(&self.name)?;
        let view = InstanceProfileView::of(scene, &self.name, profile);
        Ok(Done::told(view))
    }
}

/// `ListInstanceProfiles`
#[derive(Debug)]
pub struct ListInstanceProfiles {
    /// Only those whose path begins so.
    pub path_prefix: String,
    /// Which part of the list.
    pub page: PageRequest,
}

impl Action for ListInstanceProfiles {
    type Answer = Page<InstanceProfileView>;
    const NAME: &'static str = "ListInstanceProfiles";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let resource = scene.arn(&["instance-profile", &self.path_prefix].concat());
        Ok(vec![Question::new(Self::NAME, resource)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let profiles = &scene.account.instance_profiles;
        let page = self.page.of_long_map(profiles, |name, profile| {
            let is_below = profile.path.as_str().starts_with(&self.path_prefix);
            is_below.then(|| InstanceProfileView::in_list(scene, name, profile))
        });
        Ok(Done::told(page))
    }
}

/// `ListInstanceProfilesForRole`
#[derive(Debug)]
pub struct ListInstanceProfilesForRole {
    /// Which role they stand for.
    pub role: RoleName,
    /// Which part of the list.
    pub page: PageRequest,
}

impl Action for ListInstanceProfilesForRole {
    type Answer = Page<InstanceProfileView>;
    const NAME: &'static str = "ListInstanceProfilesForRole";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_role(Self::NAME, &self.role)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        scene.role(&self.role)?;
        let profiles = &scene.account.instance_profiles;
        let page = self.page.of_long_map(profiles, |name, profile| {
            let has_it = profile.role.as_ref() == Some(&self.role);
            has_it.then(|| InstanceProfileView::in_list(scene, name, profile))
        });
        Ok(Done::told(page))
    }
}

/// `DeleteInstanceProfile`
#[derive(Debug)]
pub struct DeleteInstanceProfile {
    /// Which.
    pub name: InstanceProfileName,
}

impl Action for DeleteInstanceProfile {
    type Answer = ();
    const NAME: &'static str = "DeleteInstanceProfile";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_profile(Self::NAME, &self.name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        if scene.profile(&self.name)?.role.is_some() {
            let first = "remove roles from instance profile";
            return Err(Refusal::delete_conflict(first));
        }
        let change = Change::RemoveInstanceProfile(scene.account_id, self.name.clone());
        Ok(Done::changed((), vec![change]))
    }
}

/// `AddRoleToInstanceProfile`
#[derive(Debug)]
pub struct AddRoleToInstanceProfile {
    /// To which profile.
    pub name: InstanceProfileName,
    /// Which role it stands for from now on.
    pub role: RoleName,
}

impl Action for AddRoleToInstanceProfile {
    type Answer = ();
    const NAME: &'static str = "AddRoleToInstanceProfile";
    const WRITES: bool = true;

    /// Whoever gives a role to machines must be allowed to pass it on to them.
    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let passing = scene.ask_of_role("PassRole", &self.role);
        Ok(vec![
            scene.ask_of_profile(Self::NAME, &self.name),
            passing.with("iam:PassedToService", MACHINES.to_owned()),
        ])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let mut profile = InstanceProfile::clone(scene.profile(&self.name)?);
        scene.modifiable_role(&self.role)?;
        if profile.role.is_some() {
            let quota = "InstanceSessionsPerInstanceProfile";
            return Err(Refusal::over_quota(quota, 1));
        }
        let profiles = scene.account.instance_profiles.values();
        let of_role = profiles.filter(|it| it.role.as_ref() == Some(&self.role));
        if of_role.count() >= MAX_PROFILES_OF_ROLE {
            let quota = "InstanceProfilesPerRole";
            return Err(Refusal::over_quota(quota, MAX_PROFILES_OF_ROLE));
        }
        profile.role = Some(self.role.clone());
        Ok(scene.with_profile(&self.name, profile, ()))
    }
}

/// `RemoveRoleFromInstanceProfile`
#[derive(Debug)]
pub struct RemoveRoleFromInstanceProfile {
    /// From which profile.
    pub name: InstanceProfileName,
    /// Which role.
    pub role: RoleName,
}

impl Action for RemoveRoleFromInstanceProfile {
    type Answer = ();
    const NAME: &'static str = "RemoveRoleFromInstanceProfile";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_profile(Self::NAME, &self.name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let mut profile = InstanceProfile::clone(scene.profile(&self.name)?);
        scene.role(&self.role)?;
        if profile.role.as_ref() != Some(&self.role) {
            let text = format!(
                "The role with name {} cannot be found in instance profile {}.",
                self.role, self.name
            );
            return Err(Refusal::new(IamCode::NoSuchEntity, text));
        }
        profile.role = None;
        Ok(scene.with_profile(&self.name, profile, ()))
    }
}

/// Instance profiles.
#[derive(Debug)]
pub struct OfProfile;

impl Tagged for OfProfile {
    type Name = InstanceProfileName;
    const ACTIONS: TagActions = TagActions {
        tag: "TagInstanceProfile",
        untag: "UntagInstanceProfile",
        list: "ListInstanceProfileTags",
    };
    const QUOTA: &'static str = "TagsPerInstanceProfile";

    fn ask(scene: &Scene<'_>, action: &str, name: &InstanceProfileName) -> Question {
        scene.ask_of_profile(action, name)
    }

    fn tags(scene: &Scene<'_>, name: &InstanceProfileName) -> Result<OwnTags, Refusal> {
        Ok(scene.profile(name)?.tags.clone())
    }

    fn retagged(
        scene: &Scene<'_>,
        name: &InstanceProfileName,
        edit: impl FnOnce(&OwnTags) -> Result<OwnTags, Refusal>,
    ) -> Result<Done<()>, Refusal> {
        let mut profile = InstanceProfile::clone(scene.profile(name)?);
        profile.tags = edit(&profile.tags)?;
        Ok(scene.with_profile(name, profile, ()))
    }
}
