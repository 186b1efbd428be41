//! People's own roles.

use async_trait::async_trait;

use super::expiring::{Expiring, Found, seal_record};
use super::{EmbeddedStore, NamedTable, PERSONAL_ROLES};
use crate::domain::UnixTime;
use crate::store::{
    PersonKey, PersonalRoles, RolesChange, RolesChanged, RolesOfPerson, StoreError,
};

impl Expiring for RolesOfPerson {
    const TABLE: NamedTable = PERSONAL_ROLES;
    const TABLE_NAME: &'static str = "personal_roles";

    fn is_over(&self, now: UnixTime) -> bool {
        self.is_over(now)
    }
}

#[async_trait]
impl PersonalRoles for EmbeddedStore {
    async fn personal_roles(
        &self,
        PersonKey(person): &PersonKey,
        now: UnixTime,
    ) -> Result<Option<RolesOfPerson>, StoreError> {
        let found = self.look::<RolesOfPerson>(person)?;
        if let Found::Damaged(damage) = &found {
            tracing::warn!(%damage, "a damaged record of a person's roles is passed over");
        }
        Ok(found.live(now))
    }

    /// What is damaged counts as nothing, and the change takes its place.
    async fn change_personal_roles(
        &self,
        PersonKey(person): &PersonKey,
        change: &RolesChange,
        now: UnixTime,
    ) -> Result<RolesChanged, StoreError> {
        let (seal, person, change) = (self.seal.clone(), *person, change.clone());
        let changed = self.writer.write(move |transaction| {
            let mut table = transaction.open_table(PERSONAL_ROLES)?;
            let found = Found::<RolesOfPerson>::in_table(&table, &seal, &person)?;
            let kept = found.live(now).unwrap_or_else(|| RolesOfPerson::none(now));
            let Some(roles) = kept.with(&change, now) else {
                return Ok(Ok(RolesChanged::TooMany));
            };
            Ok(match seal_record(&seal, &person, &roles) {
                Ok(stored) => {
                    table.insert(&person, stored.as_slice())?;
                    Ok(RolesChanged::Kept)
                }
                // The others of the transaction have no part in it.
                Err(error) => Err(error),
            })
        });
        changed.await?
    }

    async fn forget_personal_roles(
        &self,
        PersonKey(person): &PersonKey,
    ) -> Result<bool, StoreError> {
        let found = self.remove::<RolesOfPerson>(*person).await?;
        Ok(!matches!(found, Found::Nothing))
    }
}
