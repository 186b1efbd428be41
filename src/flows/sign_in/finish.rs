//! The second half: the browser comes back with the provider's answer.

use std::sync::Arc;

use super::origin::{Here, Origin};
use super::{Attempted, SignIn, SignInRefusal, session_key, session_name, session_named};
use crate::directory::Snapshot;
use crate::domain::{
    ConnectionId, FederatedIdentity, LocalPath, OidcSession, ProviderSession, Secret, UnixTime,
};
use crate::federation::sign_in::{Answer, ProvenSignIn};
use crate::flows::answers::Turn;
use crate::flows::kept_by_browser::KeptByBrowser as _;
use crate::flows::login_attempt::UnderWay;
use crate::flows::party::party;
use crate::flows::request::RequestMeta;
use crate::flows::revoked::check_proven;
use crate::metrics::{Operation, Step};
use crate::store::{PersonKey, Redeemed, SessionKey};

/// What came back to us. It holds cookies, so it has no `Debug`.
pub struct Callback<'a> {
    /// The provider's answer.
    pub answer: Answer,
    /// What the browser's cookie for this attempt holds.
    pub sealed: Option<&'a str>,
    /// What its session cookie holds, where it sends it along.
    pub previous_session: Option<&'a str>,
    /// The name of the session that it says to have. A form that a provider posts unasked comes without
    /// the session's own cookie.
    pub named_session: Option<&'a str>,
}

/// A sign-in that succeeded.
#[derive(Debug)]
pub struct SignedIn {
    /// What the session cookie holds.
    pub session_secret: Secret<String>,
    /// The session's name, for [`Callback::named_session`]: nobody learns the secret from it.
    pub session_name: String,
    /// Where the person wanted to go. Where the provider began the sign-in, the page that it names, or the
    /// first one.
    pub return_to: LocalPath,
    /// The connection that they came by.
    pub connection: ConnectionId,
}

/// Who signed in, and what is to become of it.
pub(super) struct Proven {
    pub(super) identity: FederatedIdentity,
    pub(super) person: PersonKey,
    pub(super) proof_issued_at: UnixTime,
    pub(super) provider_session: Option<ProviderSession>,
    pub(super) oidc: Option<OidcSession>,
    /// When the provider wants the session to be over.
    pub(super) ends_at: Option<UnixTime>,
    return_to: LocalPath,
    connection: ConnectionId,
    /// The session that the browser had when it left.
    previous: Option<SessionKey>,
}

impl SignIn {
    /// Finishes the sign-in that the provider's answer belongs to, for the browser that began it; or
    /// takes the provider's word unasked, where the connection lets it begin. The session that the
    /// browser had before, as far as it is known, is over.
    ///
    /// # Errors
    /// [`SignInRefusal`]; it is recorded.
    pub async fn finish(
        &self,
        callback: Callback<'_>,
        meta: &RequestMeta,
    ) -> Result<SignedIn, SignInRefusal> {
        let _whole = self.recorder.metrics().time(Operation::SignIn, Step::Whole);
        let sent = callback.previous_session.map(session_key);
        let named = callback.named_session.and_then(session_named);
        let addressee = callback.answer.addressee().cloned();
        let origin = self.origin(&callback, meta).await;
        let known = origin.as_ref().ok().map(|it| it.connection().clone());
        let connection = known.or(addressee);
        let proven = match origin {
            Ok(origin) => self.prove(origin, &callback.answer, meta).await,
            Err(refusal) => Err(refusal),
        };
        let proven = match proven {
            Ok(proven) => proven,
            Err(refusal) => {
                let attempt = Attempted::by(connection.as_ref());
                self.record(attempt, Some(&refusal), meta).await?;
                return Err(refusal);
            }
        };
        // A session that can't be recorded stays behind a secret that nobody was told.
        let previous = [sent, named, proven.previous];
        let session = self.replace_sessions(&previous, &proven, meta).await;
        let attempt = Attempted {
            connection: connection.as_ref(),
            identity: Some(&proven.identity),
            session: session.as_ref().ok().map(|(_, session)| session),
        };
        self.record(attempt, session.as_ref().err(), meta).await?;
        let (session_secret, _) = session?;
        Ok(SignedIn {
            session_name: session_name(&session_key(session_secret.expose())),
            session_secret,
            return_to: proven.return_to,
            connection: proven.connection,
        })
    }

    /// Records that what came back is no answer, and gives the refusal.
    pub async fn refuse(
        &self,
        connection: Option<&ConnectionId>,
        refusal: SignInRefusal,
        meta: &RequestMeta,
    ) -> SignInRefusal {
        let attempt = Attempted::by(connection);
        match self.record(attempt, Some(&refusal), meta).await {
            Ok(()) => refusal,
            Err(error) => error.into(),
        }
    }

    async fn prove(
        &self,
        origin: Origin,
        answer: &Answer,
        meta: &RequestMeta,
    ) -> Result<Proven, SignInRefusal> {
        let (snapshot, turn) = match &origin {
            Origin::Here(here) => self.turn_of(here, meta).await?,
            Origin::AtProvider { connection, .. } => {
                (self.directory_with(connection, meta).await?, None)
            }
        };
        let proven = match self.proven(&snapshot, &origin, answer, meta).await {
            Ok(proven) => self.redeemed(proven, &origin, meta).await,
            Err(refusal) => Err(refusal),
        };
        let is_to_blame = matches!(&proven, Err(SignInRefusal::Unavailable(_)));
        if let Some(turn) = turn.filter(|_| is_to_blame && origin.may_be_answered_again()) {
            turn.give_back();
        }
        proven
    }

    /// Proves who the answer is about, by the snapshot at hand, and once more where that refuses and a
    /// newer one is there that may not (decision 7).
    async fn proven(
        &self,
        snapshot: &Snapshot,
        origin: &Origin,
        answer: &Answer,
        meta: &RequestMeta,
    ) -> Result<ProvenSignIn, SignInRefusal> {
        let first = self.proven_by(snapshot, origin, answer, meta).await;
        if !first.as_ref().is_err_and(SignInRefusal::may_have_changed) {
            return first;
        }
        match self.directory.newer_than(snapshot, meta.now).await? {
            Some(newer) => self.proven_by(&newer, origin, answer, meta).await,
            None => first,
        }
    }

    async fn proven_by(
        &self,
        snapshot: &Snapshot,
        origin: &Origin,
        answer: &Answer,
        meta: &RequestMeta,
    ) -> Result<ProvenSignIn, SignInRefusal> {
        let party = party(snapshot, origin.connection())?;
        let attempt = origin.under_way().map(|it| &it.attempt);
        let proving = self.recorder.metrics().time(Operation::SignIn, Step::Prove);
        let proven = self.providers.finish(party, attempt, answer, meta.now);
        let proven = proven.await;
        drop(proving);
        let proven = proven?;
        check_proven(snapshot, &proven.identity)?;
        Ok(proven)
    }

    /// Uses the attempt and the proof up: it signs one person in, once. Where the store fails between the
    /// two, or before the session is kept, the attempt is over: no write takes all of them, and one that
    /// was not confirmed may have been made, so that whatever let the answer come again could let it in
    /// twice (decision 45).
    async fn redeemed(
        &self,
        proven: ProvenSignIn,
        origin: &Origin,
        meta: &RequestMeta,
    ) -> Result<Proven, SignInRefusal> {
        if let Origin::Here(here) = origin {
            let keep_until = here.under_way.expires_at();
            let redeemed = self.marks.redeem(&here.mark, keep_until, meta.now).await?;
            if redeemed == Redeemed::Again {
                return Err(SignInRefusal::NoAttempt);
            }
        }
        let proof_issued_at = proven.identity.issued_at();
        let redeemed = proven.identity.redeem(self.marks.as_ref(), meta.now);
        Ok(Proven {
            identity: redeemed.await?,
            person: proven.person,
            proof_issued_at,
            provider_session: proven.provider_session,
            oidc: proven.oidc,
            ends_at: proven.ends_at,
            return_to: origin.return_to(),
            connection: origin.connection().clone(),
            previous: origin.under_way().and_then(UnderWay::session),
        })
    }

    /// The one turn of a sign-in, and the directory to take it by. Whatever comes of it, an answer is
    /// looked at once, unless this node is to blame and the provider was not asked for anything. Nothing
    /// is stored for it before the provider has proven somebody, so that strangers leave nothing
    /// (decision 45).
    async fn turn_of(
        &self,
        here: &Here,
        meta: &RequestMeta,
    ) -> Result<(Arc<Snapshot>, Option<Turn>), SignInRefusal> {
        if here.under_way.is_over(meta.now) {
            return Err(SignInRefusal::NoAttempt);
        }
        let connection = here.under_way.attempt.connection();
        let turn = self.answers.begin(here.key, connection)?;
        match self.directory_if_unanswered(here, meta).await {
            Ok(snapshot) => Ok((snapshot, Some(turn))),
            Err(refusal) => {
                turn.give_back();
                Err(refusal)
            }
        }
    }

    /// The directory with the connection, if no node has let anybody in for this attempt.
    async fn directory_if_unanswered(
        &self,
        here: &Here,
        meta: &RequestMeta,
    ) -> Result<Arc<Snapshot>, SignInRefusal> {
        if self.marks.is_redeemed(&here.mark, meta.now).await? {
            return Err(SignInRefusal::NoAttempt);
        }
        let connection = here.under_way.attempt.connection();
        self.directory_with(connection, meta).await
    }
}
