//! The store of a node that keeps nothing: everything is gone when the process ends.
//!
//! Its records never leave the process, so they are not sealed. It is bounded: where a kind of
//! record is at its most, what has expired goes first, and then a new one is refused.

mod decisions;
mod families;
mod key_uses;
mod personal_roles;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde::Serialize;
use tokio::sync::mpsc::Sender;

use super::sealed::{serialised, unavailable};
use super::{
    Appended, BrowserSession, Created, DirectoryLog, Generation, Kind, LogEntry, Logout,
    MAX_CHANGE_BYTES, MAX_CHECKPOINT_BYTES, MAX_RECORD_BYTES, OneTimeUse, PersonKey, Position,
    Redeemed, SessionKey, SessionPlace, Sessions, ShortLived, Stock, StoreError, TakenRole,
    TooLarge,
};
use crate::domain::UnixTime;

/// A store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    capacity: usize,
    /// Held for single steps only and never across an await.
    state: Mutex<State>,
    decisions: decisions::Pages,
    families: families::Families,
    key_uses: key_uses::Uses,
    personal_roles: personal_roles::OfPeople,
}

#[derive(Debug, Default)]
struct State {
    log: Vec<LogEntry>,
    /// Of the last entry.
    head: Option<Position>,
    checkpoint: Option<LogEntry>,
    sessions: HashMap<SessionPlace, (SessionKey, BrowserSession)>,
    logouts: HashMap<PersonKey, Logout>,
    one_time_marks: HashMap<[u8; 32], UnixTime>,
}

/// A kind of record is at its most, and none of it has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store in memory is full: it keeps {0} records of a kind")]
pub struct Full(pub usize);

impl MemoryStore {
    /// How many records of each kind are kept unless said otherwise.
    pub const CAPACITY: usize = 100_000;

    /// An empty store that keeps at most `capacity` records of each kind.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            capacity,
            state: Mutex::default(),
            decisions: decisions::Pages::default(),
            families: families::Families::default(),
            key_uses: key_uses::Uses::default(),
            personal_roles: personal_roles::OfPeople::default(),
        }
    }

    /// Removes what has expired by `now` and says how many records that were.
    pub fn sweep(&self, now: UnixTime) -> usize {
        let mut state = self.state();
        let before = state.expiring();
        state
            .sessions
            .retain(|_, (_, session)| !session.is_over(now));
        state.logouts.retain(|_, logout| logout.keep_until >= now);
        state.one_time_marks.retain(|_, kept| *kept >= now);
        let apart = [
            self.families.sweep(now),
            self.key_uses.sweep(now),
            self.personal_roles.sweep(now),
        ];
        before - state.expiring() + apart.iter().sum::<usize>()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room for `key`, dropping what `is_over` where there is none.
    fn make_room<K: Eq + Hash, V>(
        &self,
        records: &mut HashMap<K, V>,
        key: &K,
        is_over: impl Fn(&V) -> bool,
    ) -> Result<(), StoreError> {
        let has_room =
            |records: &HashMap<K, V>| records.len() < self.capacity || records.contains_key(key);
        if !has_room(records) {
            records.retain(|_, record| !is_over(record));
        }
        if has_room(records) {
            Ok(())
        } else {
            Err(unavailable(Full(self.capacity)))
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::with_capacity(Self::CAPACITY)
    }
}

impl State {
    fn session(&self, key: &SessionKey) -> Option<&BrowserSession> {
        let (kept, session) = self.sessions.get(&key.place())?;
        (kept == key).then_some(session)
    }

    fn head(&self) -> Position {
        self.head.unwrap_or(Position::START)
    }

    fn expiring(&self) -> usize {
        self.sessions.len() + self.logouts.len() + self.one_time_marks.len()
    }
}

#[async_trait]
impl DirectoryLog for MemoryStore {
    async fn head(&self) -> Result<Position, StoreError> {
        Ok(self.state().head())
    }

    async fn append(&self, base: Position, change: &[u8]) -> Result<Appended, StoreError> {
        TooLarge::check(change.len(), MAX_CHANGE_BYTES).map_err(unavailable)?;
        let mut state = self.state();
        let head = state.head();
        if head != base {
            return Ok(Appended::Conflict { head });
        }
        if state.log.len() >= self.capacity {
            return Err(unavailable(Full(self.capacity)));
        }
        let entry = LogEntry {
            generation: head.generation + 1,
            change: change.to_vec(),
        };
        let written = entry.position();
        state.log.push(entry);
        state.head = Some(written);
        Ok(Appended::Written(written))
    }

    async fn read_after(
        &self,
        after: Generation,
        limit: usize,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let state = self.state();
        let skipped = usize::try_from(after).unwrap_or(usize::MAX);
        Ok(state
            .log
            .iter()
            .skip(skipped)
            .take(limit)
            .cloned()
            .collect())
    }

    async fn save_checkpoint(
        &self,
        generation: Generation,
        directory: &[u8],
    ) -> Result<(), StoreError> {
        TooLarge::check(directory.len(), MAX_CHECKPOINT_BYTES).map_err(unavailable)?;
        let mut state = self.state();
        let newest = state.checkpoint.as_ref().map_or(0, |kept| kept.generation);
        if generation >= newest {
            state.checkpoint = Some(LogEntry {
                generation,
                change: directory.to_vec(),
            });
        }
        Ok(())
    }

    async fn checkpoint(&self) -> Result<Option<LogEntry>, StoreError> {
        Ok(self.state().checkpoint.clone())
    }
}

#[async_trait]
impl Sessions for MemoryStore {
    async fn create(
        &self,
        key: &SessionKey,
        session: &BrowserSession,
    ) -> Result<Created, StoreError> {
        key.check_is_of(&session.person).map_err(unavailable)?;
        check_size(session)?;
        let now = session.created_at;
        let mut state = self.state();
        let logout = state.logouts.get(&session.person);
        if logout.is_some_and(|logout| logout.ends(session)) {
            return Ok(Created::LoggedOut);
        }
        let (sessions, place) = (&mut state.sessions, key.place());
        if let Some((other, kept)) = sessions.get(&place)
            && other != key
            && !kept.is_over(now)
        {
            return Ok(Created::Taken(*other));
        }
        self.make_room(sessions, &place, |(_, kept)| kept.is_over(now))?;
        sessions.insert(place, (*key, session.clone()));
        Ok(Created::Kept)
    }

    async fn find(
        &self,
        key: &SessionKey,
        now: UnixTime,
    ) -> Result<Option<BrowserSession>, StoreError> {
        let state = self.state();
        let session = state.session(key);
        Ok(session.filter(|session| !session.is_over(now)).cloned())
    }

    async fn touch(&self, key: &SessionKey, now: UnixTime) -> Result<(), StoreError> {
        if let Some((kept, session)) = self.state().sessions.get_mut(&key.place())
            && kept == key
            && !session.is_over(now)
        {
            session.last_seen = session.last_seen.max(now);
        }
        Ok(())
    }

    async fn note_taken(&self, key: &SessionKey, taken: &TakenRole) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some((kept, session)) = state.sessions.get_mut(&key.place()) else {
            return Ok(false);
        };
        if kept != key || session.is_over(taken.at) {
            return Ok(false);
        }
        session.details.note(taken);
        Ok(true)
    }

    async fn sessions_of(
        &self,
        person: &PersonKey,
        now: UnixTime,
    ) -> Result<Vec<(SessionKey, BrowserSession)>, StoreError> {
        let state = self.state();
        let own = state.sessions.values();
        let own = own.filter(|(_, session)| session.person == *person && !session.is_over(now));
        Ok(own.cloned().collect())
    }

    async fn end(&self, key: &SessionKey) -> Result<Option<BrowserSession>, StoreError> {
        let mut state = self.state();
        if state.session(key).is_none() {
            return Ok(None);
        }
        let ended = state.sessions.remove(&key.place());
        Ok(ended.map(|(_, session)| session))
    }

    /// The sessions are gone even where there is no room to remember the logout.
    async fn end_all(
        &self,
        person: &PersonKey,
        logout: Logout,
    ) -> Result<Vec<BrowserSession>, StoreError> {
        let mut state = self.state();
        let is_theirs = |_: &SessionPlace, (_, session): &mut (SessionKey, BrowserSession)| {
            session.person == *person
        };
        let ended = state.sessions.extract_if(is_theirs);
        let ended = ended.map(|(_, (_, session))| session).collect();
        let logouts = &mut state.logouts;
        self.make_room(logouts, person, |kept| kept.keep_until < logout.at)?;
        let kept = logouts.get(person).copied();
        logouts.insert(*person, kept.map_or(logout, |kept| kept.and(logout)));
        Ok(ended)
    }
}

#[async_trait]
impl OneTimeUse for MemoryStore {
    async fn redeem(
        &self,
        what: &[u8; 32],
        keep_until: UnixTime,
        now: UnixTime,
    ) -> Result<Redeemed, StoreError> {
        let marks = &mut self.state().one_time_marks;
        let kept = marks.get(what).filter(|kept| **kept >= now).copied();
        self.make_room(marks, what, |kept| *kept < now)?;
        marks.insert(*what, keep_until.max(kept.unwrap_or(now)));
        Ok(kept.map_or(Redeemed::First, |_| Redeemed::Again))
    }

    async fn is_redeemed(&self, what: &[u8; 32], now: UnixTime) -> Result<bool, StoreError> {
        let state = self.state();
        Ok(state
            .one_time_marks
            .get(what)
            .is_some_and(|kept| *kept >= now))
    }
}

fn check_size<T: Serialize>(record: &T) -> Result<(), StoreError> {
    TooLarge::check(serialised(record)?.len(), MAX_RECORD_BYTES).map_err(unavailable)
}

#[async_trait]
impl Stock for MemoryStore {
    async fn take_stock(
        &self,
        kind: Kind,
        now: UnixTime,
        into: Sender<ShortLived>,
    ) -> Result<(), StoreError> {
        let records = self.state().short_lived(kind, now);
        for record in records {
            if into.send(record).await.is_err() {
                break;
            }
        }
        Ok(())
    }
}

impl State {
    fn short_lived(&self, kind: Kind, now: UnixTime) -> Vec<ShortLived> {
        let marks = self.one_time_marks.iter();
        let marks = marks.filter(|(_, until)| **until >= now);
        let logouts = self.logouts.iter();
        let logouts = logouts.filter(|(_, logout)| logout.keep_until >= now);
        let sessions = self.sessions.values();
        let sessions = sessions.filter(|(_, session)| !session.is_over(now));
        match kind {
            Kind::Mark => marks
                .map(|(what, until)| ShortLived::Mark(*what, *until))
                .collect(),
            Kind::Logout => logouts
                .map(|(person, logout)| ShortLived::Logout(*person, *logout))
                .collect(),
            Kind::Session => sessions
                .map(|(key, it)| ShortLived::Session(*key, Box::new(it.clone())))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);

    fn is_full<T>(outcome: Result<T, StoreError>) -> bool {
        matches!(outcome, Err(StoreError::Unavailable(cause)) if cause.is::<Full>())
    }

    #[tokio::test]
    async fn a_full_store_refuses_and_never_forgets() {
        let store = MemoryStore::with_capacity(2);
        for byte in 1..=2 {
            store.redeem(&[byte; 32], NOW.plus(60), NOW).await.unwrap();
        }
        assert!(is_full(store.redeem(&[3; 32], NOW.plus(60), NOW).await));
        for byte in 1..=2 {
            let outcome = store.redeem(&[byte; 32], NOW.plus(60), NOW).await;
            assert_eq!(outcome.unwrap(), Redeemed::Again);
        }
    }

    #[tokio::test]
    async fn what_has_expired_makes_room() {
        let store = MemoryStore::with_capacity(1);
        store.redeem(&[1; 32], NOW.plus(60), NOW).await.unwrap();
        let later = NOW.plus(61);
        let outcome = store.redeem(&[2; 32], later.plus(60), later).await;
        assert_eq!(outcome.unwrap(), Redeemed::First);
    }

    #[tokio::test]
    async fn a_full_log_refuses() {
        let store = MemoryStore::with_capacity(1);
        store.append(Position::START, b"a").await.unwrap();
        let head = store.head().await.unwrap();
        assert!(is_full(store.append(head, b"b").await));
        assert_eq!(store.head().await.unwrap(), head);
    }

    #[tokio::test]
    async fn a_sweep_removes_what_has_expired() {
        let store = MemoryStore::default();
        store.redeem(&[1; 32], NOW.plus(60), NOW).await.unwrap();
        store.redeem(&[2; 32], NOW.plus(61), NOW).await.unwrap();
        assert_eq!(store.sweep(NOW.plus(61)), 1);
        assert_eq!(store.sweep(NOW.plus(61)), 0);
    }
}
