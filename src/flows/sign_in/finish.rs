//! The second half: the browser comes back with the provider's answer.

use std::sync::Arc;

use super::{SignIn, SignInRefusal, oidc};
use crate::domain::{ConnectionId, FederatedIdentity, LocalPath, Secret};
use crate::federation::connection::ConnectionSettings;
use crate::federation::relying_party::{AnswerError, AuthorizationAnswer};
use crate::flows::login_attempt::{UnderWay, Unusable, attempt_key, mark_of};
use crate::flows::request::RequestMeta;
use crate::store::Redeemed;

/// What came back to the redirect URI. It holds cookies, so it has no `Debug`.
pub struct Callback<'a> {
    /// The provider's answer.
    pub answer: AuthorizationAnswer,
    /// What the browser's cookie for this attempt holds.
    pub sealed: Option<&'a str>,
    /// What its session cookie holds.
    pub previous_session: Option<&'a str>,
}

/// A sign-in that succeeded.
#[derive(Debug)]
pub struct SignedIn {
    /// What the session cookie holds.
    pub session_secret: Secret<String>,
    /// Where the person wanted to go.
    pub return_to: LocalPath,
}

impl SignIn {
    /// Finishes the sign-in that the provider's answer belongs to, for the browser that began it. The
    /// session that it had before, if any, is over.
    ///
    /// # Errors
    /// [`SignInRefusal`]; it is recorded.
    pub async fn finish(
        &self,
        connection: &ConnectionId,
        callback: Callback<'_>,
        meta: &RequestMeta,
    ) -> Result<SignedIn, SignInRefusal> {
        let previous = callback.previous_session;
        let (identity, return_to) = match self.prove(connection, callback, meta).await {
            Ok(proven) => proven,
            Err(refusal) => {
                self.record(connection, None, Some(&refusal), meta).await?;
                return Err(refusal);
            }
        };
        // A session that can't be recorded stays behind a secret that nobody was told.
        let session = self.replace_session(previous, &identity, meta).await;
        self.record(connection, Some(&identity), session.as_ref().err(), meta)
            .await?;
        Ok(SignedIn {
            session_secret: session?,
            return_to,
        })
    }

    /// Records that what came back to the redirect URI is no answer, and gives the refusal.
    pub async fn refuse(
        &self,
        connection: &ConnectionId,
        error: AnswerError,
        meta: &RequestMeta,
    ) -> SignInRefusal {
        let refusal = SignInRefusal::Answer(error);
        match self.record(connection, None, Some(&refusal), meta).await {
            Ok(()) => refusal,
            Err(error) => error.into(),
        }
    }

    async fn prove(
        &self,
        connection: &ConnectionId,
        callback: Callback<'_>,
        meta: &RequestMeta,
    ) -> Result<(FederatedIdentity, LocalPath), SignInRefusal> {
        let mark = mark_of(callback.answer.state());
        let under_way = self.under_way(connection, &callback, meta).await?;
        if under_way.is_over(meta.now) {
            return Err(SignInRefusal::NoAttempt);
        }
        // Whatever comes of it: a `state` is answered once. Nothing is stored for it before the provider
        // has proven somebody, so that strangers leave nothing (decision 45).
        let attempt = attempt_key(callback.answer.state());
        let turn = self.answers.begin(attempt, connection)?;
        let settings = match self.unanswered(connection, &mark, meta).await {
            Ok(settings) => settings,
            Err(refusal) => {
                turn.give_back();
                return Err(refusal);
            }
        };
        let proven = self
            .relying_party
            .finish(
                oidc(&settings)?,
                &under_way.attempt,
                callback.answer,
                meta.now,
            )
            .await?;
        let keep_until = under_way.expires_at();
        if self.marks.redeem(&mark, keep_until, meta.now).await? == Redeemed::Again {
            return Err(SignInRefusal::NoAttempt);
        }
        let identity = proven.redeem(self.marks.as_ref(), meta.now).await?;
        Ok((identity, under_way.return_to()))
    }

    /// The connection, if no node has let anybody in for this mark.
    async fn unanswered(
        &self,
        connection: &ConnectionId,
        mark: &[u8; 32],
        meta: &RequestMeta,
    ) -> Result<Arc<ConnectionSettings>, SignInRefusal> {
        if self.marks.is_redeemed(mark, meta.now).await? {
            return Err(SignInRefusal::NoAttempt);
        }
        self.connection(connection, meta).await
    }

    /// The attempt in the browser's cookie. Another node may have sealed it under a newer key than
    /// this one knows (decision 7).
    async fn under_way(
        &self,
        connection: &ConnectionId,
        callback: &Callback<'_>,
        meta: &RequestMeta,
    ) -> Result<UnderWay, SignInRefusal> {
        let cookie = callback.sealed.ok_or(SignInRefusal::OtherBrowser)?;
        let key = attempt_key(callback.answer.state());
        let snapshot = self.directory.snapshot(meta.now)?;
        let opened = match UnderWay::open(cookie, connection, key, snapshot.keys()) {
            Err(Unusable::UnknownKey) => {
                let newer = self.directory.catch_up(meta.now).await?;
                UnderWay::open(cookie, connection, key, newer.keys())
            }
            other => other,
        };
        opened.map_err(|_| SignInRefusal::OtherBrowser)
    }
}
