//! What services asked about requests that they received.

use super::{Recorder, behind, refused_caller, signed_by, unauthenticated};
use crate::audit::{
    AuditUnavailable, Check, CheckOutcome, Event, EventSource, Parameter, ReadOnly, Source,
};
use crate::causes::with_causes;
use crate::decisions::Beside;
use crate::flows::authenticate::{AuthenticationError, Caller};
use crate::flows::authorize::{Answer, AuthorizeError, Decided, Question, Verdict, unproven};
use crate::flows::request::RequestMeta;
use crate::metrics::{Attempt, Operation, Outcome};

/// What became of a question.
#[derive(Debug, Clone, Copy)]
pub(in crate::flows) struct AuthorizeRecord<'a> {
    /// Who asked, where that is known.
    pub service: Option<&'a Caller>,
    /// What was asked, where it could be read.
    pub question: Option<&'a Question<'a>>,
    pub result: Result<&'a Answer, &'a AuthorizeError>,
}

impl AuthorizeRecord<'_> {
    fn outcome(&self) -> Outcome {
        match self.result {
            Err(error) => Outcome::failed(error.check()),
            Ok(Answer::Unproven(error)) => Outcome::failed(error.check()),
            Ok(Answer::OutOfReach(_)) => Outcome::Refused("service"),
            Ok(Answer::Throttled(..)) => Outcome::Refused("rate"),
            Ok(Answer::Decided(decided)) if decided.verdict.is_allowed() => Outcome::Succeeded,
            Ok(Answer::Decided(_)) => Outcome::Refused("policies"),
        }
    }

    /// Whom a refusal is counted for.
    fn refused(&self, meta: &RequestMeta) -> Option<Source> {
        let network = Source::network_of(meta.source_ip);
        match self.result {
            Err(_) | Ok(Answer::Unproven(_)) => Some(network),
            Ok(Answer::OutOfReach(caller) | Answer::Throttled(caller, _)) => {
                Some(refused_caller(meta, caller))
            }
            Ok(Answer::Decided(decided)) if decided.verdict.is_allowed() => None,
            Ok(Answer::Decided(decided)) => Some(refused_caller(meta, &decided.caller)),
        }
    }
}

impl Recorder {
    pub(in crate::flows) async fn authorisation(
        &self,
        meta: &RequestMeta,
        record: &AuthorizeRecord<'_>,
    ) -> Result<(), AuditUnavailable> {
        let attempt = Attempt {
            operation: Operation::Authorize,
            outcome: record.outcome(),
            connection: None,
        };
        let refused = record.refused(meta);
        if refused.is_some_and(|source| self.is_coalesced(source, meta)) {
            self.metrics.ended(attempt);
            return Ok(());
        }
        let name = Operation::Authorize.as_str();
        let occasion = self.occasion(meta, EventSource::Gateway, name, ReadOnly::Yes)?;
        let mut event = Event::new(occasion);
        if let Some(service) = record.service {
            event = event.by(signed_by(service));
        }
        if let Some(question) = record.question {
            event = asked(event, question);
        }
        let event = match record.result {
            Ok(answer) => answered(event, answer),
            Err(AuthorizeError::Authentication(error)) => unauthenticated(event, error),
            Err(error) => event
                .checks([Check::new(error.check(), CheckOutcome::Failed)])
                .refused(error.code(), with_causes(error)),
        };
        if attempt.outcome == Outcome::Succeeded {
            // The line has the statements that allowed it, and there may be one for every request of a service.
            return self.keep(attempt, &event).await;
        }
        let generation = match record.result {
            Ok(Answer::Decided(decided)) => Some(decided.generation),
            _ => None,
        };
        let caller = match record.result {
            Ok(Answer::Decided(decided)) => Some(&decided.caller),
            Ok(Answer::OutOfReach(caller) | Answer::Throttled(caller, _)) => Some(caller),
            Ok(Answer::Unproven(_)) | Err(_) => None,
        };
        let beside = Beside {
            generation,
            ..caller.map(|caller| behind(caller)).unwrap_or_default()
        };
        self.keep_traced(attempt, &event, beside).await
    }
}

fn asked<'a>(event: Event<'a>, question: &'a Question<'_>) -> Event<'a> {
    let event = event
        .parameter(Parameter::Action, question.action.as_str())
        .parameter(Parameter::Resource, question.resource.arn.as_str());
    match question.resource.account {
        Some(account) => event.account(account),
        None => event,
    }
}

fn answered<'a>(mut event: Event<'a>, answer: &'a Answer) -> Event<'a> {
    if !matches!(answer, Answer::Decided(_)) {
        event = event.parameter(Parameter::Decision, "deny");
    }
    match answer {
        Answer::Unproven(error) => nobody(event, error),
        Answer::OutOfReach(caller) => with_caller(event, caller)
            .checks([Check::new("service", CheckOutcome::Failed).compared(
                "a caller of an account in the service's reach",
                "another one",
            )])
            .refused(
                "InvalidClientTokenId",
                "the service has nothing to do with the caller's account",
            ),
        Answer::Throttled(caller, throttled) => with_caller(event, caller)
            .checks([Check::new("rate", CheckOutcome::Failed)])
            .refused("Throttling", throttled.to_string()),
        Answer::Decided(decided) => said(with_caller(event, &decided.caller), decided),
    }
}

/// Nobody signed the request: the same as of a call to the gateway itself, with the code that was told.
fn nobody<'a>(event: Event<'a>, error: &AuthenticationError) -> Event<'a> {
    unauthenticated(event, error).refused(unproven(error).0, with_causes(error))
}

fn with_caller<'a>(event: Event<'a>, caller: &'a Caller) -> Event<'a> {
    event
        .parameter(Parameter::Caller, caller.principal.arn())
        .parameter(Parameter::AccessKeyId, caller.access_key_id.as_str())
}

fn said<'a>(event: Event<'a>, decided: &'a Decided) -> Event<'a> {
    let verdict = &decided.verdict;
    let (word, outcome) = if verdict.is_allowed() {
        ("allow", CheckOutcome::Passed)
    } else {
        ("deny", CheckOutcome::Failed)
    };
    let event = event.parameter(Parameter::Decision, word);
    let wanted = "an allowing statement";
    let statements = verdict.statements();
    let found = statements.iter().map(|statement| {
        let which = if verdict.is_allowed() {
            ", an allowing "
        } else {
            ", a denying "
        };
        let text = statement.to_string() + which + statement.kind.as_str();
        Check::new("policies", outcome).compared(wanted, text)
    });
    let event = event.checks(found);
    let Some(refusal) = &decided.refusal else {
        return event;
    };
    let event = match verdict {
        Verdict::Deny(_) if !statements.is_empty() => event,
        Verdict::Deny(refusal) => {
            let found = format!("no {} with one", refusal.kind());
            event.checks([Check::new("policies", outcome).compared(wanted, found)])
        }
        Verdict::Allow(_) => event,
        Verdict::NoSuchRole => event
            .checks([Check::new("policies", outcome).compared("a role to pass", "no such role")]),
    };
    event.refused("AccessDenied", refusal.message.as_str())
}
