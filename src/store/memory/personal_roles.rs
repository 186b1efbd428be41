//! People's own roles, in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::MemoryStore;
use crate::domain::UnixTime;
use crate::store::{
    PersonKey, PersonalRoles, RolesChange, RolesChanged, RolesOfPerson, StoreError,
};

/// Apart from everything else, so that nothing waits for them.
#[derive(Debug, Default)]
pub(super) struct OfPeople(Mutex<HashMap<PersonKey, RolesOfPerson>>);

impl OfPeople {
    /// Removes what is over; how many records that were.
    pub(super) fn sweep(&self, now: UnixTime) -> usize {
        let mut people = self.all();
        let before = people.len();
        people.retain(|_, roles| !roles.is_over(now));
        before - people.len()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<PersonKey, RolesOfPerson>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl PersonalRoles for MemoryStore {
    async fn personal_roles(
        &self,
        person: &PersonKey,
        now: UnixTime,
    ) -> Result<Option<RolesOfPerson>, StoreError> {
        let roles = self.personal_roles.all().get(person).cloned();
        Ok(roles.filter(|roles| !roles.is_over(now)))
    }

    async fn change_personal_roles(
        &self,
        person: &PersonKey,
        change: &RolesChange,
        now: UnixTime,
    ) -> Result<RolesChanged, StoreError> {
        let mut all = self.personal_roles.all();
        let all = &mut *all;
        self.make_room(all, person, |roles| roles.is_over(now))?;
        let kept = all.get(person).filter(|roles| !roles.is_over(now));
        let kept = kept.cloned().unwrap_or_else(|| RolesOfPerson::none(now));
        let Some(roles) = kept.with(change, now) else {
            return Ok(RolesChanged::TooMany);
        };
        all.insert(*person, roles);
        Ok(RolesChanged::Kept)
    }

    async fn forget_personal_roles(&self, person: &PersonKey) -> Result<bool, StoreError> {
        Ok(self.personal_roles.all().remove(person).is_some())
    }
}
