//! Users.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::holders::OfUser;
use super::{Action, Done, IamCode, Page, PageRequest, Question, Refusal, Scene};
use crate::directory::{Change, Named, User};
use crate::domain::{
    IamPath, ManagedPolicyArn, OwnTags, UniqueId, UniqueIdKind, UnixTime, UserName,
};

/// As many users as an account may have (IAM quotas: 5,000 at AWS). 100,000 for programs have room beside those
/// for people, and all of them, with keys and devices, in a checkpoint of the directory.
pub const MAX_USERS: usize = 250_000;

/// A user as IAM tells of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserView {
    /// The name.
    pub name: UserName,
    /// The path.
    pub path: IamPath,
    /// `AIDA…`
    pub id: UniqueId,
    /// The ARN.
    pub arn: String,
    /// When the user was made.
    pub created_at: UnixTime,
    /// The most that the user may do.
    pub boundary: Option<ManagedPolicyArn>,
    /// The user's tags.
    pub tags: OwnTags,
}

impl UserView {
    pub(super) fn of(scene: &Scene<'_>, name: &UserName, user: &User) -> Self {
        Self {
            name: name.clone(),
            path: user.path.clone(),
            id: user.unique_id.clone(),
            arn: scene.user_arn(Some(&user.path), name),
            created_at: user.created_at,
            boundary: user.boundary.clone(),
            tags: user.tags.clone(),
        }
    }
}

impl Scene<'_> {
    /// A user's ARN; without a path where it isn't known, because there is no such user.
    pub(super) fn user_arn(&self, path: Option<&IamPath>, name: &UserName) -> String {
        let path = path.map_or("/", IamPath::as_str);
        self.arn(&["user", path, name.as_str()].concat())
    }

    /// A user of the account.
    ///
    /// # Errors
    /// `NoSuchEntity`
    pub(super) fn user(&self, name: &UserName) -> Result<&Arc<User>, Refusal> {
        let user = self.account.users.get(name);
        user.ok_or_else(|| Refusal::no_such("user", name.as_str()))
    }

    /// Whether `iam:<action>` is allowed on this user, whether or not there is one.
    pub(super) fn ask_of_user(&self, action: &str, name: &UserName) -> Question {
        let question = match self.account.users.get(name) {
            Some(user) => {
                Question::new(action, self.user_arn(Some(&user.path), name)).of_tagged(&user.tags)
            }
            None => Question::new(action, self.user_arn(None, name)),
        };
        question.shown_as(format!("user {name}"))
    }
}

/// `CreateUser`
#[derive(Debug)]
pub struct CreateUser {
    /// What the user is called.
    pub name: UserName,
    /// Where the user stands.
    pub path: IamPath,
    /// The most that the user may do.
    pub boundary: Option<ManagedPolicyArn>,
    /// The user's tags.
    pub tags: OwnTags,
}

impl Action for CreateUser {
    type Answer = UserView;
    const NAME: &'static str = "CreateUser";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let arn = scene.user_arn(Some(&self.path), &self.name);
        let mut own = Question::new(Self::NAME, arn);
        if let Some(boundary) = &self.boundary {
            own = own.with("iam:PermissionsBoundary", boundary.to_string());
        }
        Ok(own.making::<OfUser>(&self.tags))
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<UserView>, Refusal> {
        if scene.is_taken(Named::User, self.name.as_str()) {
            return Err(Refusal::already_exists("User", self.name.as_str()));
        }
        if scene.account.users.len() >= MAX_USERS {
            return Err(Refusal::over_quota("UsersPerAccount", MAX_USERS));
        }
        if let Some(boundary) = &self.boundary {
            scene.check_attachable(boundary)?;
        }
        let user = User {
            path: self.path.clone(),
            unique_id: scene.draw_unique_id(UniqueIdKind::User)?,
            created_at: scene.now,
            tags: self.tags.clone(),
            policies: BTreeMap::new(),
            attached: BTreeSet::new(),
            boundary: self.boundary.clone(),
            access_keys: BTreeMap::new(),
            mfa_devices: BTreeMap::new(),
            groups: BTreeSet::new(),
        };
        let view = UserView::of(scene, &self.name, &user);
        let change = Change::PutUser(scene.account_id, self.name.clone(), Arc::new(user));
        Ok(Done::changed(view, vec![change]))
    }
}

impl Scene<'_> {
    /// Whether there is such a managed policy: of the account, or one that every account has.
    ///
    /// # Errors
    /// `NoSuchEntity`
    pub(super) fn check_attachable(&self, arn: &ManagedPolicyArn) -> Result<(), Refusal> {
        let is_own = arn
            .account()
            .is_none_or(|account| account == self.account_id);
        if is_own && self.snapshot.policies().find(arn).is_some() {
            return Ok(());
        }
        let text = format!("Policy {arn} does not exist or is not attachable.");
        Err(Refusal::new(IamCode::NoSuchEntity, text))
    }
}

/// `GetUser`
#[derive(Debug)]
pub struct GetUser {
    /// Whose; the caller where nobody is named.
    pub name: Option<UserName>,
}

impl Action for GetUser {
    type Answer = UserView;
    const NAME: &'static str = "GetUser";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let name = scene.user_or_own(self.name.as_ref())?;
        Ok(vec![scene.ask_of_user(Self::NAME, &name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<UserView>, Refusal> {
        let name = scene.user_or_own(self.name.as_ref())?;
        let user = scene.user(&name)?;
        Ok(Done::told(UserView::of(scene, &name, user)))
    }
}

/// `ListUsers`
#[derive(Debug)]
pub struct ListUsers {
    /// Only those whose path begins so.
    pub path_prefix: String,
    /// Which part of the list.
    pub page: PageRequest,
}

impl Action for ListUsers {
    type Answer = Page<UserView>;
    const NAME: &'static str = "ListUsers";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let resource = scene.arn(&["user", &self.path_prefix].concat());
        Ok(vec![Question::new(Self::NAME, resource)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Page<UserView>>, Refusal> {
        let page = self.page.of_map(&scene.account.users, |name, user| {
            let is_below = user.path.as_str().starts_with(&self.path_prefix);
            is_below.then(|| UserView::of(scene, name, user))
        });
        Ok(Done::told(page))
    }
}

/// `DeleteUser`
#[derive(Debug)]
pub struct DeleteUser {
    /// Whom.
    pub name: UserName,
}

impl Action for DeleteUser {
    type Answer = ();
    const NAME: &'static str = "DeleteUser";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_user(Self::NAME, &self.name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let user = scene.user(&self.name)?;
        let blocked = [
            (!user.policies.is_empty(), "delete policies"),
            (!user.attached.is_empty(), "detach all policies"),
            (!user.access_keys.is_empty(), "delete access keys"),
            (!user.mfa_devices.is_empty(), "delete MFA device"),
            (!user.groups.is_empty(), "remove users from group"),
        ];
        if let Some((_, first)) = blocked.iter().find(|(is_there, _)| *is_there) {
            return Err(Refusal::delete_conflict(first));
        }
        let change = Change::RemoveUser(scene.account_id, self.name.clone());
        Ok(Done::changed((), vec![change]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::testing::{self, NOW};
    use crate::directory::{Directory, DirectoryFiles, read};
    use crate::entropy::SystemEntropy;
    use crate::store::MAX_CHECKPOINT_BYTES;

    const USER: &str = "path = '/programs/'
[[access_keys]]
id = 'AKIARZPUZDIKAAAAAAAA'
secret = 'as-long-as-a-secret-of-a-key-commonly-is'
[[access_keys]]
id = 'AKIARZPUZDIKBBBBBBBB'
secret = 'and-another-that-is-just-as-long-as-that'
[[mfa_devices]]
name = 'phone'
seed = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
";

    #[test]
    fn a_checkpoint_holds_as_many_users_as_an_account_may_have() {
        let mut files = testing::files();
        let length = |files: &DirectoryFiles| {
            let read = read(files, &Directory::default(), NOW, &SystemEntropy);
            serde_json::to_vec(&read.unwrap()).unwrap().len()
        };
        let without = length(&files);
        files.insert(
            "accounts/482011739056/users/program-000000.toml".to_owned(),
            USER.to_owned(),
        );
        let each = length(&files) - without;
        let all = each * MAX_USERS;
        // A third is left for policies, roles and whatever else there is.
        assert!(all < MAX_CHECKPOINT_BYTES / 3 * 2, "{all} bytes");
        const { assert!(MAX_USERS >= 200_000, "100,000 programs beside people") };
    }
}
