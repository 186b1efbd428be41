//! One record a flow, written before its answer (decision 10).

use std::error::Error;
use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::administer::AdminAction;
use super::assume_role_error::AssumeRoleError;
use super::authenticate::{AuthenticationError, Caller};
use super::request::RequestMeta;
use crate::audit::{
    Admission, AuditSink, AuditUnavailable, Check, CheckOutcome, Coalesced, Event, EventId,
    EventSource, Mfa, Occasion, Parameter, ParameterValue, ReadOnly, RefusalLimiter, RefusalLimits,
    Source, UserIdentity,
};
use crate::credentials::Issued;
use crate::domain::{
    FederatedIdentity, Lineage, Principal, Region, RequestId, RoleArn, SessionDuration,
    SessionName, UnixTime,
};
use crate::entropy::{Entropy, draw_id};
use crate::mapping::RuleTrace;
use crate::policy::{Because, Denial};
use crate::store::Generation;

/// Records what flows did.
pub struct Recorder {
    sink: Arc<dyn AuditSink>,
    entropy: Arc<dyn Entropy>,
    refusals: Mutex<Refusals>,
}

/// Strangers and people who were proven have limits of their own, so that neither takes the other's
/// lines.
struct Refusals {
    of_strangers: RefusalLimiter,
    of_people: RefusalLimiter,
}

impl Refusals {
    /// Who was counted together with `source`.
    const fn of(&mut self, source: &Source) -> &mut RefusalLimiter {
        match source {
            Source::Person(..) => &mut self.of_people,
            Source::Network(_) | Source::Others => &mut self.of_strangers,
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Recorder")
    }
}

/// What became of an attempt to assume a role.
#[derive(Debug)]
pub(super) struct AssumeRecord<'a> {
    pub source: EventSource,
    pub role: &'a RoleArn,
    /// What it shall be called; unknown where no rule gives the role.
    pub session: Option<&'a SessionName>,
    pub duration: SessionDuration,
    /// Who was proven; none where the proof was not accepted.
    pub identity: Option<&'a FederatedIdentity>,
    pub lineage: Option<&'a Lineage>,
    /// What became of every mapping rule, where none gives the role.
    pub rules: &'a [RuleTrace],
    pub result: Result<&'a Issued, &'a AssumeRoleError>,
}

/// Who administers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a>(&'a Caller);

impl<'a> Subject<'a> {
    /// The caller of a signed request.
    pub const fn of(caller: &'a Caller) -> Self {
        Self(caller)
    }
}

/// What became of an administrative action.
#[derive(Debug)]
pub(super) enum Outcome<'a> {
    /// It was read.
    Done,
    /// It is about to be done.
    Intent {
        /// For which generation.
        base: Generation,
        /// What, a line each.
        changes: &'a [String],
    },
    /// It changes nothing, or was asked for as a dry run.
    Unchanged {
        /// The generation that stays.
        base: Generation,
    },
    /// It is done.
    Committed {
        /// Which generation it is.
        generation: Generation,
    },
    /// It was not done.
    NotCommitted {
        /// Why.
        why: String,
    },
    /// It was not allowed.
    Denied {
        /// What.
        why: String,
    },
}

impl Recorder {
    /// Records to `sink`; refusals are limited, those of callers whom nobody knows by where they come
    /// from, those of people by who they are.
    pub fn new(
        sink: Arc<dyn AuditSink>,
        entropy: Arc<dyn Entropy>,
        limits: RefusalLimits,
        now: UnixTime,
    ) -> Self {
        Self {
            sink,
            entropy,
            refusals: Mutex::new(Refusals {
                of_strangers: RefusalLimiter::new(limits, now),
                of_people: RefusalLimiter::new(limits, now),
            }),
        }
    }

    /// Writes the counts of refusals that got no line of their own and whose time has come.
    ///
    /// # Errors
    /// [`AuditUnavailable`]; what was not written is kept for the next time.
    pub async fn report_due_refusals(
        &self,
        region: &Region,
        now: UnixTime,
    ) -> Result<(), AuditUnavailable> {
        let due = {
            let mut refusals = self.refusals();
            let mut due = refusals.of_strangers.due(now);
            due.extend(refusals.of_people.due(now));
            due
        };
        self.report(due, region, now).await
    }

    /// Writes the counts of all refusals that got no line of their own, before the node stops.
    ///
    /// # Errors
    /// As [`Self::report_due_refusals`].
    pub async fn flush_refusals(
        &self,
        region: &Region,
        now: UnixTime,
    ) -> Result<(), AuditUnavailable> {
        let all = {
            let mut refusals = self.refusals();
            let mut all = refusals.of_strangers.flush();
            all.extend(refusals.of_people.flush());
            all
        };
        self.report(all, region, now).await
    }

    async fn report(
        &self,
        coalesced: Vec<Coalesced>,
        region: &Region,
        now: UnixTime,
    ) -> Result<(), AuditUnavailable> {
        let mut outcome = Ok(());
        for one in coalesced {
            if outcome.is_ok() {
                outcome = self.report_one(&one, region, now).await;
            }
            if outcome.is_err() {
                self.refusals().of(&one.source).give_back(one);
            }
        }
        outcome
    }

    async fn report_one(
        &self,
        coalesced: &Coalesced,
        region: &Region,
        now: UnixTime,
    ) -> Result<(), AuditUnavailable> {
        let source_ip = match coalesced.source {
            Source::Network(address) => address,
            Source::Person(..) | Source::Others => IpAddr::from([0, 0, 0, 0]),
        };
        let meta = RequestMeta {
            id: RequestId::NIL,
            now,
            source_ip,
            user_agent: String::new(),
            is_secure: false,
            region: region.clone(),
        };
        let occasion = self.occasion(
            &meta,
            EventSource::Gateway,
            "CoalescedRefusals",
            ReadOnly::Yes,
        )?;
        let mut event = Event::new(occasion).coalesced(coalesced.count);
        if let Source::Person(issuer, subject) = &coalesced.source {
            event = event.by(UserIdentity::federated(issuer, None, subject));
        }
        self.sink.record(&event).await
    }

    pub(super) async fn assumption(
        &self,
        meta: &RequestMeta,
        name: &str,
        record: &AssumeRecord<'_>,
    ) -> Result<(), AuditUnavailable> {
        if record.result.is_err() && self.is_coalesced(refused(meta, record.identity), meta) {
            return Ok(());
        }
        let occasion = self.occasion(meta, record.source, name, ReadOnly::No)?;
        let mut event = Event::new(occasion)
            .parameter(Parameter::RoleArn, record.role.as_str())
            .parameter(
                Parameter::DurationSeconds,
                u64::from(record.duration.seconds()),
            )
            .role(record.role)
            .mapping(record.rules);
        if let Some(session) = record.session {
            event = event.parameter(Parameter::RoleSessionName, session.as_str());
        }
        if let Some(identity) = record.identity {
            event = event.by(federated(identity));
        }
        if let Some(lineage) = record.lineage {
            event = event.lineage(lineage);
        }
        let event = match record.result {
            Ok(issued) => issued_event(event, issued),
            Err(error) => event
                .checks([failed_check(error)])
                .refused(error.code(), &chain(error)),
        };
        self.sink.record(&event).await
    }

    pub(super) async fn caller_identity(
        &self,
        meta: &RequestMeta,
        result: Result<&Caller, &AuthenticationError>,
    ) -> Result<(), AuditUnavailable> {
        if result.is_err() && self.is_coalesced(Source::network_of(meta.source_ip), meta) {
            return Ok(());
        }
        let occasion = self.occasion(meta, EventSource::Sts, "GetCallerIdentity", ReadOnly::Yes)?;
        let event = match result {
            Ok(caller) => Event::new(occasion)
                .by(signed_by(caller))
                .account(caller.principal.account()),
            Err(error) => unauthenticated(Event::new(occasion), error),
        };
        self.sink.record(&event).await
    }

    /// A call to STS that was refused before its flow began.
    ///
    /// # Errors
    /// [`AuditUnavailable`]; the refusal isn't recorded.
    pub async fn refused_call(
        &self,
        meta: &RequestMeta,
        call: &RefusedCall<'_>,
    ) -> Result<(), AuditUnavailable> {
        if self.is_coalesced(Source::network_of(meta.source_ip), meta) {
            return Ok(());
        }
        let name = if call.operation.is_empty() {
            "UnreadCall"
        } else {
            call.operation
        };
        let occasion = self.occasion(meta, EventSource::Sts, name, ReadOnly::Yes)?;
        let event = Event::new(occasion)
            .checks([Check::new("request", CheckOutcome::Failed)])
            .refused(call.code, call.why);
        self.sink.record(&event).await
    }

    /// A call to the admin API that was refused before its flow began; `caller` where the signature
    /// was accepted.
    ///
    /// # Errors
    /// [`AuditUnavailable`]; the refusal isn't recorded.
    pub async fn refused_admin(
        &self,
        meta: &RequestMeta,
        caller: Option<&Caller>,
        call: &RefusedCall<'_>,
    ) -> Result<(), AuditUnavailable> {
        let source = caller.map_or_else(
            || Source::network_of(meta.source_ip),
            |caller| refused_caller(meta, caller),
        );
        if self.is_coalesced(source, meta) {
            return Ok(());
        }
        let occasion = self.occasion(meta, EventSource::Gateway, call.operation, ReadOnly::Yes)?;
        let mut event = Event::new(occasion)
            .checks([Check::new("request", CheckOutcome::Failed)])
            .refused(call.code, call.why);
        if let Some(caller) = caller {
            event = event.by(signed_by(caller));
        }
        self.sink.record(&event).await
    }

    /// A call to the admin API that nobody could be found behind.
    ///
    /// # Errors
    /// [`AuditUnavailable`]; the refusal isn't recorded.
    pub async fn unauthenticated_admin(
        &self,
        meta: &RequestMeta,
        error: &AuthenticationError,
    ) -> Result<(), AuditUnavailable> {
        if self.is_coalesced(Source::network_of(meta.source_ip), meta) {
            return Ok(());
        }
        let occasion = self.occasion(meta, EventSource::Gateway, "AdminApi", ReadOnly::Yes)?;
        self.sink
            .record(&unauthenticated(Event::new(occasion), error))
            .await
    }

    pub(super) async fn admin(
        &self,
        meta: &RequestMeta,
        subject: &Subject<'_>,
        action: AdminAction,
        outcome: Outcome<'_>,
    ) -> Result<(), AuditUnavailable> {
        let is_denied = matches!(outcome, Outcome::Denied { .. });
        if is_denied && self.is_coalesced(refused_caller(meta, subject.0), meta) {
            return Ok(());
        }
        let name = action.as_str().rsplit(':').next().unwrap_or_default();
        let read_only = match action {
            AdminAction::ExportDirectory => ReadOnly::Yes,
            AdminAction::ApplyDirectory | AdminAction::RotateKeys => ReadOnly::No,
        };
        let occasion = self.occasion(meta, EventSource::Gateway, name, read_only)?;
        let event = Event::new(occasion).by(signed_by(subject.0));
        self.sink.record(&with_outcome(event, outcome)).await
    }

    /// Something a person did in the portal, other than taking credentials.
    pub(super) async fn portal(
        &self,
        meta: &RequestMeta,
        record: &PortalRecord<'_>,
    ) -> Result<(), AuditUnavailable> {
        let is_refused = record.refused.is_some();
        if is_refused && self.is_coalesced(refused(meta, record.identity), meta) {
            return Ok(());
        }
        let occasion = self.occasion(meta, EventSource::SignIn, record.name, ReadOnly::No)?;
        let mut event = Event::new(occasion);
        if let Some(connection) = record.connection {
            event = event.parameter(Parameter::Connection, connection);
        }
        if let Some(identity) = record.identity {
            event = event.by(federated(identity));
        }
        event = event.mapping(record.rules);
        if let Some(refused) = &record.refused {
            let check = Check::new(refused.check, CheckOutcome::Failed);
            event = event.checks([check]).refused(refused.code, &refused.why);
        }
        self.sink.record(&event).await
    }

    fn is_coalesced(&self, source: Source, meta: &RequestMeta) -> bool {
        let mut refusals = self.refusals();
        let admission = refusals.of(&source).admit(source, meta.now);
        matches!(admission, Admission::Counted)
    }

    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn occasion(
        &self,
        meta: &RequestMeta,
        source: EventSource,
        name: &str,
        read_only: ReadOnly,
    ) -> Result<Occasion, AuditUnavailable> {
        let random = draw_id(self.entropy.as_ref()).map_err(|_| AuditUnavailable::Unwritable)?;
        Ok(Occasion {
            id: EventId::from_random(random),
            request: meta.id,
            at: meta.now,
            source,
            name: name.into(),
            read_only,
            region: meta.region.clone(),
            source_address: meta.source_ip,
            user_agent: Some(meta.user_agent.as_str().into()),
        })
    }
}

/// A call that can't be read, or asks for nothing that there is.
#[derive(Debug, Clone, Copy)]
pub struct RefusedCall<'a> {
    /// What it asks for, as the caller wrote it; empty where that wasn't read.
    pub operation: &'a str,
    /// AWS's code.
    pub code: &'static str,
    /// AWS's text.
    pub why: &'a str,
}

/// What a person did in the portal.
#[derive(Debug)]
pub(super) struct PortalRecord<'a> {
    /// `SignIn`, `SignOut` …
    pub name: &'static str,
    /// The connection that was used.
    pub connection: Option<&'a str>,
    /// Who it is, as far as it was proven.
    pub identity: Option<&'a FederatedIdentity>,
    /// Why it was refused.
    pub refused: Option<Refused>,
    /// What the mapping rules make of the person.
    pub rules: &'a [RuleTrace],
}

/// Why something in the portal was refused.
#[derive(Debug)]
pub(super) struct Refused {
    /// The check that failed.
    pub check: &'static str,
    /// A code that stays the same.
    pub code: &'static str,
    /// With the compared values.
    pub why: String,
}

/// Whom a refusal is counted for: who was proven, otherwise where the request came from.
fn refused(meta: &RequestMeta, identity: Option<&FederatedIdentity>) -> Source {
    match identity {
        Some(identity) => Source::Person(identity.issuer.clone(), identity.subject.clone()),
        None => Source::network_of(meta.source_ip),
    }
}

/// Whom a refusal of a signed request is counted for: who stands behind the session, otherwise where
/// the request came from.
fn refused_caller(meta: &RequestMeta, caller: &Caller) -> Source {
    match &caller.session {
        Some(session) => Source::Person(
            session.lineage.issuer.clone(),
            session.lineage.subject.clone(),
        ),
        None => Source::network_of(meta.source_ip),
    }
}

fn issued_event(event: Event, issued: &Issued) -> Event {
    let statements = issued.allowed_by.iter().map(|statement| {
        Check::new("trust policy", CheckOutcome::Passed)
            .compared("an allowing statement", &statement.to_string())
    });
    event
        .checks(statements)
        .issued(
            &issued.credentials.access_key_id,
            issued.credentials.expiration,
        )
        .assumed(&issued.principal)
}

fn failed_check(error: &AssumeRoleError) -> Check {
    let check = Check::new(error.check(), CheckOutcome::Failed);
    match error {
        AssumeRoleError::Denied(Denial::Refused { action, because }) => {
            let found = match because {
                Because::ExplicitDeny(statement) => format!("denied by {statement}"),
                Because::NoAllow => "no statement allows it".to_owned(),
                Because::UnknownRole => "there is no such role".to_owned(),
                Because::ForeignProvider => "the provider is of another account".to_owned(),
            };
            check.compared(action.as_str(), &found)
        }
        AssumeRoleError::Denied(Denial::DurationExceedsRoleMaximum { max }) => {
            check.compared(&format!("at most {max}"), "longer")
        }
        _ => check,
    }
}

fn with_outcome(event: Event, outcome: Outcome<'_>) -> Event {
    match outcome {
        Outcome::Done => event,
        Outcome::Intent { base, changes } => event
            .parameter(Parameter::BaseGeneration, base)
            .parameter(
                Parameter::Changes,
                ParameterValue::list(changes.iter().map(String::as_str)),
            )
            .checks([Check::new("intent", CheckOutcome::Passed)]),
        Outcome::Unchanged { base } => event.parameter(Parameter::BaseGeneration, base),
        Outcome::Committed { generation } => event
            .parameter(Parameter::Generation, generation)
            .checks([Check::new("committed", CheckOutcome::Passed)]),
        Outcome::NotCommitted { why } => event
            .checks([Check::new("committed", CheckOutcome::Failed)])
            .refused("NotCommitted", &why),
        Outcome::Denied { why } => event
            .checks([Check::new("authorization", CheckOutcome::Failed)])
            .refused("AccessDenied", &why),
    }
}

fn unauthenticated(event: Event, error: &AuthenticationError) -> Event {
    event
        .checks([Check::new("authentication", CheckOutcome::Failed)])
        .refused(error.code(), &chain(error))
}

fn federated(identity: &FederatedIdentity) -> UserIdentity {
    UserIdentity::federated(
        &identity.issuer,
        Some(&identity.audience),
        &identity.subject,
    )
}

fn signed_by(caller: &Caller) -> UserIdentity {
    let identity = UserIdentity::of(&caller.principal).with_access_key(&caller.access_key_id);
    match (&caller.principal, &caller.session) {
        (Principal::Session(principal), Some(session)) => {
            let mfa = if session.mfa_at.is_some() {
                Mfa::Present
            } else {
                Mfa::Absent
            };
            identity.with_session(principal, session.issued_at, mfa)
        }
        _ => identity,
    }
}

/// An error's text and those of its causes.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a string has no way to fail.
        let _written = write!(text, ": {error}");
        cause = error.source();
    }
    text
}
