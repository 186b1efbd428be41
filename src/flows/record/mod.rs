//! One record a flow, written before its answer (decision 10).
//!
//! ```text
//! what became of it ── refused: is its line due? ── the event ── the sink has it ── answer
//!                         └ no: counted, and reported with the others (refusals)
//! ```
//! Each kind of record is one file.

mod administration;
mod assumption;
mod authorize;
mod portal;
mod refusals;
mod sts;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex};

pub(super) use administration::{Deed, Outcome, Subject};
pub(super) use assumption::{AssumeRecord, SamlRecord};
pub(super) use authorize::AuthorizeRecord;
pub(super) use portal::{PortalRecord, Refused};
pub use sts::RefusedCall;
pub(super) use sts::{CallerRecord, Refusal, VouchedFor};

use self::refusals::Refusals;
use super::authenticate::{AuthenticationError, Caller};
use super::request::RequestMeta;
use crate::audit::{
    AuditSink, AuditUnavailable, Check, CheckOutcome, Event, EventId, EventSource, Mfa, Occasion,
    ReadOnly, RefusalLimits, Source, UserIdentity,
};
use crate::causes::with_causes;
use crate::decisions::{Beside, TraceQueue};
use crate::domain::{
    Audience, FederatedIdentity, IssuerName, Principal, SamlProviderArn, Subject as Name, UnixTime,
};
use crate::entropy::{Entropy, draw_id};
use crate::metrics::{Attempt, Metrics, Outcome as Ended, Step};

/// Records what flows did.
pub struct Recorder {
    sink: Arc<dyn AuditSink>,
    entropy: Arc<dyn Entropy>,
    refusals: Mutex<Refusals>,
    metrics: Arc<Metrics>,
    traces: Arc<TraceQueue>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Recorder")
    }
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
            refusals: Mutex::new(Refusals::new(limits, now)),
            metrics: Arc::default(),
            traces: Arc::new(TraceQueue::off()),
        }
    }

    /// The same, counting elsewhere than by itself.
    #[must_use]
    pub fn counting(self, metrics: Arc<Metrics>) -> Self {
        Self { metrics, ..self }
    }

    /// The same, leaving a trace of what it records.
    #[must_use]
    pub fn tracing(self, traces: Arc<TraceQueue>) -> Self {
        Self { traces, ..self }
    }

    /// What is counted and measured: every attempt that is recorded, those without a line included.
    pub const fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Writes how an attempt ended, counts it, and leaves its trace. An attempt that can't be written has
    /// none: what is not recorded did not happen.
    async fn keep_traced(
        &self,
        attempt: Attempt<'_>,
        event: &Event<'_>,
        beside: Beside<'_>,
    ) -> Result<(), AuditUnavailable> {
        self.keep(attempt, event).await?;
        self.traces.leave(event, beside);
        Ok(())
    }

    /// Writes how an attempt ended, and counts it.
    async fn keep(&self, attempt: Attempt<'_>, event: &Event<'_>) -> Result<(), AuditUnavailable> {
        let recording = self.metrics.time(attempt.operation, Step::Record);
        let kept = self.sink.record(event).await;
        drop(recording);
        self.metrics.ended(match kept {
            Ok(()) => attempt,
            Err(_) => Attempt {
                outcome: Ended::Unavailable("audit"),
                ..attempt
            },
        });
        kept
    }

    fn occasion<'a>(
        &self,
        meta: &'a RequestMeta,
        source: EventSource,
        name: &'a str,
        read_only: ReadOnly,
    ) -> Result<Occasion<'a>, AuditUnavailable> {
        self.metrics.of_request(meta.id);
        let random = draw_id(self.entropy.as_ref()).map_err(|_| AuditUnavailable::Unwritable)?;
        Ok(Occasion {
            id: EventId::from_random(random),
            request: meta.id,
            at: meta.now,
            source,
            name: name.into(),
            read_only,
            region: Cow::Borrowed(&meta.region),
            source_address: meta.source_ip,
            user_agent: Some(meta.user_agent.as_str().into()),
        })
    }
}

/// Somebody whom a provider has proven, as records name them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person<'a> {
    /// The account's SAML provider, where one vouches for them.
    pub provider: Option<&'a SamlProviderArn>,
    pub issuer: &'a IssuerName,
    pub audience: &'a Audience,
    pub subject: &'a Name,
}

impl<'a> From<&'a FederatedIdentity> for Person<'a> {
    fn from(identity: &'a FederatedIdentity) -> Self {
        Self {
            provider: identity.provider.as_account_saml(),
            issuer: &identity.issuer,
            audience: &identity.audience,
            subject: &identity.subject,
        }
    }
}

impl fmt::Display for Person<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "person {} of {}", self.subject, self.issuer)
    }
}

/// Whom a refusal is counted for: who was proven, otherwise where the request came from.
fn refused(meta: &RequestMeta, person: Option<Person<'_>>) -> Source {
    match person {
        Some(person) => {
            let (issuer, subject) = (person.issuer.clone(), person.subject.clone());
            Source::Person(person.provider.cloned(), issuer, subject)
        }
        None => Source::network_of(meta.source_ip),
    }
}

/// Whom a refusal of a signed request is counted for: who stands behind the session, or the user, so that
/// strangers at the same address hide nothing of theirs. A service is counted for where it asks from.
fn refused_caller(meta: &RequestMeta, caller: &Caller) -> Source {
    let session = caller.session.as_ref();
    if let Some(person) = session.and_then(|session| session.lineage.person()) {
        let provider = person.provider.as_account_saml().cloned();
        return Source::Person(provider, person.issuer.clone(), person.subject.clone());
    }
    match caller.principal.unique_id() {
        Some(id) => Source::Id(id.clone()),
        None => Source::network_of(meta.source_ip),
    }
}

/// What only the trace has, with who was proven.
fn traced<'a>(beside: Beside<'a>, person: Option<Person<'a>>) -> Beside<'a> {
    Beside {
        person: person.map(|person| (person.issuer, person.subject)),
        ..beside
    }
}

/// What the trace of a signed request has of the caller: the person behind the session, and who had proven them.
fn behind(caller: &Caller) -> Beside<'_> {
    let session = caller.session.as_ref();
    let person = session.and_then(|session| session.lineage.person());
    Beside {
        person: person.map(|person| (&person.issuer, &person.subject)),
        provider: person.map(|person| &person.provider),
        ..Beside::default()
    }
}

fn unauthenticated<'a>(event: Event<'a>, error: &AuthenticationError) -> Event<'a> {
    event
        .checks([Check::new("authentication", CheckOutcome::Failed)])
        .refused(error.code(), with_causes(error))
}

fn federated(person: Person<'_>) -> UserIdentity<'_> {
    UserIdentity::federated(person.issuer, Some(person.audience), person.subject)
}

fn signed_by(caller: &Caller) -> UserIdentity<'_> {
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
