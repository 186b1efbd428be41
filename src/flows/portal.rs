//! What a person who signed in may do: see their roles, mark some as favourites, take credentials for one.
//!
//! ```text
//! session ── mapping::apply ── each role: linked provider, policy: would_permit ── the list
//! session + role ── mapping::apply ── policy::decide ── credentials::issue ── recorded
//! ```
//! Each time anew: a rule, a trust policy or a link that changed counts from the next click on.

mod choice;
mod own_roles;
mod session;
mod wanted;
mod why_not;

use std::fmt;
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;

pub(super) use self::choice::verdicts;
use self::choice::{Choice, is_connected, shortest};
pub use self::own_roles::{
    MAX_RECENT_SHOWN, MAX_TAKEN_WAITING, OwnOffers, OwnRoles, Star, StarError,
};
pub use self::wanted::WantedRole;
pub use self::why_not::{Finding, RoleStanding, WhyNot};
use super::assume_role_error::AssumeRoleError;
use super::assume_role_with_web_identity::terms;
use super::misses::is_silence;
use super::rates::admit_person;
use super::reach::reach;
use super::record::{AssumeRecord, Recorder};
use super::request::RequestMeta;
use super::revoked::check_session;
use super::sign_in::{session_key, sha256};
use super::unavailable::Unavailable;
use crate::audit::EventSource;
use crate::credentials::{self, Extent, Issued, Mint};
use crate::decisions::{Beside, TracedBound};
use crate::directory::{LiveDirectory, Role, Snapshot};
use crate::domain::{FederatedIdentity, RoleArn, RuleId, Secret, SessionDuration, UnixTime};
use crate::entropy::{Entropy, draw};
use crate::mapping::{self, MappedRole, RuleTrace};
use crate::metrics::{Operation, Step};
use crate::policy::{self, Decision};
use crate::store::{BrowserSession, SessionKey, Sessions, TakenRole};
use crate::throttle::Throttle;

const TAKING: Operation = Operation::TakeRoleCredentials;

/// A session is noted as used at most once in so many seconds.
const TOUCH_SECONDS: i64 = 60;

/// A person's session, open.
#[derive(Debug, Clone)]
pub struct OpenBrowserSession {
    secret: Secret<String>,
    /// Drawn for this request.
    mask: [u8; 32],
    /// What it holds.
    pub session: BrowserSession,
}

impl OpenBrowserSession {
    /// The name of its record.
    pub(super) fn key(&self) -> SessionKey {
        session_key(self.secret.expose())
    }

    /// What every form of this session's pages must carry: a mask that is drawn for each request, and the
    /// session's own token under it. So no two pages have the same bytes, and nothing can be learnt of them
    /// by how well a page is compressed (BREACH).
    pub fn csrf_token(&self) -> Secret<String> {
        let masked = xor(self.own_token(), self.mask);
        Secret::new(BASE64URL_NOPAD.encode(&[self.mask, masked].concat()))
    }

    /// Whether a form carries it, under whichever mask; compared in constant time.
    pub fn is_own_form(&self, token: &str) -> bool {
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes());
        let Ok(bytes) = <[u8; 64]>::try_from(bytes.unwrap_or_default()) else {
            return false;
        };
        let (mask, masked) = bytes.split_at(32);
        let halves = (<[u8; 32]>::try_from(mask), <[u8; 32]>::try_from(masked));
        let (Ok(mask), Ok(masked)) = halves else {
            return false;
        };
        let (token, own) = (xor(masked, mask), self.own_token());
        aws_lc_rs::constant_time::verify_slices_are_equal(&token, &own).is_ok()
    }

    fn own_token(&self) -> [u8; 32] {
        sha256(&["rolegate form ", self.secret.expose()].concat())
    }
}

fn xor(mut one: [u8; 32], other: [u8; 32]) -> [u8; 32] {
    for (byte, other) in one.iter_mut().zip(other) {
        *byte ^= other;
    }
    one
}

/// A role that a person may take.
#[derive(Debug, Clone)]
pub struct OfferedRole {
    /// The role's ARN.
    pub arn: RoleArn,
    /// The role.
    pub role: Arc<Role>,
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

impl Offers {
    /// The offer of this role, where there is one.
    pub fn find(&self, role: &RoleArn) -> Option<&OfferedRole> {
        let found = self.roles.binary_search_by(|own| own.arn.cmp(role));
        self.roles.get(found.ok()?)
    }
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
    /// What the provider's assertion asks for.
    Provider,
}

/// Credentials that a person took.
#[derive(Debug)]
pub struct TakenCredentials {
    /// The credentials.
    pub issued: Issued,
    /// The role's ARN.
    pub arn: RoleArn,
    /// The role.
    pub role: Arc<Role>,
    /// The directory that it was decided by.
    pub snapshot: Arc<Snapshot>,
    /// What was asked for.
    pub asked: SessionDuration,
    /// What was given.
    pub given: SessionDuration,
    /// Every bound, in seconds.
    pub bounds: Vec<(Bound, u32)>,
}

impl TakenCredentials {
    /// What bounded them, as a trace has it.
    fn traced_bounds(&self) -> Vec<TracedBound> {
        let bounds = self.bounds.iter();
        bounds
            .map(|(bound, seconds)| TracedBound {
                of: match bound {
                    Bound::Role => "the role's maximum".into(),
                    Bound::Rule(rule) => format!("the rule {rule}").into(),
                    Bound::SignIn => "the end of the sign-in".into(),
                    Bound::Provider => "what the provider asked for".into(),
                },
                seconds: *seconds,
            })
            .collect()
    }
}

/// The flow and what it needs.
#[derive(Clone)]
pub struct Portal {
    /// Rules, roles, links, sealing keys.
    pub directory: Arc<LiveDirectory>,
    /// Where sessions are kept.
    pub sessions: Arc<dyn Sessions>,
    /// Favourites, and the roles that were taken last.
    pub own_roles: OwnRoles,
    /// How often somebody may take credentials.
    pub throttle: Arc<Throttle>,
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
    /// The session that a cookie opens; `None` where there is none, or it is over: idle, past its
    /// end, by claims that are too old, revoked, or of a connection that has another issuer or client by
    /// now.
    ///
    /// # Errors
    /// [`Unavailable`] where the store or the directory can't say.
    pub async fn open(
        &self,
        secret: &str,
        now: UnixTime,
    ) -> Result<Option<OpenBrowserSession>, Unavailable> {
        let key = session_key(secret);
        let Some(session) = self.sessions.find(&key, now).await? else {
            return Ok(None);
        };
        let is_too_old = now.since(session.identity.proved_at) > self.max_claim_age;
        let is_connected = self.is_still_connected(&session.identity, now).await?;
        let revoked = check_session(&*self.directory.snapshot(now)?, &session);
        if is_too_old || !is_connected || revoked.is_err() {
            self.sessions.end(&key).await?;
            return Ok(None);
        }
        if now.since(session.last_seen) >= TOUCH_SECONDS {
            self.sessions.touch(&key, now).await?;
        }
        Ok(Some(OpenBrowserSession {
            secret: Secret::new(secret.to_owned()),
            mask: draw(self.entropy.as_ref())?,
            session,
        }))
    }

    /// A session may have been made on a node that knew the connection's new provider before this
    /// one does: before it is ended, the newest directory is asked (decision 7).
    async fn is_still_connected(
        &self,
        identity: &FederatedIdentity,
        now: UnixTime,
    ) -> Result<bool, Unavailable> {
        Ok(is_connected(&*self.directory.snapshot(now)?, identity)
            || is_connected(&*self.directory.catch_up(now).await?, identity))
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
        self.mapped_offers(open, meta).map(|(offers, _)| offers)
    }

    /// The same, and what rules give before trust policies are asked.
    fn mapped_offers(
        &self,
        open: &OpenBrowserSession,
        meta: &RequestMeta,
    ) -> Result<(Offers, Vec<MappedRole>), Unavailable> {
        let snapshot = self.directory.snapshot(meta.now)?;
        let mapped = mapping::apply(snapshot.rules(), &open.session.identity);
        let choice = |mapped| Choice {
            session: &open.session,
            mapped,
            snapshot: &snapshot,
            meta,
        };
        let mut roles: Vec<OfferedRole> = mapped
            .grants
            .iter()
            .filter_map(|mapped| choice(mapped).offer())
            .collect();
        roles.sort_by(|one, other| one.arn.cmp(&other.arn));
        let offers = Offers {
            snapshot,
            roles,
            trace: mapped.trace,
        };
        Ok((offers, mapped.grants))
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
        let _whole = self.recorder.metrics().time(TAKING, Step::Whole);
        let identity = &open.session.identity;
        let (snapshot, mapped, rules) = self.mapped_role(identity, role, meta).await?;
        let result = match &mapped {
            None => Err(AssumeRoleError::NotMapped),
            Some(mapped) => {
                let choice = Choice {
                    session: &open.session,
                    mapped,
                    snapshot: &snapshot,
                    meta,
                };
                self.issue_noted(open, &choice, asked).await
            }
        };
        let misses = match (&result, &mapped) {
            (Err(error), Some(mapped)) if is_silence(error) => Choice {
                session: &open.session,
                mapped,
                snapshot: &snapshot,
                meta,
            }
            .misses(asked),
            _ => Vec::new(),
        };
        let bounds = result.as_ref().map(TakenCredentials::traced_bounds);
        let bounds = bounds.unwrap_or_default();
        let record = AssumeRecord {
            source: EventSource::SignIn,
            role,
            session: mapped.as_ref().map(|mapped| &mapped.session_name),
            duration: asked,
            caller: None,
            person: Some(identity.into()),
            lineage: result.as_ref().ok().map(|taken| &taken.issued.lineage),
            rules: if mapped.is_none() { &rules } else { &[] },
            saml: None,
            result: result.as_ref().map(|taken| &taken.issued),
            beside: Beside {
                provider: Some(&identity.provider),
                claims: Some(&identity.claims).filter(|_| result.is_err()),
                bounds: &bounds,
                checks: &misses,
                ..Beside::default()
            },
        };
        self.recorder.assumption(meta, TAKING, &record).await?;
        if result.is_ok() {
            self.own_roles.took(identity, role, meta.now);
        }
        result
    }

    /// What a rule gives of `role` and what became of every rule, by the snapshot, or by a newer one
    /// where this one doesn't know it (decision 7): the page may come from a node that was ahead.
    async fn mapped_role(
        &self,
        identity: &FederatedIdentity,
        role: &RoleArn,
        meta: &RequestMeta,
    ) -> Result<(Arc<Snapshot>, Option<MappedRole>, Vec<RuleTrace>), Unavailable> {
        let mut snapshot = self.directory.snapshot(meta.now)?;
        let mut mapped = mapping::apply(snapshot.rules(), identity);
        if snapshot.role(role).is_none() || !mapped.grants.iter().any(|given| given.role == *role) {
            snapshot = self.directory.catch_up(meta.now).await?;
            mapped = mapping::apply(snapshot.rules(), identity);
        }
        let given = mapped.grants.into_iter().find(|given| given.role == *role);
        Ok((snapshot, given, mapped.trace))
    }

    /// Issues, and notes it with the session: what is taken in one that somebody ends meanwhile is refused.
    async fn issue_noted(
        &self,
        open: &OpenBrowserSession,
        choice: &Choice<'_>,
        asked: SessionDuration,
    ) -> Result<TakenCredentials, AssumeRoleError> {
        let taken = self.issue(choice, asked)?;
        let note = TakenRole {
            role: taken.arn.clone(),
            at: choice.meta.now,
        };
        let noted = self.sessions.note_taken(&open.key(), &note).await;
        if noted.map_err(Unavailable::from)? {
            Ok(taken)
        } else {
            Err(AssumeRoleError::Revoked)
        }
    }

    fn issue(
        &self,
        choice: &Choice<'_>,
        asked: SessionDuration,
    ) -> Result<TakenCredentials, AssumeRoleError> {
        let _issuing = self.recorder.metrics().time(TAKING, Step::Issue);
        let identity = &choice.session.identity;
        let person = (&identity.issuer, &identity.subject);
        let account = choice.mapped.role.account();
        admit_person(&self.throttle, &identity.provider, person, account)?;
        let choosing = choice.choosing()?;
        choice.check_time_left()?;
        let bounds = choice.bounds(&choosing);
        let given = shortest(asked, &bounds);
        let assumption = choice.assumption(choosing, given);
        let entry = choice.entry();
        let grant = match policy::decide(assumption, entry.map(terms)) {
            Decision::Permit(grant) => grant,
            Decision::Deny(denial) => return Err(AssumeRoleError::Denied(denial)),
        };
        let entry = entry.ok_or(AssumeRoleError::NotMapped)?;
        let mint = Mint {
            keys: choice.snapshot.keys(),
            now: choice.meta.now,
            entropy: self.entropy.as_ref(),
        };
        let extent = Extent {
            token_version: reach(entry.arn.account(), choice.snapshot, choice.meta)?,
            ..Extent::default()
        };
        let issued = credentials::issue(grant, extent, mint)?;
        Ok(TakenCredentials {
            issued,
            arn: entry.arn.clone(),
            role: Arc::clone(entry.role),
            snapshot: Arc::clone(choice.snapshot),
            asked,
            given,
            bounds,
        })
    }
}
