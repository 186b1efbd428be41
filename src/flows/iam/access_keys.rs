//! Users' access keys.

use super::{Action, Done, IamCode, Page, PageRequest, Question, Refusal, Scene};
use crate::directory::{AccessKey, KeyStatus, User};
use crate::domain::{AccessKeyId, KeyKind, SecretAccessKey, UnixTime, UserName};
use crate::store::{KeyUse, UsedKey};

/// An access key as IAM tells of one.
#[derive(Debug)]
pub struct KeyView {
    /// Whose.
    pub user: UserName,
    /// `AKIA…`
    pub id: AccessKeyId,
    /// Whether it is good.
    pub status: KeyStatus,
    /// When it was made.
    pub created_at: UnixTime,
}

impl KeyView {
    fn of(user: &UserName, id: &AccessKeyId, key: &AccessKey) -> Self {
        Self {
            user: user.clone(),
            id: id.clone(),
            status: key.status,
            created_at: key.created_at,
        }
    }
}

/// The key of a user.
///
/// # Errors
/// `NoSuchEntity`
fn key_of<'u>(user: &'u User, id: &AccessKeyId) -> Result<&'u AccessKey, Refusal> {
    user.access_keys.get(id).ok_or_else(|| no_key(id))
}

fn no_key(id: &AccessKeyId) -> Refusal {
    let text = format!("The Access Key with id {id} cannot be found.");
    Refusal::new(IamCode::NoSuchEntity, text)
}

/// `CreateAccessKey`
#[derive(Debug)]
pub struct CreateAccessKey {
    /// Whose; the caller's where nobody is named.
    pub user: Option<UserName>,
}

/// A key with its secret, which is told once.
#[derive(Debug)]
pub struct NewKey {
    /// The key.
    pub key: KeyView,
    /// The secret.
    pub secret: SecretAccessKey,
}

impl Action for CreateAccessKey {
    type Answer = NewKey;
    const NAME: &'static str = "CreateAccessKey";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let name = scene.user_or_own(self.user.as_ref())?;
        Ok(vec![scene.ask_of_user(Self::NAME, &name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<NewKey>, Refusal> {
        let name = scene.user_or_own(self.user.as_ref())?;
        if scene.user(&name)?.access_keys.len() >= User::MAX_KEYS {
            let quota = "AccessKeysPerUser";
            return Err(Refusal::over_quota(quota, User::MAX_KEYS));
        }
        let id = AccessKeyId::from_random(KeyKind::LongTerm, scene.account_id, scene.draw()?);
        let secret = data_encoding::BASE64.encode(&scene.draw::<30>()?);
        let secret = SecretAccessKey::new(secret);
        let key = AccessKey::new(&secret, KeyStatus::Active, scene.now);
        let told = NewKey {
            key: KeyView::of(&name, &id, &key),
            secret,
        };
        let change = scene.with_user(&name, |user| drop(user.access_keys.insert(id, key)))?;
        Ok(Done::changed(told, vec![change]))
    }
}

/// `ListAccessKeys`
#[derive(Debug)]
pub struct ListAccessKeys {
    /// Whose; the caller's where nobody is named.
    pub user: Option<UserName>,
    /// Which part of the list.
    pub page: PageRequest,
}

impl Action for ListAccessKeys {
    type Answer = Page<KeyView>;
    const NAME: &'static str = "ListAccessKeys";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let name = scene.user_or_own(self.user.as_ref())?;
        Ok(vec![scene.ask_of_user(Self::NAME, &name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let name = scene.user_or_own(self.user.as_ref())?;
        let keys = scene.user(&name)?.access_keys.iter();
        let items = keys.map(|(id, key)| (id.to_string(), KeyView::of(&name, id, key)));
        Ok(Done::told(self.page.of_list(items.collect())))
    }
}

/// `UpdateAccessKey`
#[derive(Debug)]
pub struct UpdateAccessKey {
    /// Whose; the caller's where nobody is named.
    pub user: Option<UserName>,
    /// The key.
    pub key: AccessKeyId,
    /// Whether it is to be good.
    pub status: KeyStatus,
}

impl Action for UpdateAccessKey {
    type Answer = ();
    const NAME: &'static str = "UpdateAccessKey";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let name = scene.user_or_own(self.user.as_ref())?;
        Ok(vec![scene.ask_of_user(Self::NAME, &name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let name = scene.user_or_own(self.user.as_ref())?;
        key_of(scene.user(&name)?, &self.key)?;
        let change = scene.with_user(&name, |user| {
            if let Some(key) = user.access_keys.get_mut(&self.key) {
                key.status = self.status;
            }
        })?;
        Ok(Done::changed((), vec![change]))
    }
}

/// `DeleteAccessKey`
#[derive(Debug)]
pub struct DeleteAccessKey {
    /// Whose; the caller's where nobody is named.
    pub user: Option<UserName>,
    /// The key.
    pub key: AccessKeyId,
}

impl Action for DeleteAccessKey {
    type Answer = ();
    const NAME: &'static str = "DeleteAccessKey";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let name = scene.user_or_own(self.user.as_ref())?;
        Ok(vec![scene.ask_of_user(Self::NAME, &name)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let name = scene.user_or_own(self.user.as_ref())?;
        key_of(scene.user(&name)?, &self.key)?;
        let change = scene.with_user(&name, |user| drop(user.access_keys.remove(&self.key)))?;
        Ok(Done::changed((), vec![change]))
    }
}

/// `GetAccessKeyLastUsed`
#[derive(Debug)]
pub struct GetKeyLastUsed {
    /// The key.
    pub key: AccessKeyId,
}

/// When a key was last used.
#[derive(Debug)]
pub struct LastUsed {
    /// Whose key it is.
    pub user: UserName,
    /// When, if it was.
    pub used: Option<KeyUse>,
}

impl GetKeyLastUsed {
    fn owner(&self, scene: &Scene<'_>) -> Option<UserName> {
        let owner = scene.snapshot.user_of_key(&self.key);
        let owner = owner.map(|entry| &entry.principal);
        let own = owner.filter(|owner| owner.account == scene.account_id);
        own.map(|owner| owner.name.clone())
    }
}

impl Action for GetKeyLastUsed {
    type Answer = LastUsed;
    const NAME: &'static str = "GetAccessKeyLastUsed";
    const WRITES: bool = false;

    /// Of a key that is nobody's, asked is about all users: who may ask about one learns nothing of others.
    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let question = match self.owner(scene) {
            Some(user) => scene.ask_of_user(Self::NAME, &user),
            None => Question::new(Self::NAME, scene.arn("user/*")),
        };
        Ok(vec![
            question.shown_as(format!("access key {}", self.key.as_str())),
        ])
    }

    fn looks_up(&self, _: &Scene<'_>) -> Option<UsedKey> {
        Some(UsedKey::of(&self.key))
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<LastUsed>, Refusal> {
        let Some(user) = self.owner(scene) else {
            return Err(no_key(&self.key));
        };
        Ok(Done::told(LastUsed {
            user,
            used: scene.last_use.clone(),
        }))
    }
}
