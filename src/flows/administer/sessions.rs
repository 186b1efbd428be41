//! Which browsers are signed in.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, channel};

use super::{Act, AdminAction, AdminError, Administration};
use crate::directory::{DirectoryError, Snapshot};
use crate::domain::{ConnectionId, IssuerName, ProviderRef, RoleArn, RuleId, Subject, UnixTime};
use crate::flows::authenticate::Caller;
use crate::flows::record::{Outcome, Subject as RecordedSubject};
use crate::flows::request::RequestMeta;
use crate::flows::revoked::check_session;
use crate::mapping;
use crate::store::{BrowserSession, Kind, ShortLived};

/// So many are listed unless said otherwise.
pub const USUAL_LISTED: u16 = 100;
/// The most that are listed.
pub const MAX_LISTED: u16 = 1_000;
/// The store is looked through for so long.
const MAX_TIME: Duration = Duration::from_secs(30);
/// Sessions that wait to be looked at.
const WAITING: usize = 64;

/// Whose sessions are wanted: those that fit everything that is said.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionQuery {
    /// A person's: the issuer and what it calls them.
    pub person: Option<Person>,
    /// Of those who came by this connection.
    pub connection: Option<ConnectionId>,
    /// Of those to whom the rules give this role now.
    pub role: Option<RoleArn>,
    /// Of those to whom this rule gives a role now.
    pub rule: Option<RuleId>,
    /// So many at most, 1 to [`MAX_LISTED`].
    pub limit: Option<u16>,
}

/// A person, as a provider names them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Who vouches for them; an entity id of SAML has `saml:` before it.
    pub issuer: IssuerName,
    /// How they are called there.
    pub subject: Subject,
}

/// A browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ListedSession {
    /// The sign-in's id, which `revoke session` takes.
    pub id: String,
    /// Who.
    #[serde(flatten)]
    pub person: Person,
    /// What pages call them.
    pub display_name: String,
    /// How they came.
    pub connection: ConnectionId,
    /// When they signed in (RFC 3339).
    pub created_at: String,
    /// When the browser last asked for something.
    pub last_seen: String,
    /// When the session ends at the latest.
    pub ends_at: String,
}

/// The sessions that fit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ListedSessions {
    /// Those that were used last, newest first.
    pub sessions: Vec<ListedSession>,
    /// How many there are, listed or not.
    pub found: usize,
    /// Whether the whole store was looked through in the time that there is.
    pub is_whole: bool,
}

impl Administration {
    /// The browsers that are signed in and fit the query. What changes meanwhile may be missing.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn sessions(
        &self,
        caller: &Caller,
        query: &SessionQuery,
        meta: &RequestMeta,
    ) -> Result<ListedSessions, AdminError> {
        let act = Act {
            caller,
            action: AdminAction::ListSessions,
            meta,
        };
        let snapshot = self.authorise(&act).await?;
        let listed = match self.look_through(&snapshot, query, meta.now).await {
            Ok(listed) => listed,
            Err(error) => return Err(self.failed(&act, error).await),
        };
        let subject = RecordedSubject::Caller(caller);
        self.recorder
            .admin(meta, &subject, AdminAction::ListSessions, Outcome::Done)
            .await?;
        Ok(listed)
    }

    async fn look_through(
        &self,
        snapshot: &Snapshot,
        query: &SessionQuery,
        now: UnixTime,
    ) -> Result<ListedSessions, AdminError> {
        let limit = query.limit.unwrap_or(USUAL_LISTED);
        if !(1..=MAX_LISTED).contains(&limit) {
            return Err(AdminError::Limit);
        }
        let (into, records) = channel(WAITING);
        let mut newest = Newest::new(limit.into());
        let look = async {
            let (taken, ()) = tokio::join!(
                self.stock.take_stock(Kind::Session, now, into),
                newest.take(records, |session| query.fits(snapshot, session))
            );
            taken
        };
        let is_whole = match tokio::time::timeout(MAX_TIME, look).await {
            Ok(taken) => taken.map(|()| true).map_err(DirectoryError::from)?,
            Err(_late) => false,
        };
        let found = newest.found;
        Ok(ListedSessions {
            sessions: newest.into_listed(),
            found,
            is_whole,
        })
    }
}

impl SessionQuery {
    fn fits(&self, snapshot: &Snapshot, session: &BrowserSession) -> bool {
        let identity = &session.identity;
        let is_of = |person: &Person| {
            person.issuer == identity.issuer && person.subject == identity.subject
        };
        let is_by = |id: &ConnectionId| identity.provider == ProviderRef::Connection(id.clone());
        self.person.as_ref().is_none_or(is_of)
            && self.connection.as_ref().is_none_or(is_by)
            && check_session(snapshot, session).is_ok()
            && self.is_given(snapshot, session)
    }

    fn is_given(&self, snapshot: &Snapshot, session: &BrowserSession) -> bool {
        if self.role.is_none() && self.rule.is_none() {
            return true;
        }
        let mapped = mapping::apply(snapshot.rules(), &session.identity);
        mapped.grants.iter().any(|grant| {
            self.role.as_ref().is_none_or(|role| *role == grant.role)
                && self.rule.as_ref().is_none_or(|rule| *rule == grant.rule)
        })
    }
}

/// Those that were used last.
struct Newest {
    /// By when they were used last; a record that comes twice is one.
    kept: BTreeMap<(Reverse<UnixTime>, String), ListedSession>,
    limit: usize,
    found: usize,
}

impl Newest {
    const fn new(limit: usize) -> Self {
        Self {
            kept: BTreeMap::new(),
            limit,
            found: 0,
        }
    }

    async fn take(
        &mut self,
        mut records: Receiver<ShortLived>,
        fits: impl Fn(&BrowserSession) -> bool,
    ) {
        while let Some(record) = records.recv().await {
            if let ShortLived::Session(_, session) = record
                && fits(&session)
            {
                self.put(&session);
            }
        }
    }

    fn put(&mut self, session: &BrowserSession) {
        let Some(listed) = ListedSession::of(session) else {
            return;
        };
        let place = (Reverse(session.last_seen), listed.id.clone());
        if self.kept.insert(place, listed).is_none() {
            self.found += 1;
        }
        if self.kept.len() > self.limit {
            self.kept.pop_last();
        }
    }

    fn into_listed(self) -> Vec<ListedSession> {
        self.kept.into_values().collect()
    }
}

impl ListedSession {
    /// None has come by anything but a connection.
    fn of(session: &BrowserSession) -> Option<Self> {
        let identity = &session.identity;
        let ProviderRef::Connection(connection) = &identity.provider else {
            return None;
        };
        Some(Self {
            id: session.sign_in.to_string(),
            person: Person {
                issuer: identity.issuer.clone(),
                subject: identity.subject.clone(),
            },
            display_name: session.display_name.clone(),
            connection: connection.clone(),
            created_at: session.created_at.to_string(),
            last_seen: session.last_seen.to_string(),
            ends_at: session.ends_at.to_string(),
        })
    }
}
