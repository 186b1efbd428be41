//! What STS was asked, other than for a role.

use std::error::Error;

use super::{Recorder, behind, refused_caller, signed_by, unauthenticated};
use crate::audit::{
    AuditUnavailable, Check, CheckOutcome, Event, EventSource, Parameter, ParameterValue, ReadOnly,
    Source,
};
use crate::causes::with_causes;
use crate::credentials::IssuedToUser;
use crate::decisions::Beside;
use crate::domain::Principal;
use crate::federation::outbound::SigningAlgorithm;
use crate::flows::authenticate::{AuthenticationError, Caller};
use crate::flows::request::RequestMeta;
use crate::flows::user_sessions::UserSessionError;
use crate::metrics::{Attempt, Operation, Outcome};
use crate::throttle::Throttled;

/// A call that can't be read, or asks for nothing that there is.
#[derive(Debug, Clone, Copy)]
pub struct RefusedCall<'a> {
    /// Which API was asked.
    pub source: EventSource,
    /// What it asks for, as the caller wrote it; empty where that wasn't read.
    pub operation: &'a str,
    /// AWS's code.
    pub code: &'static str,
    /// AWS's text.
    pub why: &'a str,
}

/// The check of how often somebody asks.
const RATE: &str = "rate";

/// What became of a call of somebody who signed, other than for a role.
#[derive(Debug, Clone, Copy)]
pub(in crate::flows) enum CallerRecord<'a> {
    /// This caller, who was told so.
    Told(&'a Caller),
    /// This caller, who asks too often.
    Throttled(&'a Caller, &'a Throttled),
    /// This caller, who was given a session.
    Issued(&'a Caller, &'a IssuedToUser),
    /// This caller, who was given a session, and what of the request tells which.
    IssuedFor(&'a Caller, &'a IssuedToUser, &'a [(Parameter, &'a str)]),
    /// This caller, who was given a token for others.
    Vouched(&'a Caller, VouchedFor<'a>),
    /// This caller, and why not.
    Refused(&'a Caller, &'a UserSessionError),
    /// The same, by what the operation calls it.
    Denied(&'a Caller, Refusal<'a>),
    /// Nobody who is known.
    Unknown(&'a AuthenticationError),
}

/// Why an operation gives nothing.
#[derive(Debug, Clone, Copy)]
pub(in crate::flows) struct Refusal<'a> {
    /// AWS's code.
    pub code: &'static str,
    /// The check that failed.
    pub check: &'static str,
    /// The error itself.
    pub why: &'a dyn Error,
    /// What was asked for.
    pub asked: &'a [(Parameter, &'a str)],
}

/// For whom a token is that tells who was given it.
#[derive(Debug, Clone, Copy)]
pub(in crate::flows) struct VouchedFor<'a> {
    /// The audiences.
    pub audiences: &'a [&'a str],
    /// How it is signed.
    pub algorithm: SigningAlgorithm,
}

impl<'a> CallerRecord<'a> {
    const fn caller(self) -> Option<&'a Caller> {
        match self {
            Self::Told(caller)
            | Self::Throttled(caller, _)
            | Self::Issued(caller, _)
            | Self::IssuedFor(caller, ..)
            | Self::Vouched(caller, _)
            | Self::Refused(caller, _)
            | Self::Denied(caller, _) => Some(caller),
            Self::Unknown(_) => None,
        }
    }

    fn outcome(self) -> Outcome {
        match self {
            Self::Told(_) | Self::Issued(..) | Self::IssuedFor(..) | Self::Vouched(..) => {
                Outcome::Succeeded
            }
            Self::Refused(_, error) => Outcome::failed(error.check()),
            Self::Denied(_, refusal) => Outcome::failed(refusal.check),
            Self::Throttled(..) => Outcome::failed(RATE),
            Self::Unknown(error) => Outcome::failed(error.check()),
        }
    }

    /// Whom a refusal is counted for.
    fn refused(self, meta: &RequestMeta) -> Option<Source> {
        match self {
            Self::Told(_) | Self::Issued(..) | Self::IssuedFor(..) | Self::Vouched(..) => None,
            Self::Throttled(caller, _) | Self::Refused(caller, _) | Self::Denied(caller, _) => {
                Some(refused_caller(meta, caller))
            }
            Self::Unknown(_) => Some(Source::network_of(meta.source_ip)),
        }
    }
}

impl Recorder {
    /// A signed call about whoever signs.
    pub(in crate::flows) async fn signed_call(
        &self,
        meta: &RequestMeta,
        operation: Operation,
        record: CallerRecord<'_>,
    ) -> Result<(), AuditUnavailable> {
        let attempt = Attempt {
            operation,
            outcome: record.outcome(),
            connection: None,
        };
        let refused = record.refused(meta);
        if refused.is_some_and(|source| self.is_coalesced(source, meta)) {
            self.metrics.ended(attempt);
            return Ok(());
        }
        let (sts, name) = (EventSource::Sts, operation.as_str());
        let read_only = match record {
            CallerRecord::Issued(..) | CallerRecord::IssuedFor(..) | CallerRecord::Vouched(..) => {
                ReadOnly::No
            }
            _ => ReadOnly::Yes,
        };
        let occasion = self.occasion(meta, sts, name, read_only)?;
        let event = Event::new(occasion);
        let event = match record {
            CallerRecord::Told(caller) => of(event, caller),
            CallerRecord::Throttled(caller, throttled) => of(event, caller)
                .checks([Check::new(RATE, CheckOutcome::Failed)])
                .refused("Throttling", throttled.to_string()),
            CallerRecord::Issued(caller, issued) => given(of(event, caller), issued),
            CallerRecord::Refused(caller, error) => of(event, caller)
                .checks([Check::new(error.check(), CheckOutcome::Failed)])
                .refused(error.code(), with_causes(error)),
            CallerRecord::IssuedFor(caller, issued, what) => {
                given(asked(of(event, caller), what), issued)
            }
            CallerRecord::Vouched(caller, vouched) => of(event, caller)
                .parameter(
                    Parameter::Audience,
                    ParameterValue::list(vouched.audiences.iter().copied()),
                )
                .parameter(Parameter::SigningAlgorithm, vouched.algorithm.as_str()),
            CallerRecord::Denied(caller, refusal) => asked(of(event, caller), refusal.asked)
                .checks([Check::new(refusal.check, CheckOutcome::Failed)])
                .refused(refusal.code, with_causes(refusal.why)),
            CallerRecord::Unknown(error) => unauthenticated(event, error),
        };
        if matches!(record, CallerRecord::Told(_)) {
            // Nothing was decided about anybody, and it may come ten thousand times a second.
            return self.keep(attempt, &event).await;
        }
        let beside = record.caller().map(behind).unwrap_or_default();
        self.keep_traced(attempt, &event, beside).await
    }

    /// A call of an API of AWS's that was refused before its flow began.
    ///
    /// # Errors
    /// [`AuditUnavailable`]; the refusal isn't recorded.
    pub async fn refused_call(
        &self,
        meta: &RequestMeta,
        call: &RefusedCall<'_>,
    ) -> Result<(), AuditUnavailable> {
        let attempt = refused_request(Operation::Unread);
        if self.is_coalesced(Source::network_of(meta.source_ip), meta) {
            self.metrics.ended(attempt);
            return Ok(());
        }
        let name = if call.operation.is_empty() {
            Operation::Unread.as_str()
        } else {
            call.operation
        };
        let occasion = self.occasion(meta, call.source, name, ReadOnly::Yes)?;
        let event = Event::new(occasion)
            .checks([Check::new("request", CheckOutcome::Failed)])
            .refused(call.code, call.why);
        self.keep_traced(attempt, &event, Beside::default()).await
    }
}

/// Who signed, and their account as the one concerned.
fn of<'a>(event: Event<'a>, caller: &'a Caller) -> Event<'a> {
    let event = event.by(signed_by(caller));
    match caller.principal.account() {
        Some(account) => event.account(account),
        None => event,
    }
}

fn asked<'a>(event: Event<'a>, what: &[(Parameter, &'a str)]) -> Event<'a> {
    what.iter()
        .fold(event, |event, (name, value)| event.parameter(*name, *value))
}

/// Whom a user gave a session to, or the root whose session was taken.
fn given<'a>(event: Event<'a>, issued: &'a IssuedToUser) -> Event<'a> {
    let event = match &issued.principal {
        Principal::FederatedUser(federated) => {
            event.parameter(Parameter::UserName, federated.name.as_str())
        }
        Principal::User(_) | Principal::Session(_) | Principal::Service(_) | Principal::Root(_) => {
            event
        }
    };
    event.issued(
        &issued.credentials.access_key_id,
        issued.credentials.expiration,
    )
}

/// An attempt that came to no flow.
pub(super) const fn refused_request(operation: Operation) -> Attempt<'static> {
    Attempt {
        operation,
        outcome: Outcome::Refused("request"),
        connection: None,
    }
}
