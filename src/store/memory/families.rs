//! Families of refresh tokens, in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::mpsc::Sender;

use super::MemoryStore;
use crate::domain::UnixTime;
use crate::store::families::Presented;
use crate::store::{
    Begun, Ending, FamiliesOf, FamilyKey, RefreshFamilies, RefreshFamily, Rotated, Rotation,
    StoreError,
};

/// Apart from everything else, so that no session waits for them.
#[derive(Debug, Default)]
pub(super) struct Families(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    families: HashMap<FamilyKey, RefreshFamily>,
    endings: HashMap<[u8; 32], Ending>,
}

impl Families {
    /// Removes what is over; how many records that were.
    pub(super) fn sweep(&self, now: UnixTime) -> usize {
        let mut kept = self.all();
        let before = kept.families.len() + kept.endings.len();
        kept.families.retain(|_, family| !family.is_over(now));
        kept.endings.retain(|_, ending| !ending.is_past(now));
        before - kept.families.len() - kept.endings.len()
    }

    fn all(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn is_ended(&self, family: &RefreshFamily) -> bool {
        let endings = &self.endings;
        let ended = |of: &FamiliesOf| {
            let ending = endings.get(&of.name());
            ending.is_some_and(|ending| ending.ends(family))
        };
        family.groups().iter().any(ended)
    }
}

#[async_trait]
impl RefreshFamilies for MemoryStore {
    async fn begin(&self, key: &FamilyKey, family: &RefreshFamily) -> Result<Begun, StoreError> {
        let mut kept = self.families.all();
        if kept.is_ended(family) {
            return Ok(Begun::Ended);
        }
        let families = &mut kept.families;
        self.make_room(families, key, |kept| kept.is_over(family.begun_at))?;
        families.insert(*key, family.clone());
        Ok(Begun::Kept)
    }

    async fn rotate(&self, key: &FamilyKey, rotation: &Rotation) -> Result<Rotated, StoreError> {
        let families = &mut self.families.all().families;
        let Some(family) = families.get_mut(key) else {
            return Ok(Rotated::Unknown);
        };
        Ok(match family.presented(rotation) {
            Presented::Next(next) => {
                *family = next.clone();
                Rotated::Next(Box::new(next))
            }
            Presented::Replayed => {
                let family = families.remove(key).map(Box::new);
                family.map_or(Rotated::Unknown, Rotated::Replayed)
            }
            Presented::Over => {
                families.remove(key);
                Rotated::Unknown
            }
        })
    }

    async fn end_family(&self, key: &FamilyKey) -> Result<bool, StoreError> {
        Ok(self.families.all().families.remove(key).is_some())
    }

    /// The families are gone even where there is no room to remember the ending.
    async fn end_families(&self, of: &FamiliesOf, ending: Ending) -> Result<usize, StoreError> {
        let mut kept = self.families.all();
        let before = kept.families.len();
        kept.families
            .retain(|_, family| !(of.include(family) && ending.ends(family)));
        let ended = before - kept.families.len();
        let (endings, name) = (&mut kept.endings, of.name());
        self.make_room(endings, &name, |kept| kept.is_past(ending.at))?;
        let both = endings.get(&name).map_or(ending, |kept| kept.and(ending));
        endings.insert(name, both);
        Ok(ended)
    }

    async fn list(
        &self,
        now: UnixTime,
        into: Sender<(FamilyKey, RefreshFamily)>,
    ) -> Result<(), StoreError> {
        let families: Vec<_> = {
            let kept = self.families.all();
            let alive = kept.families.iter().filter(|(_, it)| !it.is_over(now));
            alive.map(|(key, family)| (*key, family.clone())).collect()
        };
        for family in families {
            if into.send(family).await.is_err() {
                break;
            }
        }
        Ok(())
    }
}
