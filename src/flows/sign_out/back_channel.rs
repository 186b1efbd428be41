//! An OpenID Connect provider tells, by itself, that a session of its own is over (Back-Channel Logout 1.0).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, channel};

use super::{Known, LogoutRefusal, SignOut};
use crate::directory::Snapshot;
use crate::domain::{Audience, ConnectionId, IssuerName};
use crate::federation::id_token::{LoggedOut, UnverifiedLogoutToken};
use crate::federation::oidc_logout::over_mark;
use crate::federation::sign_in::oidc_person;
use crate::flows::end_sessions::{Ended, TakenKeys};
use crate::flows::kept_by_browser::ATTEMPT_SECONDS;
use crate::flows::record::Subject;
use crate::flows::request::RequestMeta;
use crate::flows::unavailable::Unavailable;
use crate::metrics::Operation;
use crate::store::{BrowserSession, Kind, Logout, SessionKey, ShortLived};

/// No session begins with one of the provider's that has been over for less than this, in seconds: a sign-in
/// takes no longer, its exchange with the provider included.
const OVER_SECONDS: i64 = ATTEMPT_SECONDS + 300;
/// The store is looked through for so long, where a provider names a session and nobody.
const MAX_TIME: Duration = Duration::from_secs(10);
/// Sessions that wait to be looked at.
const WAITING: usize = 64;

/// Whose sessions may end: those of one client of one provider.
struct Party {
    issuer: IssuerName,
    client: Audience,
}

impl SignOut {
    /// Ends the sessions that came of the one that a provider tells of, and the keys that were taken in them;
    /// how many sessions there were. `connection` is whose address the token came to.
    ///
    /// # Errors
    /// [`LogoutRefusal`]; it is recorded.
    pub async fn told(
        &self,
        connection: &str,
        token: &str,
        meta: &RequestMeta,
    ) -> Result<usize, LogoutRefusal> {
        let mut known = Known::default();
        let ended = self.end_told(connection, token, meta, &mut known).await;
        let oidc = Operation::OidcLogout;
        self.record(oidc, &known, ended.as_ref().err(), meta)
            .await?;
        ended
    }

    async fn end_told(
        &self,
        connection: &str,
        token: &str,
        meta: &RequestMeta,
        known: &mut Known,
    ) -> Result<usize, LogoutRefusal> {
        let id: ConnectionId = connection
            .parse()
            .map_err(|_| LogoutRefusal::UnknownProvider)?;
        let token = UnverifiedLogoutToken::parse(token)?;
        let snapshot = self.directory_with(&id, meta).await?;
        let settings = snapshot.connection(&id);
        let oidc = settings.and_then(|settings| settings.oidc());
        let oidc = oidc.ok_or(LogoutRefusal::UnknownProvider)?;
        known.connection = Some(id.clone());
        let told = self.oidc.verify(oidc, token, meta.now).await?;
        let party = Party {
            issuer: oidc.settings.issuer.clone().into(),
            client: oidc.settings.client_id.clone(),
        };
        known.client = Some(party.client.clone());
        let subject = told.subject.clone();
        known.person = subject.map(|subject| (party.issuer.clone(), subject));
        if self.marks.is_redeemed(&told.mark, meta.now).await? {
            return Err(LogoutRefusal::UsedAlready);
        }
        // Marked when it is done, as a SAML provider's request.
        let ended = self.end_of(&party, &told, meta).await?;
        if ended.keys == TakenKeys::GoOn {
            return Err(Unavailable::NoRoomToRevoke.into());
        }
        self.marks
            .redeem(&told.mark, told.keep_until(), meta.now)
            .await?;
        known.ended = Some(ended.count);
        tracing::info!(connection = %id, ended = ended.count, "a provider has signed a person out");
        Ok(ended.count)
    }

    async fn directory_with(
        &self,
        connection: &ConnectionId,
        meta: &RequestMeta,
    ) -> Result<Arc<Snapshot>, LogoutRefusal> {
        let snapshot = self.directory.snapshot(meta.now)?;
        if snapshot.connection(connection).is_some() {
            return Ok(snapshot);
        }
        Ok(self.directory.catch_up(meta.now).await?)
    }

    /// Ends what came of the provider's session, or all that came of the person's where it names none.
    async fn end_of(
        &self,
        party: &Party,
        told: &LoggedOut,
        meta: &RequestMeta,
    ) -> Result<Ended, Unavailable> {
        let by = Subject::Node;
        let subject = told.subject.as_ref();
        let person = subject.map(|subject| oidc_person(&party.issuer, subject));
        let Some(sid) = &told.sid else {
            let (Some(person), Some(subject)) = (&person, subject) else {
                return Ok(Ended {
                    count: 0,
                    keys: TakenKeys::Over,
                });
            };
            let logout = Logout {
                at: told.issued_at,
                keep_until: meta.now.plus(ATTEMPT_SECONDS),
            };
            let who = (person, &party.issuer, subject);
            return self.ends.all_of(who, logout, by, meta).await;
        };
        let over = over_mark(&party.issuer, &party.client, sid);
        let keep_until = meta.now.plus(OVER_SECONDS);
        self.marks.redeem(&over, keep_until, meta.now).await?;
        let Some(person) = person else {
            return self.end_found(party, sid, meta).await;
        };
        let mut own = self.sessions.sessions_of(&person, meta.now).await?;
        // One of which it is not known what it came of ends as well.
        own.retain(|(_, session)| {
            party.is_of(session) && sid_of(session).is_none_or(|own| own == sid)
        });
        self.ends.these(&own, by, meta).await
    }

    /// Ends the sessions that came of the provider's one of this name, whoever has them: those that were found
    /// in time end though others may be left.
    async fn end_found(
        &self,
        party: &Party,
        sid: &str,
        meta: &RequestMeta,
    ) -> Result<Ended, Unavailable> {
        let (into, records) = channel(WAITING);
        let mut which = Vec::new();
        let look = async {
            tokio::join!(
                self.stock.take_stock(Kind::Session, meta.now, into),
                find(&mut which, records, |session| {
                    party.is_of(session) && sid_of(session) == Some(sid)
                })
            )
        };
        let looked = tokio::time::timeout(MAX_TIME, look).await;
        let ended = self.ends.these(&which, Subject::Node, meta).await?;
        let (taken, ()) = looked.map_err(|_late| Unavailable::NotLookedThrough)?;
        taken?;
        Ok(ended)
    }
}

impl Party {
    fn is_of(&self, session: &BrowserSession) -> bool {
        let identity = &session.identity;
        identity.issuer == self.issuer && identity.audience == self.client
    }
}

fn sid_of(session: &BrowserSession) -> Option<&str> {
    session.details.oidc.as_ref()?.sid.as_deref()
}

async fn find(
    found: &mut Vec<(SessionKey, BrowserSession)>,
    mut records: Receiver<ShortLived>,
    is_meant: impl Fn(&BrowserSession) -> bool,
) {
    while let Some(record) = records.recv().await {
        if let ShortLived::Session(key, session) = record
            && is_meant(&session)
        {
            found.push((key, *session));
        }
    }
}
