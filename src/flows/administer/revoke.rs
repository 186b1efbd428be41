//! Revocation: sessions end before their time.

use std::str::FromStr;
use std::sync::Arc;

use super::{Act, AdminAction, AdminError, Administration, Applied};
use crate::directory::{Change, PolicyWarnings, Revocation, Revocations, Revoked, Snapshot, User};
use crate::domain::{
    AccessKeyId, ConnectionId, InvalidValue, IssuerName, KeyKind, RoleArn, RuleId, ServiceName,
    SignInId, Subject, UnixTime, UserArn,
};
use crate::flows::authenticate::Caller;
use crate::flows::request::RequestMeta;
use crate::store::Generation;

/// There are never more revocations that still end something: each session is held against them.
pub const MAX_REVOCATIONS: usize = 10_000;
/// Where somebody changes the directory at the same time, it is tried so often.
const ATTEMPTS: usize = 64;

/// Whose sessions are to end.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RevokeTarget {
    /// One session.
    Session(SessionId),
    /// All of a person.
    Person {
        /// Who vouches for them; an entity id of SAML has `saml:` before it.
        issuer: IssuerName,
        /// How they are called there.
        subject: Subject,
    },
    /// All that came by a connection.
    Connection(ConnectionId),
    /// All of a role.
    Role(RoleArn),
    /// All that came of a user's keys.
    User(UserArn),
    /// All that a mapping rule gave.
    Rule(RuleId),
    /// All that there are.
    Everything,
    /// All that came of a service's keys.
    Service(ServiceName),
}

/// A session's name in the audit log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SessionId {
    /// The id of a browser's sign-in.
    SignIn(SignInId),
    /// A temporary access key.
    AccessKey(AccessKeyId),
}

impl FromStr for SessionId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid =
            || InvalidValue::new("session", "an access key ASIA…, or the UUID of a sign-in");
        if let Ok(id) = text.parse() {
            return Ok(Self::SignIn(id));
        }
        let key: AccessKeyId = text.parse().map_err(|_| invalid())?;
        match key.kind() {
            Some(KeyKind::Temporary) => Ok(Self::AccessKey(key)),
            Some(KeyKind::LongTerm) | None => Err(invalid()),
        }
    }
}

impl TryFrom<String> for SessionId {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<SessionId> for String {
    fn from(id: SessionId) -> Self {
        match id {
            SessionId::SignIn(id) => id.to_string(),
            SessionId::AccessKey(key) => key.to_string(),
        }
    }
}

impl RevokeTarget {
    /// The action that the caller must be allowed.
    pub const fn action(&self) -> AdminAction {
        match self {
            Self::Session(_) => AdminAction::RevokeSession,
            Self::Person { .. } => AdminAction::RevokePerson,
            Self::Connection(_) => AdminAction::RevokeConnection,
            Self::Role(_) => AdminAction::RevokeRole,
            Self::User(_) => AdminAction::RevokeUser,
            Self::Rule(_) => AdminAction::RevokeRule,
            Self::Everything => AdminAction::RevokeEverything,
            Self::Service(_) => AdminAction::RevokeService,
        }
    }

    /// What the directory keeps of it. A session or a person need not be known; what has a place in the
    /// directory must be there, or the name is a mistake.
    fn revoked(&self, snapshot: &Snapshot) -> Result<Revoked, AdminError> {
        let missing = |what, name: &str| AdminError::NotThere {
            what,
            name: name.to_owned(),
        };
        match self {
            Self::Session(SessionId::SignIn(id)) => Ok(Revoked::SignIn(*id)),
            Self::Session(SessionId::AccessKey(key)) => Ok(Revoked::AccessKey(key.clone())),
            Self::Person { issuer, subject } => {
                Ok(Revoked::Person(issuer.clone(), subject.clone()))
            }
            Self::Connection(id) => {
                let found = snapshot.connection(id);
                found.ok_or_else(|| missing("connection", id.as_str()))?;
                Ok(Revoked::Connection(id.clone()))
            }
            Self::Role(arn) => {
                let found = snapshot.role(arn);
                let entry = found.ok_or_else(|| missing("role", arn.as_str()))?;
                Ok(Revoked::Role(entry.role.unique_id.clone()))
            }
            Self::User(arn) => {
                let account = snapshot.account(arn.account());
                let user = account.and_then(|account| account.users.get(arn.name()));
                let is_it = |user: &Arc<User>| {
                    user.path == *arn.path() && arn.partition() == snapshot.partition()
                };
                let found = user.filter(|user| is_it(user));
                let user = found.ok_or_else(|| missing("user", arn.as_str()))?;
                Ok(Revoked::Role(user.unique_id.clone()))
            }
            Self::Rule(id) => {
                let found = snapshot.directory().rules.get(id);
                found.ok_or_else(|| missing("rule", id.as_str()))?;
                Ok(Revoked::Rule(id.clone()))
            }
            Self::Everything => Ok(Revoked::Everything),
            Self::Service(name) => {
                let found = snapshot.service(name);
                found.ok_or_else(|| missing("service", name.as_str()))?;
                Ok(Revoked::Service(name.clone()))
            }
        }
    }
}

impl Administration {
    /// Ends the target's sessions: every node refuses them once it knows. Whoever may sign in or assume
    /// a role may do so anew.
    ///
    /// # Errors
    /// [`AdminError`]; nothing was revoked, unless the store could not say whether it was.
    pub async fn revoke(
        &self,
        caller: &Caller,
        target: &RevokeTarget,
        meta: &RequestMeta,
    ) -> Result<Applied, AdminError> {
        let act = Act {
            caller,
            action: target.action(),
            meta,
        };
        let mut attempt = 1;
        loop {
            match self.revoke_now(&act, target).await {
                Err(AdminError::Conflict { .. }) if attempt < ATTEMPTS => attempt += 1,
                done => return done,
            }
        }
    }

    async fn revoke_now(
        &self,
        act: &Act<'_>,
        target: &RevokeTarget,
    ) -> Result<Applied, AdminError> {
        let _turn = self.directory.turn().await;
        // Who waited, or came too late, may have been shut out meanwhile.
        let snapshot = self.authorise(act).await?;
        let changes = match changes(&snapshot, target, act.meta.now) {
            Ok(changes) => changes,
            Err(error) => return Err(self.failed(act, error).await),
        };
        let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
        let generation = self.commit(act, &snapshot, changes).await?;
        Ok(Applied {
            generation,
            changes: lines,
            notes: Vec::new(),
            warnings: PolicyWarnings::default(),
        })
    }
}

/// The revocation, and that those are forgotten which end nothing any more.
fn changes(
    snapshot: &Snapshot,
    target: &RevokeTarget,
    now: UnixTime,
) -> Result<Vec<Change>, AdminError> {
    let revoked = target.revoked(snapshot)?;
    if revoked == Revoked::Everything {
        return Ok(everything(
            snapshot.revocations(),
            snapshot.generation(),
            now,
        ));
    }
    let kept = snapshot.revocations();
    let mut changes: Vec<Change> = kept.past(now).map(Change::ForgetRevocation).collect();
    if kept.len() - changes.len() >= MAX_REVOCATIONS {
        return Err(AdminError::TooManyRevocations);
    }
    let revocation = Revocation {
        up_to: snapshot.generation(),
        at: now,
    };
    changes.push(Change::Revoke(revoked, revocation));
    Ok(changes)
}

/// That everything of before is over. It takes in whatever was revoked until now, however much that is.
pub fn everything(kept: &Revocations, generation: Generation, now: UnixTime) -> Vec<Change> {
    let taken_in = kept.iter().map(|(revoked, _)| revoked);
    let taken_in = taken_in.filter(|revoked| *revoked != Revoked::Everything);
    let mut changes: Vec<Change> = taken_in.map(Change::ForgetRevocation).collect();
    // Another node's clock may have been ahead.
    let latest = kept.iter().map(|(_, revocation)| revocation.at).max();
    let revocation = Revocation {
        up_to: generation,
        at: latest.map_or(now, |latest| latest.max(now)),
    };
    changes.push(Change::Revoke(Revoked::Everything, revocation));
    changes
}
