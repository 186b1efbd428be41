//! Sessions, and who has which.
//!
//! ```text
//! create   logged out? ─ no ─> place taken? ─ no ─> sessions, sessions_of_people     one transaction
//! end_all  sessions_of_people ─> sessions; logouts              one transaction
//! ```
//! An entry of `sessions_of_people` may outlive its session; a sweep takes it away then.

use async_trait::async_trait;
use redb::{ReadableTable as _, WriteTransaction};

use super::expiring::{Expiring, Found, seal_record};
use super::{EmbeddedStore, LOGOUTS, NamedTable, SESSIONS, SESSIONS_OF_PEOPLE};
use crate::domain::UnixTime;
use crate::store::sealed::{StoreSeal, unavailable};
use crate::store::{
    BrowserSession, Created, Logout, PersonKey, SessionKey, Sessions, StoreError, TakenRole,
};

impl Expiring for BrowserSession {
    const TABLE: NamedTable = SESSIONS;
    const TABLE_NAME: &'static str = "sessions";

    fn is_over(&self, now: UnixTime) -> bool {
        self.is_over(now)
    }
}

impl Expiring for Logout {
    const TABLE: NamedTable = LOGOUTS;
    const TABLE_NAME: &'static str = "logouts";

    fn is_over(&self, now: UnixTime) -> bool {
        now > self.keep_until
    }
}

#[async_trait]
impl Sessions for EmbeddedStore {
    async fn create(
        &self,
        key: &SessionKey,
        session: &BrowserSession,
    ) -> Result<Created, StoreError> {
        key.check_is_of(&session.person).map_err(unavailable)?;
        let stored = seal_record(&self.seal, &key.0, session)?;
        let (seal, key, session) = (self.seal.clone(), *key, session.clone());
        self.writer
            .write(move |transaction| {
                if is_logged_out(transaction, &seal, &session)? {
                    return Ok(Created::LoggedOut);
                }
                if let Some(taken) = make_room(transaction, &seal, &key, &session)? {
                    return Ok(Created::Taken(taken));
                }
                let mut sessions = transaction.open_table(SESSIONS)?;
                sessions.insert(&key.0, stored.as_slice())?;
                let mut of_people = transaction.open_table(SESSIONS_OF_PEOPLE)?;
                of_people.insert(&entry(&session.person, &key.0), ())?;
                Ok(Created::Kept)
            })
            .await
    }

    async fn find(
        &self,
        key: &SessionKey,
        now: UnixTime,
    ) -> Result<Option<BrowserSession>, StoreError> {
        let found = self.look::<BrowserSession>(&key.0)?;
        if let Found::Damaged(_) = found {
            self.remove_damaged::<BrowserSession>(key.0).await;
        }
        Ok(found.live(now))
    }

    async fn touch(&self, key: &SessionKey, now: UnixTime) -> Result<(), StoreError> {
        if self.find(key, now).await?.is_none() {
            return Ok(());
        }
        let (seal, key) = (self.seal.clone(), key.0);
        self.writer
            .write(move |transaction| {
                let mut table = transaction.open_table(SESSIONS)?;
                let found = Found::<BrowserSession>::in_table(&table, &seal, &key)?;
                let Some(mut session) = found.live(now) else {
                    return Ok(Ok(()));
                };
                session.last_seen = session.last_seen.max(now);
                match seal_record(&seal, &key, &session) {
                    Ok(stored) => table.insert(&key, stored.as_slice())?,
                    Err(error) => return Ok(Err(error)),
                };
                Ok(Ok(()))
            })
            .await?
    }

    async fn note_taken(&self, key: &SessionKey, taken: &TakenRole) -> Result<bool, StoreError> {
        let (seal, key, taken) = (self.seal.clone(), key.0, taken.clone());
        self.writer
            .write(move |transaction| {
                let mut table = transaction.open_table(SESSIONS)?;
                let found = Found::<BrowserSession>::in_table(&table, &seal, &key)?;
                let Some(mut session) = found.live(taken.at) else {
                    return Ok(Ok(false));
                };
                session.details.note(&taken);
                match seal_record(&seal, &key, &session) {
                    Ok(stored) => table.insert(&key, stored.as_slice())?,
                    Err(error) => return Ok(Err(error)),
                };
                Ok(Ok(true))
            })
            .await?
    }

    async fn sessions_of(
        &self,
        person: &PersonKey,
        now: UnixTime,
    ) -> Result<Vec<(SessionKey, BrowserSession)>, StoreError> {
        self.read(|transaction| {
            let of_people = transaction.open_table(SESSIONS_OF_PEOPLE)?;
            let sessions = transaction.open_table(SESSIONS)?;
            let (first, last) = (entry(person, &[0; 32]), entry(person, &[0xff; 32]));
            let mut found = Vec::new();
            for own in of_people.range::<&[u8; 64]>(&first..=&last)? {
                let key = session_of(own?.0.value());
                let session = Found::<BrowserSession>::in_table(&sessions, &self.seal, &key)?;
                found.extend(session.live(now).map(|session| (SessionKey(key), session)));
            }
            Ok(found)
        })
    }

    async fn end(&self, key: &SessionKey) -> Result<Option<BrowserSession>, StoreError> {
        match self.remove::<BrowserSession>(key.0).await? {
            Found::Record(session) => Ok(Some(session)),
            Found::Nothing | Found::Damaged(_) => Ok(None),
        }
    }

    async fn end_all(
        &self,
        person: &PersonKey,
        logout: Logout,
    ) -> Result<Vec<BrowserSession>, StoreError> {
        let (seal, person) = (self.seal.clone(), *person);
        self.writer
            .write(move |transaction| {
                let ended = end_sessions(transaction, &seal, &person)?;
                Ok(remember(transaction, &seal, &person, logout)?.map(|()| ended))
            })
            .await?
    }
}

/// The place of a session among those of a person.
fn entry(person: &PersonKey, session: &[u8; 32]) -> [u8; 64] {
    let mut entry = [0; 64];
    let (first, second) = entry.split_at_mut(32);
    first.copy_from_slice(&person.0);
    second.copy_from_slice(session);
    entry
}

/// The session that an entry is of.
pub(super) fn session_of(entry: &[u8; 64]) -> [u8; 32] {
    entry.last_chunk().copied().unwrap_or_default()
}

/// A damaged logout was made when somebody signed out, and nobody knows which proofs it ends: it ends
/// all, until a sweep removes it.
fn is_logged_out(
    transaction: &WriteTransaction,
    seal: &StoreSeal,
    session: &BrowserSession,
) -> Result<bool, redb::Error> {
    let logouts = transaction.open_table(LOGOUTS)?;
    Ok(
        match Found::<Logout>::in_table(&logouts, seal, &session.person.0)? {
            Found::Nothing => false,
            Found::Record(logout) => logout.ends(session),
            Found::Damaged(_) => true,
        },
    )
}

/// Another session that has the place of this one, and is not over when this one is made. What is over
/// there, or damaged, is taken away.
fn make_room(
    transaction: &WriteTransaction,
    seal: &StoreSeal,
    key: &SessionKey,
    session: &BrowserSession,
) -> Result<Option<SessionKey>, redb::Error> {
    let mut of_people = transaction.open_table(SESSIONS_OF_PEOPLE)?;
    let mut sessions = transaction.open_table(SESSIONS)?;
    let [first, last] = [[0; 16], [0xff; 16]]
        .map(|proof| entry(&session.person, &SessionKey::new(key.place(), proof).0));
    let mut over = Vec::new();
    for own in of_people.range::<&[u8; 64]>(&first..=&last)? {
        let (own, _) = own?;
        let other = session_of(own.value());
        if other == key.0 {
            continue;
        }
        let found = Found::<BrowserSession>::in_table(&sessions, seal, &other)?;
        if found.live(session.created_at).is_some() {
            return Ok(Some(SessionKey(other)));
        }
        over.push(*own.value());
    }
    for own in over {
        of_people.remove(&own)?;
        sessions.remove(&session_of(&own))?;
    }
    Ok(None)
}

/// Ends the sessions of a person; those that there were.
fn end_sessions(
    transaction: &WriteTransaction,
    seal: &StoreSeal,
    person: &PersonKey,
) -> Result<Vec<BrowserSession>, redb::Error> {
    let mut of_people = transaction.open_table(SESSIONS_OF_PEOPLE)?;
    let mut sessions = transaction.open_table(SESSIONS)?;
    let (first, last) = (entry(person, &[0; 32]), entry(person, &[0xff; 32]));
    let mut ended = Vec::new();
    for own in of_people.extract_from_if::<&[u8; 64], _>(&first..=&last, |_, ()| true)? {
        let key = session_of(own?.0.value());
        let Some(stored) = sessions.remove(&key)? else {
            continue;
        };
        if let Found::Record(session) = Found::judge(seal, &key, stored.value()) {
            ended.push(session);
        }
    }
    Ok(ended)
}

/// Remembers a logout; the inner error is one of sealing it.
fn remember(
    transaction: &WriteTransaction,
    seal: &StoreSeal,
    person: &PersonKey,
    logout: Logout,
) -> Result<Result<(), StoreError>, redb::Error> {
    let mut logouts = transaction.open_table(LOGOUTS)?;
    let both = match Found::<Logout>::in_table(&logouts, seal, &person.0)? {
        Found::Record(kept) => kept.and(logout),
        Found::Nothing | Found::Damaged(_) => logout,
    };
    match seal_record(seal, &person.0, &both) {
        Ok(stored) => logouts.insert(&person.0, stored.as_slice())?,
        Err(error) => return Ok(Err(error)),
    };
    Ok(Ok(()))
}
