//! Sessions, and who has which.
//!
//! ```text
//! create   its name to the person's ─> the session ─> logged out? ─ yes ─> the session away again
//! end_all  in one step: the logout, and the names of the person's ─> those sessions away
//! ```
//! A `create` that looks before the logout has put both there before it, so they are found; one that
//! looks after it finds the logout. The person's keys and the session are under different tags in a
//! Cluster, so a node that dies between two steps leaves:
//! - a name without a session, which is taken away a day after the session would have ended;
//! - a session whose `create` has not answered, so that nobody has its secret;
//! - sessions of a person who is logged out, where `end_all` has not answered either: the next note of
//!   their use, a minute later at most, finds the logout and ends them.
//!
//! Plain commands in this order cost the server a third of what a script costs that does the same.

use async_trait::async_trait;
use redis::{Cmd, Value, cmd};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::calls::Call;
use super::directory::{script, value};
use super::failure::Failure;
use super::keys::session_name;
use super::one_time::{ATTEMPTS, Replaced, milliseconds};
use super::{RedisStore, scripts};
use crate::domain::UnixTime;
use crate::store::sealed::{Damage, RecordName};
use crate::store::{
    BrowserSession, Created, Logout, MAX_RECORD_BYTES, PersonKey, SessionKey, Sessions, StoreError,
};

pub(super) const SESSIONS: &str = "sessions";
pub(super) const LOGOUTS: &str = "logouts";

/// No session lasts longer, in seconds, and no clock is further off.
const DAY: i64 = 86_400;
/// So many sessions are taken away by one command at most.
const REMOVALS: usize = 256;

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
        let stored = self.sealed(SESSIONS, &key.0, session)?;
        let steps = self.steps_of_create(key, session, stored);
        let answers = self.fast.in_order(steps).await?;
        let logout = answers.into_iter().next_back().ok_or(Failure::Unexpected)?;
        let logout: Option<Vec<u8>> = value(logout)?;
        if logout.is_some_and(|logout| self.ends(&logout, session)) {
            self.forget(&self.keys.session(key)).await?;
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
        let session_key = self.keys.session(key);
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
            if self.is_logged_out(&session).await? {
                return Ok(self.forget(&session_key).await?);
            }
            if session.last_seen >= now {
                return Ok(());
            }
            session.last_seen = now;
            let touched = self.sealed(SESSIONS, &key.0, &session)?;
            let mut replace = script(scripts::REPLACE, &[&session_key]);
            replace
                .arg(stored)
                .arg(touched)
                .arg(milliseconds(left(&session, now)));
            match Replaced::of(self.fast.ask(&replace).await?)? {
                Replaced::Done | Replaced::Not(None) => return Ok(()),
                Replaced::Not(Some(_)) => {}
            }
        }
        // Others note its use as fast as we can look.
        Ok(())
    }

    async fn end(&self, key: &SessionKey) -> Result<bool, StoreError> {
        let session_key = self.keys.session(key);
        for _ in 0..ATTEMPTS {
            let Some(Kept { stored, .. }) = self.kept(key).await? else {
                return Ok(false);
            };
            let mut command = script(scripts::REMOVE, &[&session_key]);
            command.arg(stored);
            let key = session_key.clone();
            // Otherwise somebody has ended it, or noted its use.
            if self.durable.write(Call { key, command }).await? == Value::Int(1) {
                return Ok(true);
            }
        }
        self.forget(&session_key).await?;
        Ok(true)
    }

    async fn end_all(&self, person: &PersonKey, logout: Logout) -> Result<usize, StoreError> {
        let names = self.log_out(person, logout).await?;
        let ended = self.remove_sessions(&names).await?;
        if !names.is_empty() {
            let mut leave = cmd("ZREM");
            leave.arg(self.keys.sessions_of(person)).arg(&names);
            self.fast.ask(&leave).await?;
        }
        Ok(ended)
    }
}

impl RedisStore {
    /// The steps of `create` in their order; the last tells the logout.
    fn steps_of_create(
        &self,
        key: &SessionKey,
        session: &BrowserSession,
        stored: Vec<u8>,
    ) -> Vec<Call> {
        let sessions = self.keys.sessions_of(&session.person);
        let lasts = session.ends_at.since(session.created_at);
        let name = session_name(key);
        let session_key = self.keys.session_named(&name);
        let ends_at = session.ends_at.seconds();
        let mut steps = vec![
            call("ZADD", &sessions, |step| step.arg(ends_at).arg(name)),
            // The same for all, so that a shorter session takes no longer one's name away.
            call("PEXPIRE", &sessions, |step| {
                step.arg(milliseconds(lasts.max(DAY)))
            }),
            call("SET", &session_key, |step| {
                let lives = milliseconds(left(session, session.created_at));
                step.arg(stored).arg("PX").arg(lives)
            }),
        ];
        // Names are drawn, so this is one in sixteen.
        if key.0.last().is_some_and(|byte| byte % 16 == 0) {
            let over = session.created_at.seconds().saturating_sub(DAY);
            steps.push(call("ZREMRANGEBYSCORE", &sessions, |step| {
                step.arg("-inf").arg(over)
            }));
        }
        let logout = self.keys.logout(&session.person);
        steps.push(call("GET", &logout, |step| step));
        steps
    }

    async fn is_logged_out(&self, session: &BrowserSession) -> Result<bool, Failure> {
        let mut read = cmd("GET");
        read.arg(self.keys.logout(&session.person));
        let found: Option<Vec<u8>> = value(self.fast.ask(&read).await?)?;
        Ok(found.is_some_and(|found| self.ends(&found, session)))
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

    /// Remembers the logout with those before it; the names of the person's sessions.
    async fn log_out(&self, person: &PersonKey, logout: Logout) -> Result<Vec<String>, StoreError> {
        let keys = [self.keys.logout(person), self.keys.sessions_of(person)];
        let [logout_key, sessions] = &keys;
        let mut expected = Vec::new();
        let mut both = logout;
        for _ in 0..ATTEMPTS {
            let stored = self.sealed(LOGOUTS, &person.0, &both)?;
            let mut command = script(scripts::LOG_OUT, &[logout_key, sessions]);
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
                names => return Ok(value(names)?),
            }
        }
        Err(Failure::Contended.into())
    }

    /// Takes away the sessions of these names; how many there were.
    async fn remove_sessions(&self, names: &[String]) -> Result<usize, Failure> {
        let keys: Vec<String> = names
            .iter()
            .map(|name| self.keys.session_named(name))
            .collect();
        let together = if self.durable.keys_go_together() {
            REMOVALS
        } else {
            1
        };
        let mut removed = 0;
        for keys in keys.chunks(together) {
            let Some(key) = keys.first().cloned() else {
                continue;
            };
            let mut command = cmd("DEL");
            command.arg(keys);
            removed += value::<usize>(self.durable.write(Call { key, command }).await?)?;
        }
        Ok(removed)
    }

    async fn forget(&self, session_key: &str) -> Result<(), Failure> {
        let mut command = cmd("DEL");
        command.arg(session_key);
        let key = session_key.to_owned();
        self.durable.write(Call { key, command }).await?;
        Ok(())
    }

    /// The session; one that is damaged counts as none and is taken away.
    async fn kept(&self, key: &SessionKey) -> Result<Option<Kept>, StoreError> {
        let session_key = self.keys.session(key);
        let mut read = cmd("GET");
        read.arg(&session_key);
        let found: Option<Vec<u8>> = value(self.fast.ask(&read).await?)?;
        let Some(stored) = found else {
            return Ok(None);
        };
        match self.opened(SESSIONS, &key.0, &stored) {
            Ok(session) => Ok(Some(Kept { stored, session })),
            Err(damage) => {
                tracing::warn!(table = SESSIONS, %damage, "removed a damaged record");
                let mut remove = script(scripts::REMOVE, &[&session_key]);
                remove.arg(stored);
                if let Err(error) = self.fast.ask(&remove).await {
                    tracing::warn!(%error, "a damaged record could not be removed");
                }
                Ok(None)
            }
        }
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
