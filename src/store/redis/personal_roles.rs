//! People's own roles. Nothing waits for replicas here but that a person is forgotten.

use async_trait::async_trait;
use redis::cmd;

use super::calls::Call;
use super::directory::{script, value};
use super::failure::Failure;
use super::one_time::{ATTEMPTS, Replaced, milliseconds};
use super::{RedisStore, scripts};
use crate::domain::UnixTime;
use crate::store::{
    PERSONAL_ROLES_SECONDS, PersonKey, PersonalRoles, RolesChange, RolesChanged, RolesOfPerson,
    StoreError,
};

const TABLE: &str = "personal_roles";

#[async_trait]
impl PersonalRoles for RedisStore {
    async fn personal_roles(
        &self,
        person: &PersonKey,
        now: UnixTime,
    ) -> Result<Option<RolesOfPerson>, StoreError> {
        let found = self.stored_roles(person).await?;
        Ok(found.and_then(|found| self.roles(person, &found, now)))
    }

    /// What is damaged counts as nothing, and the change takes its place.
    async fn change_personal_roles(
        &self,
        person: &PersonKey,
        change: &RolesChange,
        now: UnixTime,
    ) -> Result<RolesChanged, StoreError> {
        let key = self.keys.personal_roles(person);
        let mut found = self.stored_roles(person).await?.unwrap_or_default();
        for _ in 0..ATTEMPTS {
            let kept = self.roles(person, &found, now);
            let kept = kept.unwrap_or_else(|| RolesOfPerson::none(now));
            let Some(roles) = kept.with(change, now) else {
                return Ok(RolesChanged::TooMany);
            };
            let mut replace = script(scripts::REPLACE, &[&key]);
            replace
                .arg(&found)
                .arg(self.sealed(TABLE, &person.0, &roles)?)
                .arg(milliseconds(PERSONAL_ROLES_SECONDS));
            found = match Replaced::of(self.fast.ask(&replace).await?)? {
                Replaced::Done => return Ok(RolesChanged::Kept),
                Replaced::Not(found) => found.unwrap_or_default(),
            };
        }
        Err(Failure::Contended.into())
    }

    async fn forget_personal_roles(&self, person: &PersonKey) -> Result<bool, StoreError> {
        let key = self.keys.personal_roles(person);
        let command = cmd("DEL").arg(&key).clone();
        let removed: i64 = value(self.durable.write(Call { key, command }).await?)?;
        Ok(removed > 0)
    }
}

impl RedisStore {
    async fn stored_roles(&self, person: &PersonKey) -> Result<Option<Vec<u8>>, StoreError> {
        let mut read = cmd("GET");
        read.arg(self.keys.personal_roles(person));
        Ok(value(self.fast.ask(&read).await?)?)
    }

    /// The roles that were found; none where nothing was, or they are over or damaged.
    fn roles(&self, person: &PersonKey, found: &[u8], now: UnixTime) -> Option<RolesOfPerson> {
        if found.is_empty() {
            return None;
        }
        let opened = self.opened::<RolesOfPerson>(TABLE, &person.0, found);
        let opened = opened.inspect_err(|damage| {
            tracing::warn!(%damage, "a damaged record of a person's roles is passed over");
        });
        opened.ok().filter(|roles| !roles.is_over(now))
    }
}
