//! Attempts to assume a role.

use super::{Person, Recorder, behind, federated, refused, refused_caller, signed_by, traced};
use crate::audit::{
    AuditUnavailable, Check, CheckOutcome, Event, EventSource, Parameter, ReadOnly,
};
use crate::causes::with_causes;
use crate::credentials::Issued;
use crate::decisions::Beside;
use crate::domain::{Lineage, RoleArn, SamlProviderArn, SessionDuration, SessionName};
use crate::flows::assume_role_error::AssumeRoleError;
use crate::flows::authenticate::Caller;
use crate::flows::request::RequestMeta;
use crate::mapping::RuleTrace;
use crate::metrics::{Attempt, Operation, Outcome};
use crate::policy::{Because, Denial};

/// What became of an attempt to assume a role.
#[derive(Debug)]
pub(in crate::flows) struct AssumeRecord<'a> {
    pub source: EventSource,
    pub role: &'a RoleArn,
    /// What it shall be called; unknown where no rule gives the role.
    pub session: Option<&'a SessionName>,
    pub duration: SessionDuration,
    /// Who signed, where it is a signed call.
    pub caller: Option<&'a Caller>,
    /// Who was proven; none where the proof was not accepted.
    pub person: Option<Person<'a>>,
    pub lineage: Option<&'a Lineage>,
    /// What became of every mapping rule, where none gives the role.
    pub rules: &'a [RuleTrace],
    /// What else is known of an attempt with an assertion.
    pub saml: Option<SamlRecord<'a>>,
    pub result: Result<&'a Issued, &'a AssumeRoleError>,
    /// What only the trace has.
    pub beside: Beside<'a>,
}

/// What an attempt with an assertion was made with; of the assertion its ID alone.
#[derive(Debug, Clone, Copy)]
pub(in crate::flows) struct SamlRecord<'a> {
    pub provider: &'a SamlProviderArn,
    /// Unknown where the proof was not accepted.
    pub assertion_id: Option<&'a str>,
    /// The names of attributes that were left out, since they are no text.
    pub dropped: &'a [String],
}

impl Recorder {
    pub(in crate::flows) async fn assumption(
        &self,
        meta: &RequestMeta,
        operation: Operation,
        record: &AssumeRecord<'_>,
    ) -> Result<(), AuditUnavailable> {
        let attempt = Attempt {
            operation,
            outcome: match record.result {
                Ok(_) => Outcome::Succeeded,
                Err(error) => Outcome::failed(error.check()),
            },
            connection: None,
        };
        if let Err(error) = record.result
            && self.is_only_counted(meta, record, error)
        {
            self.metrics.ended(attempt);
            return Ok(());
        }
        let occasion = self.occasion(meta, record.source, operation.as_str(), ReadOnly::No)?;
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
        if let Some(caller) = record.caller {
            event = event.by(signed_by(caller));
        }
        if let Some(person) = record.person {
            event = event.by(federated(person));
        }
        if let Some(saml) = &record.saml {
            event = of_assertion(event, saml);
        }
        if let Some(lineage) = record.lineage {
            event = event.lineage(lineage);
        }
        let event = match record.result {
            Ok(issued) => issued_event(event, issued),
            Err(error) => event
                .checks([failed_check(error)])
                .refused(error.code(), with_causes(error)),
        };
        let beside = match record.caller {
            Some(caller) => Beside {
                checks: record.beside.checks,
                ..behind(caller)
            },
            None => Beside {
                saml_provider: record.saml.map(|saml| saml.provider),
                ..traced(record.beside, record.person)
            },
        };
        self.keep_traced(attempt, &event, beside).await
    }
}

impl Recorder {
    /// Whether a refusal is one of so many of the same that it gets no line of its own.
    fn is_only_counted(
        &self,
        meta: &RequestMeta,
        record: &AssumeRecord<'_>,
        error: &AssumeRoleError,
    ) -> bool {
        let source = record.caller.map_or_else(
            || refused(meta, record.person),
            |caller| refused_caller(meta, caller),
        );
        if error.is_alarm() {
            self.metrics.disagreed();
            self.is_coalesced_alarm(source, meta)
        } else {
            self.is_coalesced(source, meta)
        }
    }
}

fn of_assertion<'a>(event: Event<'a>, saml: &SamlRecord<'a>) -> Event<'a> {
    let mut event = event.parameter(Parameter::PrincipalArn, saml.provider.as_str());
    if let Some(id) = saml.assertion_id {
        event = event.parameter(Parameter::SamlAssertionId, id);
    }
    event.checks(saml.dropped.iter().map(|name| {
        let check = Check::new("attribute", CheckOutcome::Skipped);
        check.compared("values that are text", ["left out: ", name].concat())
    }))
}

fn issued_event<'a>(event: Event<'a>, issued: &'a Issued) -> Event<'a> {
    let statements = issued.allowed_by.iter().map(|statement| {
        Check::new("trust policy", CheckOutcome::Passed)
            .compared("an allowing statement", statement.to_text())
    });
    event
        .checks(statements)
        .issued(
            &issued.credentials.access_key_id,
            issued.credentials.expiration,
        )
        .assumed(&issued.principal)
}

fn failed_check(error: &AssumeRoleError) -> Check<'static> {
    let check = Check::new(error.check(), CheckOutcome::Failed);
    match error {
        AssumeRoleError::Denied(Denial::Refused { action, because }) => {
            let found = match because {
                Because::ExplicitDeny(statement) => format!("denied by {statement}"),
                Because::ForeignProvider => "the provider is of another account".to_owned(),
                other => other.to_string(),
            };
            check.compared(action.as_str(), found)
        }
        AssumeRoleError::Denied(
            Denial::DurationExceedsRoleMaximum { max } | Denial::DurationExceedsChained { max },
        ) => check.compared(format!("at most {max}"), "longer"),
        _ => check,
    }
}
