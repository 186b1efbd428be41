//! A person sees to their own sessions. Those of others are not there for them.

use std::cmp::Reverse;

use super::SignOut;
use super::here::SignedOut;
use crate::domain::{SignInId, UnixTime};
use crate::flows::end_sessions::{Ended, TakenKeys};
use crate::flows::kept_by_browser::ATTEMPT_SECONDS;
use crate::flows::portal::OpenBrowserSession;
use crate::flows::record::Subject;
use crate::flows::request::RequestMeta;
use crate::flows::revoked::check_session;
use crate::flows::unavailable::Unavailable;
use crate::metrics::Operation;
use crate::store::{BrowserSession, Logout, SessionKey, StoreError};

/// A session of a person's.
#[derive(Debug)]
pub struct OwnSession {
    /// What is known of it.
    pub session: BrowserSession,
    /// Whether it is the one in which they ask.
    pub is_this: bool,
}

/// Nobody is signed in as the person any more.
#[derive(Debug)]
pub struct SignedOutEverywhere {
    /// What is left to do.
    pub signed_out: SignedOut,
    /// What became of the keys.
    pub keys: TakenKeys,
}

impl SignOut {
    /// The person's sessions: this one first, the others as they were last used.
    ///
    /// # Errors
    /// [`Unavailable`]
    pub async fn own_sessions(
        &self,
        open: &OpenBrowserSession,
        meta: &RequestMeta,
    ) -> Result<Vec<OwnSession>, Unavailable> {
        let snapshot = self.directory.snapshot(meta.now)?;
        let this = open.key();
        let kept = self.kept(open, meta.now).await?.into_iter();
        let told = kept.filter(|(_, session)| check_session(&snapshot, session).is_ok());
        let mut own: Vec<OwnSession> = told
            .map(|(key, session)| OwnSession {
                session,
                is_this: key == this,
            })
            .collect();
        own.sort_by_key(|it| (!it.is_this, Reverse(it.session.last_seen)));
        Ok(own)
    }

    /// Ends the session of this sign-in and the keys of it, if it is the person's; nothing happens where it is
    /// not, or not any more.
    ///
    /// # Errors
    /// [`Unavailable`]; it may go on then.
    pub async fn end_own(
        &self,
        open: &OpenBrowserSession,
        sign_in: SignInId,
        meta: &RequestMeta,
    ) -> Result<Ended, Unavailable> {
        self.end_some(open, meta, |_, session| session.sign_in == sign_in)
            .await
    }

    /// Ends all of the person's sessions but this one, and their keys.
    ///
    /// # Errors
    /// [`Unavailable`]; some may go on then.
    pub async fn end_others(
        &self,
        open: &OpenBrowserSession,
        meta: &RequestMeta,
    ) -> Result<Ended, Unavailable> {
        let this = open.key();
        self.end_some(open, meta, |key, _| *key != this).await
    }

    /// Ends all of the person's sessions and all that came of any sign-in of theirs, and leaves for the provider as a sign-out does.
    ///
    /// # Errors
    /// [`Unavailable`]; some may go on then.
    pub async fn end_everywhere(
        &self,
        open: &OpenBrowserSession,
        meta: &RequestMeta,
    ) -> Result<SignedOutEverywhere, Unavailable> {
        let identity = &open.session.identity;
        let who = (&open.session.person, &identity.issuer, &identity.subject);
        let logout = Logout {
            at: meta.now,
            keep_until: meta.now.plus(ATTEMPT_SECONDS),
        };
        let by = Subject::Person(identity.into());
        let ended = self.ends.all_of(who, logout, by, meta).await?;
        let operation = Operation::EndSessions;
        self.record_own(operation, open, ended.count, meta).await?;
        Ok(SignedOutEverywhere {
            signed_out: self.here(open, meta).await?,
            keys: ended.keys,
        })
    }

    async fn end_some(
        &self,
        open: &OpenBrowserSession,
        meta: &RequestMeta,
        is_meant: impl Fn(&SessionKey, &BrowserSession) -> bool,
    ) -> Result<Ended, Unavailable> {
        let mut which = self.kept(open, meta.now).await?;
        which.retain(|(key, session)| is_meant(key, session));
        let by = Subject::Person((&open.session.identity).into());
        let ended = self.ends.these(&which, by, meta).await?;
        let operation = Operation::EndSessions;
        self.record_own(operation, open, ended.count, meta).await?;
        Ok(ended)
    }

    /// The person's sessions as the store has them.
    async fn kept(
        &self,
        open: &OpenBrowserSession,
        now: UnixTime,
    ) -> Result<Vec<(SessionKey, BrowserSession)>, StoreError> {
        self.sessions.sessions_of(&open.session.person, now).await
    }
}
