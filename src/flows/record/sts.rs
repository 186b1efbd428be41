//! What STS was asked, other than for a role.

use super::{Recorder, signed_by, unauthenticated};
use crate::audit::{AuditUnavailable, Check, CheckOutcome, Event, EventSource, ReadOnly, Source};
use crate::decisions::Beside;
use crate::flows::authenticate::{AuthenticationError, Caller};
use crate::flows::request::RequestMeta;
use crate::metrics::{Attempt, Operation, Outcome};

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

impl Recorder {
    pub(in crate::flows) async fn caller_identity(
        &self,
        meta: &RequestMeta,
        result: Result<&Caller, &AuthenticationError>,
    ) -> Result<(), AuditUnavailable> {
        let operation = Operation::GetCallerIdentity;
        let attempt = Attempt {
            operation,
            outcome: match result {
                Ok(_) => Outcome::Succeeded,
                Err(error) => Outcome::failed(error.check()),
            },
            connection: None,
        };
        if result.is_err() && self.is_coalesced(Source::network_of(meta.source_ip), meta) {
            self.metrics.ended(attempt);
            return Ok(());
        }
        let (sts, name) = (EventSource::Sts, operation.as_str());
        let occasion = self.occasion(meta, sts, name, ReadOnly::Yes)?;
        let event = match result {
            Ok(caller) => Event::new(occasion)
                .by(signed_by(caller))
                .account(caller.principal.account()),
            Err(error) => unauthenticated(Event::new(occasion), error),
        };
        if result.is_ok() {
            // Nothing was decided about anybody, and it may come ten thousand times a second.
            return self.keep(attempt, &event).await;
        }
        self.keep_traced(attempt, &event, Beside::default()).await
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
        let occasion = self.occasion(meta, EventSource::Sts, name, ReadOnly::Yes)?;
        let event = Event::new(occasion)
            .checks([Check::new("request", CheckOutcome::Failed)])
            .refused(call.code, call.why);
        self.keep_traced(attempt, &event, Beside::default()).await
    }
}

/// An attempt that came to no flow.
pub(super) const fn refused_request(operation: Operation) -> Attempt<'static> {
    Attempt {
        operation,
        outcome: Outcome::Refused("request"),
        connection: None,
    }
}
