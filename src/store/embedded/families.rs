//! Families of refresh tokens: each act is one transaction.

use async_trait::async_trait;
use redb::{ReadTransaction, ReadableTable as _, WriteTransaction};
use tokio::sync::mpsc::Sender;

use super::expiring::{Expiring, Found, seal_record};
use super::{EmbeddedStore, FAMILY_ENDINGS, NamedTable, REFRESH_FAMILIES};
use crate::domain::UnixTime;
use crate::store::families::Presented;
use crate::store::sealed::StoreSeal;
use crate::store::{
    Begun, Ending, FamiliesOf, FamilyKey, RefreshFamilies, RefreshFamily, Rotated, Rotation,
    StoreError,
};

impl Expiring for RefreshFamily {
    const TABLE: NamedTable = REFRESH_FAMILIES;
    const TABLE_NAME: &'static str = "refresh_families";

    fn is_over(&self, now: UnixTime) -> bool {
        self.is_over(now)
    }
}

impl Expiring for Ending {
    const TABLE: NamedTable = FAMILY_ENDINGS;
    const TABLE_NAME: &'static str = "family_endings";

    fn is_over(&self, now: UnixTime) -> bool {
        self.is_past(now)
    }
}

/// An inner error is about sealing; an outer one about the file.
type Outcome<T> = Result<Result<T, StoreError>, redb::Error>;

#[async_trait]
impl RefreshFamilies for EmbeddedStore {
    async fn begin(&self, key: &FamilyKey, family: &RefreshFamily) -> Result<Begun, StoreError> {
        let stored = seal_record(&self.seal, &key.0, family)?;
        let (seal, key, family) = (self.seal.clone(), key.0, family.clone());
        self.writer
            .write(move |transaction| {
                if is_ended(transaction, &seal, &family)? {
                    return Ok(Begun::Ended);
                }
                let mut families = transaction.open_table(REFRESH_FAMILIES)?;
                families.insert(&key, stored.as_slice())?;
                Ok(Begun::Kept)
            })
            .await
    }

    async fn rotate(&self, key: &FamilyKey, rotation: &Rotation) -> Result<Rotated, StoreError> {
        if let Found::Nothing = self.look::<RefreshFamily>(&key.0)? {
            return Ok(Rotated::Unknown);
        }
        let (seal, key, rotation) = (self.seal.clone(), key.0, *rotation);
        self.writer
            .write(move |transaction| rotate(transaction, &seal, &key, &rotation))
            .await?
    }

    async fn end_family(&self, key: &FamilyKey) -> Result<bool, StoreError> {
        let found = self.remove::<RefreshFamily>(key.0).await?;
        Ok(matches!(found, Found::Record(_)))
    }

    async fn end_families(&self, of: &FamiliesOf, ending: Ending) -> Result<usize, StoreError> {
        let (seal, of) = (self.seal.clone(), of.clone());
        self.writer
            .write(move |transaction| {
                let ended = remove_all(transaction, &seal, &of, ending)?;
                Ok(remember(transaction, &seal, &of, ending)?.map(|()| ended))
            })
            .await?
    }

    async fn list(
        &self,
        now: UnixTime,
        into: Sender<(FamilyKey, RefreshFamily)>,
    ) -> Result<(), StoreError> {
        self.read_blocking(move |transaction, seal| send(transaction, seal, now, &into))
            .await
    }
}

/// What is damaged counts as none, and goes.
fn rotate(
    transaction: &WriteTransaction,
    seal: &StoreSeal,
    key: &[u8; 32],
    rotation: &Rotation,
) -> Outcome<Rotated> {
    let mut families = transaction.open_table(REFRESH_FAMILIES)?;
    let family = match Found::<RefreshFamily>::in_table(&families, seal, key)? {
        Found::Nothing => return Ok(Ok(Rotated::Unknown)),
        Found::Record(family) => family,
        Found::Damaged(damage) => {
            tracing::warn!(%damage, "removed a damaged family of refresh tokens");
            families.remove(key)?;
            return Ok(Ok(Rotated::Unknown));
        }
    };
    Ok(Ok(match family.presented(rotation) {
        Presented::Next(next) => match seal_record(seal, key, &next) {
            Ok(stored) => {
                families.insert(key, stored.as_slice())?;
                Rotated::Next(Box::new(next))
            }
            Err(error) => return Ok(Err(error)),
        },
        Presented::Replayed => {
            families.remove(key)?;
            Rotated::Replayed(Box::new(family))
        }
        Presented::Over => {
            families.remove(key)?;
            Rotated::Unknown
        }
    }))
}

/// A damaged ending was made when families were ended, and nobody knows which: it ends all of its kind.
fn is_ended(
    transaction: &WriteTransaction,
    seal: &StoreSeal,
    family: &RefreshFamily,
) -> Result<bool, redb::Error> {
    let endings = transaction.open_table(FAMILY_ENDINGS)?;
    for of in family.groups() {
        match Found::<Ending>::in_table(&endings, seal, &of.name())? {
            Found::Record(ending) if ending.ends(family) => return Ok(true),
            Found::Damaged(_) => return Ok(true),
            Found::Nothing | Found::Record(_) => {}
        }
    }
    Ok(false)
}

/// Takes them out, and whatever doesn't open; how many there were.
fn remove_all(
    transaction: &WriteTransaction,
    seal: &StoreSeal,
    of: &FamiliesOf,
    ending: Ending,
) -> Result<usize, redb::Error> {
    let mut families = transaction.open_table(REFRESH_FAMILIES)?;
    let mut ended = 0;
    families.retain(|key, stored| match Found::judge(seal, key, stored) {
        Found::Record(family) => {
            let ends = of.include(&family) && ending.ends(&family);
            ended += usize::from(ends);
            !ends
        }
        Found::Nothing | Found::Damaged(_) => false,
    })?;
    Ok(ended)
}

fn remember(
    transaction: &WriteTransaction,
    seal: &StoreSeal,
    of: &FamiliesOf,
    ending: Ending,
) -> Outcome<()> {
    let (name, mut endings) = (of.name(), transaction.open_table(FAMILY_ENDINGS)?);
    let both = match Found::<Ending>::in_table(&endings, seal, &name)? {
        Found::Record(kept) => kept.and(ending),
        Found::Nothing | Found::Damaged(_) => ending,
    };
    match seal_record(seal, &name, &both) {
        Ok(stored) => endings.insert(&name, stored.as_slice())?,
        Err(error) => return Ok(Err(error)),
    };
    Ok(Ok(()))
}

fn send(
    transaction: &ReadTransaction,
    seal: &StoreSeal,
    now: UnixTime,
    into: &Sender<(FamilyKey, RefreshFamily)>,
) -> Result<(), redb::Error> {
    for record in transaction.open_table(REFRESH_FAMILIES)?.iter()? {
        let (key, stored) = record?;
        let key = *key.value();
        let found = Found::<RefreshFamily>::judge(seal, &key, stored.value());
        let family = found.live(now).map(|family| (FamilyKey(key), family));
        if family.is_some_and(|family| into.blocking_send(family).is_err()) {
            break;
        }
    }
    Ok(())
}
