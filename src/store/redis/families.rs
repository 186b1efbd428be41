//! Families of refresh tokens, and what ended several of them.
//!
//! ```text
//! begin         the family ─> ended? ─ yes ─> the family away again
//! rotate        the family ─> ended? ─ no ─> the next in place of what was read, if that is there still
//! end_families  the ending ─> looks through all families ─> those away
//! ```
//! Families and endings are under different tags in a Cluster. A `begin` or `rotate` that looks for endings
//! before one is written has its family there before it, so the look through all finds it; one that looks
//! after it finds the ending. What a node leaves that dies in between is refused when it is next used.

use async_trait::async_trait;
use redis::{Value, cmd};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::calls::Call;
use super::directory::{script, value};
use super::failure::Failure;
use super::keys::named;
use super::one_time::{ATTEMPTS, Replaced, milliseconds};
use super::{RedisStore, scripts};
use crate::causes::with_causes;
use crate::domain::UnixTime;
use crate::store::families::Presented;
use crate::store::sealed::Damage;
use crate::store::{
    Begun, Ending, FamiliesOf, FamilyKey, RefreshFamilies, RefreshFamily, Rotated, Rotation,
    StoreError,
};

const FAMILIES: &str = "refresh_families";
const ENDINGS: &str = "family_endings";

/// What names of families' keys look like after the prefix.
const FAMILY_FORM: &str = "family:*";
/// Families that wait for whoever ends them.
const WAITING: usize = 256;

/// A family and the bytes that it is kept as.
struct Kept {
    stored: Vec<u8>,
    family: RefreshFamily,
}

#[async_trait]
impl RefreshFamilies for RedisStore {
    async fn begin(&self, key: &FamilyKey, family: &RefreshFamily) -> Result<Begun, StoreError> {
        let family_key = self.keys.family(key);
        let mut keep = cmd("SET");
        keep.arg(&family_key)
            .arg(self.sealed(FAMILIES, &key.0, family)?)
            .arg("PX")
            .arg(milliseconds(family.left(family.begun_at)));
        self.fast.ask(&keep).await?;
        if self.is_ended(family).await? {
            self.remove_family(&family_key).await?;
            return Ok(Begun::Ended);
        }
        Ok(Begun::Kept)
    }

    async fn rotate(&self, key: &FamilyKey, rotation: &Rotation) -> Result<Rotated, StoreError> {
        let family_key = self.keys.family(key);
        let mut replayed = None;
        for _ in 0..ATTEMPTS {
            let Some(Kept { stored, family }) = self.kept_family(key).await? else {
                // Whoever else ended it meanwhile, this one would have.
                return Ok(replayed.map_or(Rotated::Unknown, Rotated::Replayed));
            };
            if self.is_ended(&family).await? {
                self.remove_family(&family_key).await?;
                return Ok(Rotated::Unknown);
            }
            match family.presented(rotation) {
                Presented::Over => return Ok(Rotated::Unknown),
                Presented::Replayed => {
                    replayed = Some(Box::new(family));
                    self.remove_if(&family_key, &stored).await?;
                }
                Presented::Next(next) => {
                    if self
                        .replace_family(key, &stored, &next, rotation.now)
                        .await?
                    {
                        return Ok(Rotated::Next(Box::new(next)));
                    }
                }
            }
        }
        Err(Failure::Contended.into())
    }

    async fn end_family(&self, key: &FamilyKey) -> Result<bool, StoreError> {
        if self.kept_family(key).await?.is_none() {
            return Ok(false);
        }
        Ok(self.remove_family(&self.keys.family(key)).await?)
    }

    async fn end_families(&self, of: &FamiliesOf, ending: Ending) -> Result<usize, StoreError> {
        self.remember_ending(of, ending).await?;
        let (sender, families) = channel(WAITING);
        let (ended, listed) = tokio::join!(
            self.remove_ended(families, (of, ending)),
            self.list(UnixTime::from_seconds(i64::MIN), sender),
        );
        listed?;
        ended
    }

    async fn list(
        &self,
        now: UnixTime,
        into: Sender<(FamilyKey, RefreshFamily)>,
    ) -> Result<(), StoreError> {
        for server in self.fast.servers().await? {
            let mut cursor = None;
            loop {
                let (next, keys) = self.scan(&server, FAMILY_FORM, cursor).await?;
                let is_wanted = self.send_families(&keys, now, &into).await?;
                cursor = next.filter(|_| is_wanted);
                if cursor.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }
}

impl RedisStore {
    /// Whether somebody still listens.
    async fn send_families(
        &self,
        keys: &[String],
        now: UnixTime,
        into: &Sender<(FamilyKey, RefreshFamily)>,
    ) -> Result<bool, StoreError> {
        for key in keys.iter().filter_map(|key| named(key)).map(FamilyKey) {
            let kept = self.kept_family(&key).await?;
            let family = kept.filter(|kept| !kept.family.is_over(now));
            let Some(Kept { family, .. }) = family else {
                continue;
            };
            if into.send((key, family)).await.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes those away that the ending ends; how many.
    async fn remove_ended(
        &self,
        mut families: Receiver<(FamilyKey, RefreshFamily)>,
        (of, ending): (&FamiliesOf, Ending),
    ) -> Result<usize, StoreError> {
        let mut ended = 0;
        while let Some((key, family)) = families.recv().await {
            let is_ended = of.include(&family) && ending.ends(&family);
            if is_ended && self.remove_family(&self.keys.family(&key)).await? {
                ended += 1;
            }
        }
        Ok(ended)
    }

    /// Whether the next one took the place of what was read. Nothing is written where that is gone, so that
    /// none comes back that was ended.
    async fn replace_family(
        &self,
        key: &FamilyKey,
        stored: &[u8],
        next: &RefreshFamily,
        now: UnixTime,
    ) -> Result<bool, StoreError> {
        let family_key = self.keys.family(key);
        let mut command = script(scripts::REPLACE, &[&family_key]);
        command
            .arg(stored)
            .arg(self.sealed(FAMILIES, &key.0, next)?)
            .arg(milliseconds(next.left(now)));
        let key = family_key;
        let replaced = self.durable.write(Call { key, command }).await?;
        Ok(matches!(Replaced::of(replaced)?, Replaced::Done))
    }

    /// Takes the family away if it is what was read.
    async fn remove_if(&self, family_key: &str, stored: &[u8]) -> Result<(), Failure> {
        let mut command = script(scripts::REMOVE, &[family_key]);
        command.arg(stored);
        let key = family_key.to_owned();
        self.durable.write(Call { key, command }).await?;
        Ok(())
    }

    /// Takes the family away, whatever it is by now; whether one was there.
    async fn remove_family(&self, family_key: &str) -> Result<bool, Failure> {
        let mut command = cmd("DEL");
        command.arg(family_key);
        let key = family_key.to_owned();
        Ok(self.durable.write(Call { key, command }).await? == Value::Int(1))
    }

    /// A damaged ending was made when families were ended, and nobody knows which: it ends all of its kind.
    async fn is_ended(&self, family: &RefreshFamily) -> Result<bool, Failure> {
        let groups = family.groups();
        let read = |of: &FamiliesOf| {
            let key = self.keys.families_ended(&of.name());
            let mut command = cmd("GET");
            command.arg(&key);
            Call { key, command }
        };
        let reads: Vec<Call> = groups.iter().map(read).collect();
        let found = self.fast.in_order(reads).await?;
        for (of, found) in groups.iter().zip(found) {
            let found: Option<Vec<u8>> = value(found)?;
            let ends = |found: Vec<u8>| match self.opened_ending(of, &found) {
                Ok(ending) => ending.ends(family),
                Err(damage) => {
                    tracing::warn!(%damage, "a damaged ending ends every family of its kind");
                    true
                }
            };
            if found.is_some_and(ends) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Remembers the ending with those before it, for as long as a family may live.
    async fn remember_ending(&self, of: &FamiliesOf, ending: Ending) -> Result<(), StoreError> {
        let key = self.keys.families_ended(&of.name());
        let (mut expected, mut both) = (Vec::new(), ending);
        for _ in 0..ATTEMPTS {
            let mut command = script(scripts::REPLACE, &[&key]);
            command
                .arg(&expected)
                .arg(self.sealed(ENDINGS, &of.name(), &both)?)
                .arg(milliseconds(RefreshFamily::MAX_SECONDS));
            let key = key.clone();
            match Replaced::of(self.durable.write(Call { key, command }).await?)? {
                Replaced::Done => return Ok(()),
                Replaced::Not(None) => (expected, both) = (Vec::new(), ending),
                Replaced::Not(Some(found)) => {
                    let kept = self.opened_ending(of, &found);
                    both = kept.map_or(ending, |kept| kept.and(ending));
                    expected = found;
                }
            }
        }
        Err(Failure::Contended.into())
    }

    /// The family; one that is damaged counts as none and is taken away.
    async fn kept_family(&self, key: &FamilyKey) -> Result<Option<Kept>, StoreError> {
        let family_key = self.keys.family(key);
        let mut read = cmd("GET");
        read.arg(&family_key);
        let found: Option<Vec<u8>> = value(self.fast.ask(&read).await?)?;
        let Some(stored) = found else {
            return Ok(None);
        };
        match self.opened(FAMILIES, &key.0, &stored) {
            Ok(family) => Ok(Some(Kept { stored, family })),
            Err(damage) => {
                tracing::warn!(table = FAMILIES, %damage, "removed a damaged record");
                if let Err(error) = self.remove_if(&family_key, &stored).await {
                    tracing::warn!(
                        error = with_causes(&error),
                        "a damaged record could not be removed"
                    );
                }
                Ok(None)
            }
        }
    }

    fn opened_ending(&self, of: &FamiliesOf, stored: &[u8]) -> Result<Ending, Damage> {
        self.opened(ENDINGS, &of.name(), stored)
    }
}
