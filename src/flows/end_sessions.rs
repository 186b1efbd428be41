//! Browsers' sessions end before their time, and the keys that were taken in them.
//!
//! ```text
//! sessions ── keys taken in some? their sign-ins revoked ── ended in the store
//!                └ taken meanwhile? theirs, too
//! ```
//! Where all of a person ends, all that the person has is revoked: keys outlive the sessions that they were taken
//! in, which are forgotten by whoever signs out or is idle.
//!
//! Keys first: whoever is told that it failed finds the sessions still there, and tries again. What is taken
//! while a session ends is either told by its end, or refused ([`Sessions::note_taken`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::administer::{AdminAction, MAX_REVOCATIONS};
use super::record::{Outcome, Recorder, Subject};
use super::recorded_change::{RecordedChange, RecordedChangeError};
use super::request::RequestMeta;
use super::unavailable::Unavailable;
use crate::directory::{Change, CommitError, LiveDirectory, Revocation, Revoked, Snapshot};
use crate::domain::{self, IssuerName};
use crate::store::{BrowserSession, Logout, PersonKey, SessionKey, Sessions};

/// People and their providers make no more revocations of single sign-ins than this: the others are left to
/// administrators, and to revocations of all that one person has, of which each has one.
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
        let known: Vec<&BrowserSession> = which.iter().map(|(_, session)| session).collect();
        let keys = self.revoke_taken(&known, by, meta).await?;
        let mut ended = Vec::new();
        for (key, _) in which {
            ended.extend(self.sessions.end(key).await?);
        }
        // What was taken after it was asked which sessions there are.
        let is_known = |session: &BrowserSession| {
            let mut of_known = with_keys(&known);
            of_known.any(|known| known.sign_in == session.sign_in)
        };
        let late: Vec<&BrowserSession> = ended.iter().filter(|it| !is_known(it)).collect();
        let late = self.revoke_taken(&late, by, meta).await?;
        Ok(Ended {
            count: ended.len(),
            keys: keys.and(late),
        })
    }

    /// Ends every session of a person and everything that came of any, those that are no longer kept included;
    /// and lets none begin by a proof from before.
    ///
    /// # Errors
    /// [`Unavailable`]; some may go on.
    pub(super) async fn all_of(
        &self,
        (person, issuer, subject): (&PersonKey, &IssuerName, &domain::Subject),
        logout: Logout,
        by: Subject<'_>,
        meta: &RequestMeta,
    ) -> Result<Ended, Unavailable> {
        let everything = [Revoked::Person(issuer.clone(), subject.clone())];
        let keys = self.revoke(&everything, by, meta).await?;
        let ended = self.sessions.end_all(person, logout).await?;
        Ok(Ended {
            count: ended.len(),
            keys,
        })
    }

    /// Revokes what was taken in these sessions; where people have made too many revocations of that kind, all
    /// that the people have of whom these sessions are.
    async fn revoke_taken(
        &self,
        sessions: &[&BrowserSession],
        by: Subject<'_>,
        meta: &RequestMeta,
    ) -> Result<TakenKeys, Unavailable> {
        let sign_ins: Vec<Revoked> = with_keys(sessions)
            .map(|session| Revoked::SignIn(session.sign_in))
            .collect();
        if self.revoke(&sign_ins, by, meta).await? == TakenKeys::Over {
            return Ok(TakenKeys::Over);
        }
        let people: BTreeSet<Revoked> = with_keys(sessions)
            .map(|session| {
                let identity = &session.identity;
                Revoked::Person(identity.issuer.clone(), identity.subject.clone())
            })
            .collect();
        let people: Vec<Revoked> = people.into_iter().collect();
        self.revoke(&people, by, meta).await
    }

    /// Revokes these, on every node.
    async fn revoke(
        &self,
        what: &[Revoked],
        by: Subject<'_>,
        meta: &RequestMeta,
    ) -> Result<TakenKeys, Unavailable> {
        if what.is_empty() {
            return Ok(TakenKeys::Over);
        }
        let mut attempt = 1;
        loop {
            match self.revoke_now(what, by, meta).await {
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
        what: &[Revoked],
        by: Subject<'_>,
        meta: &RequestMeta,
    ) -> Result<TakenKeys, RecordedChangeError> {
        let _turn = self.directory.turn().await;
        let snapshot = self.directory.catch_up(meta.now).await;
        let snapshot = snapshot.map_err(CommitError::from)?;
        let deed = AdminAction::RevokeSession;
        let changes = match changes(&snapshot, what, meta) {
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

/// The sessions in which keys were taken. Whether these are still good can't be told: of what was taken,
/// more may have been made since.
fn with_keys<'a>(sessions: &[&'a BrowserSession]) -> impl Iterator<Item = &'a BrowserSession> {
    let sessions = sessions.iter().copied();
    sessions.filter(|session| !session.details.taken.is_empty())
}

/// That these are revoked, and what of before ends nothing any more; `None` where there is no room.
fn changes(snapshot: &Snapshot, what: &[Revoked], meta: &RequestMeta) -> Option<Vec<Change>> {
    let kept = snapshot.revocations();
    let is_new = |revoked: &&Revoked| match revoked {
        Revoked::SignIn(id) => !kept.end_sign_in(*id),
        _ => true,
    };
    let new: Vec<Revoked> = what.iter().filter(is_new).cloned().collect();
    if new.is_empty() {
        return Some(Vec::new());
    }
    let live = kept.iter().filter(|(_, it)| !it.is_past(meta.now));
    let is_sign_in = |revoked: &Revoked| matches!(revoked, Revoked::SignIn(_));
    let new_sign_ins = new.iter().filter(|revoked| is_sign_in(revoked)).count();
    let (mut all, mut of_sign_ins) = (new.len(), new_sign_ins);
    for (revoked, _) in live {
        all += 1;
        of_sign_ins += usize::from(is_sign_in(&revoked));
    }
    if all > MAX_REVOCATIONS || (new_sign_ins > 0 && of_sign_ins > MAX_BY_PEOPLE) {
        return None;
    }
    let revocation = Revocation {
        up_to: snapshot.generation(),
        at: meta.now,
    };
    let past = kept.past(meta.now).map(Change::ForgetRevocation);
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
