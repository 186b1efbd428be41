//! Browsers' sessions end before their time, and the keys that were taken in them.
//!
//! ```text
//! sessions ── keys taken in some? their sign-ins revoked ── ended in the store
//!                └ taken meanwhile? theirs, too
//! ```
//! Keys first: whoever is told that it failed finds the sessions still there, and tries again. What is taken
//! while a session ends is either told by its end, or refused ([`Sessions::note_taken`]).

use std::sync::Arc;

use super::administer::{AdminAction, MAX_REVOCATIONS};
use super::record::{Outcome, Recorder, Subject};
use super::recorded_change::{RecordedChange, RecordedChangeError};
use super::request::RequestMeta;
use super::unavailable::Unavailable;
use crate::directory::{Change, CommitError, LiveDirectory, Revocation, Revoked, Snapshot};
use crate::domain::SignInId;
use crate::store::{BrowserSession, Logout, PersonKey, SessionKey, Sessions};

/// People and their providers make no more revocations than this: the others are left to administrators.
pub const MAX_BY_PEOPLE: usize = MAX_REVOCATIONS / 2;
/// Where somebody changes the directory at the same time, it is tried so often.
const ATTEMPTS: usize = 64;

/// Ends sessions, and what was taken in them.
#[derive(Clone)]
pub struct EndSessions {
    /// Where it is said that keys are over.
    pub directory: Arc<LiveDirectory>,
    /// Where sessions are kept.
    pub sessions: Arc<dyn Sessions>,
    /// Where it is recorded.
    pub recorder: Arc<Recorder>,
}

/// What became of the keys that were taken in sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenKeys {
    /// They are over, or there were none.
    Over,
    /// There are too many revocations: they work until they end.
    GoOn,
}

/// Sessions that are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// How many.
    pub count: usize,
    /// What became of their keys.
    pub keys: TakenKeys,
}

impl TakenKeys {
    const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Over, Self::Over) => Self::Over,
            (Self::GoOn, _) | (_, Self::GoOn) => Self::GoOn,
        }
    }
}

impl EndSessions {
    /// Ends these sessions.
    ///
    /// # Errors
    /// [`Unavailable`]; some may go on.
    pub(super) async fn these(
        &self,
        which: &[(SessionKey, BrowserSession)],
        by: Subject<'_>,
        meta: &RequestMeta,
    ) -> Result<Ended, Unavailable> {
        let known = sign_ins(which.iter().map(|(_, session)| session));
        let keys = self.revoke(&known, by, meta).await?;
        let mut ended = Vec::new();
        for (key, _) in which {
            ended.extend(self.sessions.end(key).await?);
        }
        self.ended(&ended, (&known, keys), by, meta).await
    }

    /// Ends every session of a person, and lets none begin by a proof from before.
    ///
    /// # Errors
    /// [`Unavailable`]; some may go on.
    pub(super) async fn all_of(
        &self,
        person: &PersonKey,
        logout: Logout,
        by: Subject<'_>,
        meta: &RequestMeta,
    ) -> Result<Ended, Unavailable> {
        let which = self.sessions.sessions_of(person, meta.now).await?;
        let known = sign_ins(which.iter().map(|(_, session)| session));
        let keys = self.revoke(&known, by, meta).await?;
        let ended = self.sessions.end_all(person, logout).await?;
        self.ended(&ended, (&known, keys), by, meta).await
    }

    /// Sees to the keys that were taken after it was asked which sessions there are.
    async fn ended(
        &self,
        ended: &[BrowserSession],
        (known, keys): (&[SignInId], TakenKeys),
        by: Subject<'_>,
        meta: &RequestMeta,
    ) -> Result<Ended, Unavailable> {
        let mut late = sign_ins(ended.iter());
        late.retain(|id| !known.contains(id));
        let late = self.revoke(&late, by, meta).await?;
        Ok(Ended {
            count: ended.len(),
            keys: keys.and(late),
        })
    }

    /// Revokes what was taken in these sign-ins, on every node.
    async fn revoke(
        &self,
        sign_ins: &[SignInId],
        by: Subject<'_>,
        meta: &RequestMeta,
    ) -> Result<TakenKeys, Unavailable> {
        if sign_ins.is_empty() {
            return Ok(TakenKeys::Over);
        }
        let mut attempt = 1;
        loop {
            match self.revoke_now(sign_ins, by, meta).await {
                Err(RecordedChangeError::Commit(CommitError::Conflict { .. }))
                    if attempt < ATTEMPTS =>
                {
                    attempt += 1;
                }
                done => return Ok(done?),
            }
        }
    }

    async fn revoke_now(
        &self,
        sign_ins: &[SignInId],
        by: Subject<'_>,
        meta: &RequestMeta,
    ) -> Result<TakenKeys, RecordedChangeError> {
        let _turn = self.directory.turn().await;
        let snapshot = self.directory.catch_up(meta.now).await;
        let snapshot = snapshot.map_err(CommitError::from)?;
        let deed = AdminAction::RevokeSession;
        let changes = match changes(&snapshot, sign_ins, meta) {
            Some(changes) if changes.is_empty() => return Ok(TakenKeys::Over),
            Some(changes) => changes,
            None => {
                let why = "there are too many revocations already; the keys work until they end";
                tracing::error!(why, "keys of sessions that are over were not revoked");
                let outcome = Outcome::NotCommitted {
                    why: why.to_owned(),
                };
                self.recorder.admin(meta, &by, deed, outcome).await?;
                return Ok(TakenKeys::GoOn);
            }
        };
        let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
        let change = RecordedChange {
            directory: &self.directory,
            recorder: &self.recorder,
            subject: by,
            deed: deed.into(),
            meta,
            lines: &lines,
        };
        change.commit(snapshot.generation(), changes).await?;
        Ok(TakenKeys::Over)
    }
}

/// The sign-ins in which keys were taken. Whether these are still good can't be told: of what was taken,
/// more may have been made since.
fn sign_ins<'a>(sessions: impl Iterator<Item = &'a BrowserSession>) -> Vec<SignInId> {
    let with_keys = sessions.filter(|session| !session.details.taken.is_empty());
    with_keys.map(|session| session.sign_in).collect()
}

/// That these sign-ins are revoked, and what of before ends nothing any more; `None` where there is no room.
fn changes(snapshot: &Snapshot, sign_ins: &[SignInId], meta: &RequestMeta) -> Option<Vec<Change>> {
    let kept = snapshot.revocations();
    let new = sign_ins.iter().filter(|id| !kept.end_sign_in(**id));
    let new: Vec<Revoked> = new.map(|id| Revoked::SignIn(*id)).collect();
    if new.is_empty() {
        return Some(Vec::new());
    }
    let live = kept.iter().filter(|(_, it)| !it.is_past(meta.now));
    let (mut all, mut of_sign_ins) = (new.len(), new.len());
    for (revoked, _) in live {
        all += 1;
        of_sign_ins += usize::from(matches!(revoked, Revoked::SignIn(_)));
    }
    if all > MAX_REVOCATIONS || of_sign_ins > MAX_BY_PEOPLE {
        return None;
    }
    let revocation = Revocation {
        up_to: snapshot.generation(),
        at: meta.now,
    };
    let past = kept.past(meta.now).cloned().map(Change::ForgetRevocation);
    let new = new.into_iter();
    Some(
        past.chain(new.map(|revoked| Change::Revoke(revoked, revocation)))
            .collect(),
    )
}

impl From<RecordedChangeError> for Unavailable {
    fn from(error: RecordedChangeError) -> Self {
        match error {
            RecordedChangeError::Audit(error) => error.into(),
            RecordedChangeError::Commit(CommitError::Directory(error)) => error.into(),
            RecordedChangeError::Commit(error) => Self::NotRevoked(Box::new(error)),
        }
    }
}
