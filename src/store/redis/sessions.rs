//! Sessions, each in one of its person's places.
//!
//! ```text
//! create   the session, where its place is free ─> logged out? ─ yes ─> the session away again
//! end_all  in one step: the logout, and all of the person's places away
//! ```
//! A `create` that looks before the logout has kept the session before it, so it is taken away; one that
//! looks after it finds the logout. All that is a person's is under one tag, so a Cluster does it, too.
//!
//! A value begins with the proof that opens the session: who has another one is told that there is none,
//! and takes nothing away.

use async_trait::async_trait;
use redis::{Cmd, Value, cmd};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::calls::Call;
use super::directory::{script, value};
use super::failure::Failure;
use super::one_time::{ATTEMPTS, Replaced, milliseconds};
use super::{RedisStore, scripts};
use crate::causes::with_causes;
use crate::domain::UnixTime;
use crate::store::sealed::{Damage, RecordName, unavailable};
use crate::store::{
    BrowserSession, Created, Logout, MAX_RECORD_BYTES, PersonKey, SessionKey, SessionPlace,
    SessionProof, Sessions, StoreError, TakenRole,
};

pub(super) const SESSIONS: &str = "sessions";
pub(super) const LOGOUTS: &str = "logouts";

/// The proof before each sealed session.
const PROOF_BYTES: usize = size_of::<SessionProof>();

/// A session and the bytes that it is kept as.
struct Kept {
    stored: Vec<u8>,
    session: BrowserSession,
}

#[async_trait]
impl Sessions for RedisStore {
    async fn create(
        &self,
        key: &SessionKey,
        session: &BrowserSession,
    ) -> Result<Created, StoreError> {
        key.check_is_of(&session.person).map_err(unavailable)?;
        let new = Placed {
            place: self.keys.session(&key.place()),
            stored: self.stored(key, session)?,
            lives: milliseconds(left(session, session.created_at)),
        };
        let steps = vec![new.put(), self.look_for_logout(session)];
        let answers = self.fast.in_order(steps).await?;
        let [put, mut logout] = <[Value; 2]>::try_from(answers).map_err(|_| Failure::Unexpected)?;
        if put == Value::Nil {
            if let Some(other) = self.make_room(&new, key, session.created_at).await? {
                return Ok(Created::Taken(other));
            }
            logout = self
                .fast
                .ask(&self.look_for_logout(session).command)
                .await?;
        }
        let logout: Option<Vec<u8>> = value(logout)?;
        if logout.is_some_and(|logout| self.ends(&logout, session)) {
            self.remove(&new.place, &new.stored).await?;
            return Ok(Created::LoggedOut);
        }
        Ok(Created::Kept)
    }

    async fn find(
        &self,
        key: &SessionKey,
        now: UnixTime,
    ) -> Result<Option<BrowserSession>, StoreError> {
        let kept = self.kept(key).await?;
        let session = kept.map(|kept| kept.session);
        Ok(session.filter(|session| !session.is_over(now)))
    }

    async fn touch(&self, key: &SessionKey, now: UnixTime) -> Result<(), StoreError> {
        let place = self.keys.session(&key.place());
        for _ in 0..ATTEMPTS {
            let Some(Kept {
                stored,
                mut session,
            }) = self.kept(key).await?
            else {
                return Ok(());
            };
            if session.is_over(now) {
                return Ok(());
            }
            if session.last_seen >= now {
                return Ok(());
            }
            session.last_seen = now;
            let touched = Placed {
                place: place.clone(),
                stored: self.stored(key, &session)?,
                lives: milliseconds(left(&session, now)),
            };
            match self.replace_session(&touched, &stored).await? {
                Replaced::Done | Replaced::Not(None) => return Ok(()),
                Replaced::Not(Some(_)) => {}
            }
        }
        // Others note its use as fast as we can look.
        Ok(())
    }

    async fn note_taken(&self, key: &SessionKey, taken: &TakenRole) -> Result<bool, StoreError> {
        let place = self.keys.session(&key.place());
        for _ in 0..ATTEMPTS {
            let Some(Kept {
                stored,
                mut session,
            }) = self.kept(key).await?
            else {
                return Ok(false);
            };
            if session.is_over(taken.at) {
                return Ok(false);
            }
            session.details.note(taken);
            let noted = Placed {
                place: place.clone(),
                stored: self.stored(key, &session)?,
                lives: milliseconds(left(&session, session.last_seen.max(taken.at))),
            };
            match self.replace_durably(noted, &stored).await? {
                Replaced::Done => return Ok(true),
                Replaced::Not(None) => return Ok(false),
                Replaced::Not(Some(_)) => {}
            }
        }
        Err(Failure::Contended.into())
    }

    async fn sessions_of(
        &self,
        person: &PersonKey,
        now: UnixTime,
    ) -> Result<Vec<(SessionKey, BrowserSession)>, StoreError> {
        let mut read = cmd("MGET");
        read.arg(self.keys.sessions_of(person));
        let found: Vec<Option<Vec<u8>>> = value(self.fast.ask(&read).await?)?;
        let found = self.in_places(person, found).into_iter();
        Ok(found.filter(|(_, session)| !session.is_over(now)).collect())
    }

    async fn end(&self, key: &SessionKey) -> Result<Option<BrowserSession>, StoreError> {
        let place = self.keys.session(&key.place());
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let Some(Kept { stored, session }) = self.kept(key).await? else {
                return Ok(None);
            };
            // Otherwise somebody has ended it, or noted its use.
            if self.remove(&place, &stored).await? {
                return Ok(Some(session));
            }
            last = Some(session);
        }
        // Its use is noted faster than we can look.
        let command = script(scripts::TAKE_AWAY, &[&place]);
        let taken = self.durable.write(Call {
            key: place,
            command,
        });
        let taken: Option<Vec<u8>> = value(taken.await?)?;
        let ended = taken.and_then(|taken| self.session(key.place(), &taken));
        Ok(ended.map(|(_, session)| session).or(last))
    }

    async fn end_all(
        &self,
        person: &PersonKey,
        logout: Logout,
    ) -> Result<Vec<BrowserSession>, StoreError> {
        let logout_key = self.keys.logout(person);
        let places = self.keys.sessions_of(person);
        let mut keys = vec![logout_key.as_str()];
        keys.extend(places.iter().map(String::as_str));
        let mut expected = Vec::new();
        let mut both = logout;
        for _ in 0..ATTEMPTS {
            let stored = self.sealed(LOGOUTS, &person.0, &both)?;
            let mut command = script(scripts::LOG_OUT, &keys);
            command
                .arg(&expected)
                .arg(stored)
                .arg(milliseconds(both.keep_until.since(logout.at)));
            let key = logout_key.clone();
            match self.durable.write(Call { key, command }).await? {
                Value::BulkString(found) => {
                    let kept = self.opened::<Logout>(LOGOUTS, &person.0, &found);
                    both = kept.map_or(logout, |kept| kept.and(logout));
                    expected = found;
                }
                ended => {
                    let ended = self.in_places(person, value(ended)?).into_iter();
                    return Ok(ended.map(|(_, session)| session).collect());
                }
            }
        }
        Err(Failure::Contended.into())
    }
}

/// A session as it is to be kept.
struct Placed {
    /// The key of its place.
    place: String,
    stored: Vec<u8>,
    /// For so many milliseconds.
    lives: i64,
}

impl Placed {
    /// Puts it where nothing is.
    fn put(&self) -> Call {
        call("SET", &self.place, |step| {
            step.arg(&self.stored).arg("NX").arg("PX").arg(self.lives)
        })
    }
}

impl RedisStore {
    fn look_for_logout(&self, session: &BrowserSession) -> Call {
        call("GET", &self.keys.logout(&session.person), |step| step)
    }

    /// Puts the session in the place of one that is over or damaged; the other one where there is one that
    /// is neither. The session itself may be there already, since every command may be repeated.
    async fn make_room(
        &self,
        new: &Placed,
        key: &SessionKey,
        now: UnixTime,
    ) -> Result<Option<SessionKey>, StoreError> {
        let mut expected = Vec::new();
        for _ in 0..ATTEMPTS {
            let found = match self.replace_session(new, &expected).await? {
                Replaced::Done => return Ok(None),
                Replaced::Not(found) => found.unwrap_or_default(),
            };
            let other = self.session(key.place(), &found);
            let is_in_the_way = |(other, session): &(SessionKey, BrowserSession)| {
                other != key && !session.is_over(now)
            };
            if let Some((other, _)) = other.filter(is_in_the_way) {
                return Ok(Some(other));
            }
            expected = found;
        }
        Err(Failure::Contended.into())
    }

    /// Puts the session where `expected` is, or nothing, where that is empty.
    async fn replace_session(&self, new: &Placed, expected: &[u8]) -> Result<Replaced, Failure> {
        let mut replace = script(scripts::REPLACE, &[&new.place]);
        replace.arg(expected).arg(&new.stored).arg(new.lives);
        Replaced::of(self.fast.ask(&replace).await?)
    }

    /// The same, where replicas must have it.
    async fn replace_durably(&self, new: Placed, expected: &[u8]) -> Result<Replaced, Failure> {
        let mut command = script(scripts::REPLACE, &[&new.place]);
        command.arg(expected).arg(&new.stored).arg(new.lives);
        let key = new.place;
        Replaced::of(self.durable.write(Call { key, command }).await?)
    }

    /// The sessions of what stands in a person's places, in their order; what is damaged is none. Places are named
    /// by a part of the person's key, so another's may stand there.
    fn in_places(
        &self,
        person: &PersonKey,
        found: Vec<Option<Vec<u8>>>,
    ) -> Vec<(SessionKey, BrowserSession)> {
        let places = (0..=u8::MAX).map(|number| person.place(number));
        places
            .zip(found)
            .filter_map(|(place, stored)| self.session(place, &stored?))
            .filter(|(_, session)| session.person == *person)
            .collect()
    }

    /// A damaged logout was made when somebody signed out, and nobody knows which proofs it ends: it
    /// ends all, as long as it is kept.
    fn ends(&self, logout: &[u8], session: &BrowserSession) -> bool {
        match self.opened::<Logout>(LOGOUTS, &session.person.0, logout) {
            Ok(logout) => logout.ends(session),
            Err(damage) => {
                tracing::warn!(%damage, "a damaged logout ends every session of its person");
                true
            }
        }
    }

    /// Takes a value away where it is this one; whether it was.
    async fn remove(&self, place: &str, stored: &[u8]) -> Result<bool, Failure> {
        let mut command = script(scripts::REMOVE, &[place]);
        command.arg(stored);
        let key = place.to_owned();
        Ok(self.durable.write(Call { key, command }).await? == Value::Int(1))
    }

    /// The session; one that is damaged counts as none and is taken away.
    async fn kept(&self, key: &SessionKey) -> Result<Option<Kept>, StoreError> {
        let place = self.keys.session(&key.place());
        let mut read = cmd("GET");
        read.arg(&place);
        let found: Option<Vec<u8>> = value(self.fast.ask(&read).await?)?;
        let Some(stored) = found else {
            return Ok(None);
        };
        let damage = match stored.split_first_chunk() {
            Some((proof, _)) if *proof != key.proof() => return Ok(None),
            Some((_, sealed)) => match self.opened(SESSIONS, &key.0, sealed) {
                Ok(session) => return Ok(Some(Kept { stored, session })),
                Err(damage) => damage,
            },
            None => Damage::Unopened,
        };
        tracing::warn!(table = SESSIONS, %damage, "removed a damaged record");
        if let Err(error) = self.remove(&place, &stored).await {
            tracing::warn!(
                error = with_causes(&error),
                "a damaged record could not be removed"
            );
        }
        Ok(None)
    }

    /// The session in a place, whoever asks; none where it is damaged.
    pub(super) fn session(
        &self,
        place: SessionPlace,
        stored: &[u8],
    ) -> Option<(SessionKey, BrowserSession)> {
        let (proof, sealed) = stored.split_first_chunk()?;
        let key = SessionKey::new(place, *proof);
        let session = self.opened(SESSIONS, &key.0, sealed).ok()?;
        Some((key, session))
    }

    /// The session as it is kept.
    fn stored(&self, key: &SessionKey, session: &BrowserSession) -> Result<Vec<u8>, StoreError> {
        let sealed = self.sealed(SESSIONS, &key.0, session)?;
        let mut stored = Vec::with_capacity(PROOF_BYTES + sealed.len());
        stored.extend(key.proof());
        stored.extend(sealed);
        Ok(stored)
    }

    pub(super) fn sealed<T: Serialize>(
        &self,
        table: &str,
        key: &[u8; 32],
        record: &T,
    ) -> Result<Vec<u8>, StoreError> {
        let name = RecordName { table, key };
        self.seal.seal_value(name, record, MAX_RECORD_BYTES)
    }

    pub(super) fn opened<T: DeserializeOwned>(
        &self,
        table: &str,
        key: &[u8; 32],
        stored: &[u8],
    ) -> Result<T, Damage> {
        let name = RecordName { table, key };
        self.seal.open_value(name, stored, MAX_RECORD_BYTES)
    }
}

/// For how many seconds a session lives that nobody uses after `now`.
fn left(session: &BrowserSession, now: UnixTime) -> i64 {
    let idle = i64::from(session.idle_seconds);
    idle.min(session.ends_at.since(now))
}

/// A command on a key, which `arguments` completes.
fn call(name: &str, key: &str, arguments: impl FnOnce(&mut Cmd) -> &mut Cmd) -> Call {
    let mut command = cmd(name);
    command.arg(key);
    arguments(&mut command);
    Call {
        key: key.to_owned(),
        command,
    }
}
