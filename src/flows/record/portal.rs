//! What a person did in the portal, other than taking credentials.

use super::{Person, Recorder, federated, refused, traced};
use crate::audit::{
    AuditUnavailable, Check, CheckOutcome, Event, EventSource, Parameter, ReadOnly,
};
use crate::decisions::Beside;
use crate::domain::ConnectionId;
use crate::flows::request::RequestMeta;
use crate::mapping::RuleTrace;
use crate::metrics::{Attempt, Operation, Outcome};

/// What a person did in the portal.
#[derive(Debug)]
pub(in crate::flows) struct PortalRecord<'a> {
    /// What it was.
    pub operation: Operation,
    /// The connection that was used, as the browser says.
    pub connection: Option<&'a str>,
    /// The same, where the directory has it.
    pub registered: Option<&'a ConnectionId>,
    /// Who it is, as far as it was proven.
    pub person: Option<Person<'a>>,
    /// Why it was refused.
    pub refused: Option<Refused>,
    /// What the mapping rules make of the person.
    pub rules: &'a [RuleTrace],
    /// How many sessions a sign-out ended here.
    pub sessions_ended: Option<usize>,
    /// What only the trace has.
    pub beside: Beside<'a>,
}

/// Why something in the portal was refused.
#[derive(Debug)]
pub(in crate::flows) struct Refused {
    /// The check that failed.
    pub check: &'static str,
    /// A code that stays the same.
    pub code: &'static str,
    /// With the compared values.
    pub why: String,
    /// Whether somebody must look at it, so that no flood of others may hide it.
    pub is_alarm: bool,
}

impl Recorder {
    /// Something a person did in the portal, other than taking credentials.
    pub(in crate::flows) async fn portal(
        &self,
        meta: &RequestMeta,
        record: &PortalRecord<'_>,
    ) -> Result<(), AuditUnavailable> {
        let refusal = record.refused.as_ref();
        let attempt = Attempt {
            operation: record.operation,
            outcome: refusal.map_or(Outcome::Succeeded, |refusal| Outcome::failed(refusal.check)),
            connection: record.registered,
        };
        if let Some(refusal) = refusal {
            let source = refused(meta, record.person);
            let is_coalesced = if refusal.is_alarm {
                self.is_coalesced_alarm(source, meta)
            } else {
                self.is_coalesced(source, meta)
            };
            if refusal.is_alarm {
                self.metrics.disagreed();
            }
            if is_coalesced {
                self.metrics.ended(attempt);
                return Ok(());
            }
        }
        let occasion = self.occasion(
            meta,
            EventSource::SignIn,
            record.operation.as_str(),
            ReadOnly::No,
        )?;
        let mut event = Event::new(occasion);
        if let Some(connection) = record.connection {
            event = event.parameter(Parameter::Connection, connection);
        }
        if let Some(person) = record.person {
            event = event.by(federated(person));
        }
        if let Some(role) = record.beside.role {
            event = event
                .parameter(Parameter::RoleArn, role.as_str())
                .role(role);
        }
        event = event.mapping(record.rules);
        if let Some(count) = record.sessions_ended {
            event = event.sessions_ended(u64::try_from(count).unwrap_or(u64::MAX));
        }
        if let Some(refused) = &record.refused {
            let check = Check::new(refused.check, CheckOutcome::Failed);
            event = event
                .checks([check])
                .refused(refused.code, refused.why.as_str());
        }
        let beside = Beside {
            connection: record.registered,
            ..traced(record.beside, record.person)
        };
        self.keep_traced(attempt, &event, beside).await
    }
}
