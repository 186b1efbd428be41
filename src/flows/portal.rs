//! What a person who signed in may do: see their roles, take credentials for one, sign out.
//!
//! ```text
//! session ── mapping::apply ── each role: linked provider, policy: would_permit ── the list
//! session + role ── mapping::apply ── policy::decide ── credentials::issue ── recorded
//! ```
//! Each time anew: a rule, a trust policy or a link that changed counts from the next click on.

use std::fmt;
use std::sync::Arc;

use super::assume_role_error::AssumeRoleError;
use super::assume_role_with_web_identity::terms;
use super::record::{AssumeRecord, PortalRecord, Recorder};
use super::request::RequestMeta;
use super::sign_in::{session_key, sha256};
use super::unavailable::Unavailable;
use super::web_identity;
use crate::audit::EventSource;
use crate::credentials::{self, Issued};
use crate::directory::{LiveDirectory, RoleEntry, Snapshot};
use crate::domain::{
    FederatedIdentity, Lineage, OidcProviderArn, ProviderRef, RoleArn, RuleId, Secret,
    SessionDuration, UnixTime,
};
use crate::entropy::Entropy;
use crate::mapping::{self, MappedRole, RuleTrace};
use crate::policy::{self, AssumeAction, Assumption, Caller, Decision, Preview};
use crate::store::{BrowserSession, Sessions};

/// A session is noted as used at most once in so many seconds.
const TOUCH_SECONDS: i64 = 60;

/// A person's session, open.
#[derive(Debug, Clone)]
pub struct OpenBrowserSession {
    secret: Secret<String>,
    /// What it holds.
    pub session: BrowserSession,
}

impl OpenBrowserSession {
    /// What every form of this session's pages must carry.
    pub fn csrf_token(&self) -> Secret<String> {
        let text = ["rolegate form ", self.secret.expose()].concat();
        Secret::new(data_encoding::BASE64URL_NOPAD.encode(&sha256(&text)))
    }

    /// Whether a form carries it; compared in constant time.
    pub fn is_own_form(&self, token: &str) -> bool {
        let own = self.csrf_token();
        aws_lc_rs::constant_time::verify_slices_are_equal(own.expose().as_bytes(), token.as_bytes())
            .is_ok()
    }
}

/// A role that a person may take.
#[derive(Debug, Clone)]
pub struct OfferedRole {
    /// The role.
    pub entry: Arc<RoleEntry>,
    /// The rule that gives it.
    pub rule: RuleId,
    /// The longest session.
    pub longest: SessionDuration,
}

/// What a person may take, and how that came about.
#[derive(Debug, Clone)]
pub struct Offers {
    /// The directory that it was decided by.
    pub snapshot: Arc<Snapshot>,
    /// Every role, by account and name.
    pub roles: Vec<OfferedRole>,
    /// What became of every rule.
    pub trace: Vec<RuleTrace>,
}

/// What bounds a session's length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// The role's own maximum.
    Role,
    /// The rule that gave the role.
    Rule(RuleId),
    /// The end of the sign-in.
    SignIn,
}

/// Credentials that a person took.
#[derive(Debug)]
pub struct TakenCredentials {
    /// The credentials.
    pub issued: Issued,
    /// The role.
    pub role: Arc<RoleEntry>,
    /// The directory that it was decided by.
    pub snapshot: Arc<Snapshot>,
    /// What was asked for.
    pub asked: SessionDuration,
    /// What was given.
    pub given: SessionDuration,
    /// Every bound, in seconds.
    pub bounds: Vec<(Bound, u32)>,
}

/// The flow and what it needs.
#[derive(Clone)]
pub struct Portal {
    /// Rules, roles, links, sealing keys.
    pub directory: Arc<LiveDirectory>,
    /// Where sessions are kept.
    pub sessions: Arc<dyn Sessions>,
    /// Where it is recorded.
    pub recorder: Arc<Recorder>,
    /// Randomness for keys and tokens.
    pub entropy: Arc<dyn Entropy>,
    /// Claims older than so many seconds give nothing any more (decision 18).
    pub max_claim_age: i64,
}

impl fmt::Debug for Portal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Portal")
    }
}

impl Portal {
    /// The session that a cookie opens; `None` where there is none, or it is over.
    ///
    /// # Errors
    /// [`Unavailable`] where the store can't say.
    pub async fn open(
        &self,
        secret: &str,
        now: UnixTime,
    ) -> Result<Option<OpenBrowserSession>, Unavailable> {
        let key = session_key(secret);
        let Some(session) = self.sessions.find(&key, now).await? else {
            return Ok(None);
        };
        if now.since(session.identity.proved_at) > self.max_claim_age {
            self.sessions.end(&key).await?;
            return Ok(None);
        }
        if now.since(session.last_seen) >= TOUCH_SECONDS {
            self.sessions.touch(&key, now).await?;
        }
        Ok(Some(OpenBrowserSession {
            secret: Secret::new(secret.to_owned()),
            session,
        }))
    }

    /// Ends the session at once.
    ///
    /// # Errors
    /// [`Unavailable`]; the session may go on then.
    pub async fn sign_out(
        &self,
        open: &OpenBrowserSession,
        meta: &RequestMeta,
    ) -> Result<(), Unavailable> {
        let record = PortalRecord {
            name: "SignOut",
            connection: None,
            identity: Some(&open.session.identity),
            refused: None,
        };
        self.recorder.portal(meta, &record).await?;
        self.sessions
            .end(&session_key(open.secret.expose()))
            .await?;
        Ok(())
    }

    /// The roles that the person may take at this moment.
    ///
    /// # Errors
    /// [`Unavailable`] where the directory can't be vouched for.
    pub fn offers(
        &self,
        open: &OpenBrowserSession,
        meta: &RequestMeta,
    ) -> Result<Offers, Unavailable> {
        let snapshot = self.directory.snapshot(meta.now)?;
        let mapped = mapping::apply(snapshot.rules(), &open.session.identity);
        let mut roles: Vec<OfferedRole> = mapped
            .grants
            .iter()
            .filter_map(|mapped| offer(mapped, open, &snapshot, meta))
            .collect();
        roles.sort_by(|one, other| one.entry.arn.cmp(&other.entry.arn));
        Ok(Offers {
            snapshot,
            roles,
            trace: mapped.trace,
        })
    }

    /// Credentials for `role`, for as long as was asked and is allowed.
    ///
    /// # Errors
    /// [`AssumeRoleError`]; it is recorded, and nothing was issued.
    pub async fn take(
        &self,
        open: &OpenBrowserSession,
        role: &RoleArn,
        asked: SessionDuration,
        meta: &RequestMeta,
    ) -> Result<TakenCredentials, AssumeRoleError> {
        let snapshot = self.directory.snapshot(meta.now)?;
        let identity = &open.session.identity;
        let mut mapped = mapping::apply(snapshot.rules(), identity).grants;
        let position = mapped.iter().position(|mapped| mapped.role == *role);
        let mapped = position.map(|position| mapped.swap_remove(position));
        let result = match &mapped {
            None => Err(AssumeRoleError::NotMapped),
            Some(mapped) => self.issue(open, mapped, asked, &snapshot, meta),
        };
        let record = AssumeRecord {
            source: EventSource::SignIn,
            role,
            session: mapped.as_ref().map(|mapped| &mapped.session_name),
            duration: asked,
            identity: Some(identity),
            lineage: result.as_ref().ok().map(|taken| &taken.issued.lineage),
            result: result.as_ref().map(|taken| &taken.issued),
        };
        self.recorder
            .assumption(meta, "TakeRoleCredentials", &record)
            .await?;
        result
    }

    fn issue(
        &self,
        open: &OpenBrowserSession,
        mapped: &MappedRole,
        asked: SessionDuration,
        snapshot: &Arc<Snapshot>,
        meta: &RequestMeta,
    ) -> Result<TakenCredentials, AssumeRoleError> {
        let provider =
            snapshot.linked_provider(connection(&open.session.identity)?, mapped.role.account());
        let provider = provider.ok_or(AssumeRoleError::NotLinked)?;
        let entry = snapshot.role(&mapped.role);
        let bounds = bounds(open, mapped, entry.map(Arc::as_ref), meta.now);
        let given = shortest(asked, &bounds);
        let assumption = assumption(open, mapped, provider, given, snapshot.generation(), meta);
        let grant = match policy::decide(assumption, entry.map(|entry| terms(entry))) {
            Decision::Permit(grant) => grant,
            Decision::Deny(denial) => return Err(AssumeRoleError::Denied(denial)),
        };
        let role = entry.ok_or(AssumeRoleError::NotMapped)?;
        let issued = credentials::issue(
            grant,
            Vec::new(),
            snapshot.keys(),
            meta.now,
            self.entropy.as_ref(),
        )?;
        Ok(TakenCredentials {
            issued,
            role: Arc::clone(role),
            snapshot: Arc::clone(snapshot),
            asked,
            given,
            bounds,
        })
    }
}

fn offer(
    mapped: &MappedRole,
    open: &OpenBrowserSession,
    snapshot: &Snapshot,
    meta: &RequestMeta,
) -> Option<OfferedRole> {
    let entry = snapshot.role(&mapped.role)?;
    let connection = connection(&open.session.identity).ok()?;
    let provider = snapshot.linked_provider(connection, mapped.role.account())?;
    let longest = shortest(
        SessionDuration::MAX,
        &bounds(open, mapped, Some(entry), meta.now),
    );
    let assumption = assumption(open, mapped, provider, longest, snapshot.generation(), meta);
    match policy::would_permit(&assumption, Some(terms(entry))) {
        Preview::WouldPermit(_) => Some(OfferedRole {
            entry: Arc::clone(entry),
            rule: mapped.rule.clone(),
            longest,
        }),
        Preview::WouldDeny(_) => None,
    }
}

fn assumption<'a>(
    open: &'a OpenBrowserSession,
    mapped: &MappedRole,
    provider: &'a OidcProviderArn,
    duration: SessionDuration,
    generation: u64,
    meta: &RequestMeta,
) -> Assumption<'a> {
    let identity = &open.session.identity;
    Assumption {
        action: AssumeAction::WithWebIdentity,
        caller: Caller::Federated {
            provider: provider.as_str(),
        },
        context: web_identity::context(identity, meta),
        session: mapped.session_name.clone(),
        tags: mapped.tags.clone(),
        source_identity: mapped.source_identity.clone(),
        duration,
        lineage: Lineage {
            provider: identity.provider.clone(),
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            rule: Some(mapped.rule.clone()),
            generation,
            sign_in: Some(open.session.sign_in),
            chain_depth: 0,
        },
    }
}

/// Only a connection feeds the portal.
fn connection(
    identity: &FederatedIdentity,
) -> Result<&crate::domain::ConnectionId, AssumeRoleError> {
    match &identity.provider {
        ProviderRef::Connection(id) => Ok(id),
        ProviderRef::Account(_) => Err(AssumeRoleError::NotLinked),
    }
}

/// What bounds a session of this role. The sign-in's end bounds it too, but never below the
/// shortest session.
fn bounds(
    open: &OpenBrowserSession,
    mapped: &MappedRole,
    role: Option<&RoleEntry>,
    now: UnixTime,
) -> Vec<(Bound, u32)> {
    let left = u32::try_from(open.session.ends_at.since(now)).unwrap_or(0);
    let role = role.map(|entry| (Bound::Role, entry.role.max_session_duration.seconds()));
    let rule = mapped
        .duration_cap
        .map(|cap| (Bound::Rule(mapped.rule.clone()), cap.seconds()));
    let sign_in = (Bound::SignIn, left.max(SessionDuration::MIN.seconds()));
    role.into_iter().chain(rule).chain([sign_in]).collect()
}

fn shortest(asked: SessionDuration, bounds: &[(Bound, u32)]) -> SessionDuration {
    let bound = bounds
        .iter()
        .map(|(_, seconds)| *seconds)
        .min()
        .unwrap_or(0);
    SessionDuration::from_seconds(asked.seconds().min(bound)).unwrap_or(SessionDuration::MIN)
}
