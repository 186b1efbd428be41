//! What was administered, and what the admin API refused.

use super::sts::refused_request;
use super::{
    Person, Recorder, RefusedCall, behind, federated, refused, refused_caller, signed_by, traced,
    unauthenticated,
};
use crate::audit::{
    AuditUnavailable, Check, CheckOutcome, Event, EventSource, Parameter, ParameterValue, ReadOnly,
    Source, UserIdentity,
};
use crate::decisions::Beside;
use crate::flows::administer::AdminAction;
use crate::flows::authenticate::{AuthenticationError, Caller};
use crate::flows::request::RequestMeta;
use crate::metrics::{Attempt, Operation, Outcome as Ended};
use crate::store::Generation;

/// Who administers.
#[derive(Debug, Clone, Copy)]
pub(in crate::flows) enum Subject<'a> {
    /// The caller of a signed request.
    Caller(&'a Caller),
    /// A person, about sessions of their own.
    Person(Person<'a>),
    /// The node itself.
    Node,
}

impl<'a> Subject<'a> {
    fn behind(self) -> Beside<'a> {
        match self {
            Self::Caller(caller) => behind(caller),
            Self::Person(person) => traced(Beside::default(), Some(person)),
            Self::Node => Beside::default(),
        }
    }

    fn identity(self) -> UserIdentity<'a> {
        match self {
            Self::Caller(caller) => signed_by(caller),
            Self::Person(person) => federated(person),
            Self::Node => UserIdentity::node(),
        }
    }

    /// Whom a refusal is counted for.
    fn source(self, meta: &RequestMeta) -> Source {
        match self {
            Self::Caller(caller) => refused_caller(meta, caller),
            Self::Person(person) => refused(meta, Some(person)),
            Self::Node => Source::Others,
        }
    }
}

/// What somebody does, as records call it.
#[derive(Debug, Clone, Copy)]
pub(in crate::flows) struct Deed {
    source: EventSource,
    name: &'static str,
    read_only: ReadOnly,
    operation: Operation,
}

impl Deed {
    /// An action of the IAM API.
    pub const fn iam(name: &'static str, writes: bool) -> Self {
        Self {
            source: EventSource::Iam,
            name,
            read_only: if writes { ReadOnly::No } else { ReadOnly::Yes },
            operation: Operation::Iam,
        }
    }
}

impl From<AdminAction> for Deed {
    fn from(action: AdminAction) -> Self {
        let read_only = match action {
            AdminAction::ExportDirectory
            | AdminAction::BackUp
            | AdminAction::ListSessions
            | AdminAction::ListAccounts
            | AdminAction::ReadDirectoryLog
            | AdminAction::ListDecisions
            | AdminAction::GetDecision => ReadOnly::Yes,
            AdminAction::ApplyDirectory
            | AdminAction::RotateKeys
            | AdminAction::RotateSamlKeys
            | AdminAction::RotateWebIdentityKeys
            | AdminAction::RefreshMetadata
            | AdminAction::RevokeSession
            | AdminAction::RevokePerson
            | AdminAction::RevokeConnection
            | AdminAction::RevokeRole
            | AdminAction::RevokeUser
            | AdminAction::RevokeService
            | AdminAction::RevokeRule
            | AdminAction::RevokeEverything
            | AdminAction::UpgradeStore
            | AdminAction::EraseDecisions
            | AdminAction::PutAccount
            | AdminAction::RemoveAccount
            | AdminAction::RollBackDirectory => ReadOnly::No,
        };
        Self {
            source: EventSource::Gateway,
            name: action.as_str().rsplit(':').next().unwrap_or_default(),
            read_only,
            operation: Operation::Administration,
        }
    }
}

/// What became of a call of the admin API or of IAM.
#[derive(Debug)]
pub(in crate::flows) enum Outcome<'a> {
    /// It was read.
    Done,
    /// It is about to be done.
    Intent {
        /// For which generation.
        base: Generation,
        /// What, a line each; at most as many as a line of the audit keeps.
        changes: &'a [String],
        /// How many changes there are over all lines.
        of: usize,
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
    /// Decisions about a person are about to be taken out.
    Erasing {
        /// Whose.
        what: String,
    },
    /// They are taken out.
    Erased {
        /// How many.
        count: usize,
    },
    /// It was not done.
    NotCommitted {
        /// Why.
        why: String,
    },
    /// It was refused before anything was done.
    Refused {
        /// The check that failed.
        check: &'static str,
        /// The code that the caller is told.
        code: &'static str,
        /// Why.
        why: String,
    },
    /// It was not allowed.
    Denied {
        /// What.
        why: String,
    },
}

impl Outcome<'_> {
    /// How the attempt ended; an intent is none yet.
    fn ended(&self) -> Option<Ended> {
        match self {
            Self::Intent { .. } | Self::Erasing { .. } => None,
            Self::Done | Self::Unchanged { .. } | Self::Committed { .. } | Self::Erased { .. } => {
                Some(Ended::Succeeded)
            }
            Self::NotCommitted { .. } => Some(Ended::Refused("committed")),
            Self::Denied { .. } => Some(Ended::Refused("authorization")),
            Self::Refused { check, .. } => Some(Ended::failed(check)),
        }
    }
}

const fn attempt(operation: Operation, outcome: Ended) -> Attempt<'static> {
    Attempt {
        operation,
        outcome,
        connection: None,
    }
}

impl Recorder {
    pub(in crate::flows) async fn admin(
        &self,
        meta: &RequestMeta,
        subject: &Subject<'_>,
        deed: impl Into<Deed>,
        outcome: Outcome<'_>,
    ) -> Result<(), AuditUnavailable> {
        let deed = deed.into();
        let is_denied = matches!(outcome, Outcome::Denied { .. } | Outcome::Refused { .. });
        let attempt = outcome.ended().map(|ended| attempt(deed.operation, ended));
        if is_denied && self.is_coalesced(subject.source(meta), meta) {
            if let Some(attempt) = attempt {
                self.metrics.ended(attempt);
            }
            return Ok(());
        }
        let occasion = self.occasion(meta, deed.source, deed.name, deed.read_only)?;
        let event = Event::new(occasion).by(subject.identity());
        let event = with_outcome(event, &outcome);
        match attempt {
            // What was done says itself, and the audit has it; looking for decisions must add none.
            Some(attempt) if attempt.outcome == Ended::Succeeded => {
                self.keep(attempt, &event).await
            }
            Some(attempt) => self.keep_traced(attempt, &event, subject.behind()).await,
            None => self.sink.record(&event).await,
        }
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
        let attempt = refused_request(Operation::Administration);
        if self.is_coalesced(source, meta) {
            self.metrics.ended(attempt);
            return Ok(());
        }
        let occasion = self.occasion(meta, EventSource::Gateway, call.operation, ReadOnly::Yes)?;
        let mut event = Event::new(occasion)
            .checks([Check::new("request", CheckOutcome::Failed)])
            .refused(call.code, call.why);
        if let Some(caller) = caller {
            event = event.by(signed_by(caller));
        }
        let beside = caller.map(behind).unwrap_or_default();
        self.keep_traced(attempt, &event, beside).await
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
        let attempt = attempt(Operation::Administration, Ended::failed(error.check()));
        if self.is_coalesced(Source::network_of(meta.source_ip), meta) {
            self.metrics.ended(attempt);
            return Ok(());
        }
        let occasion = self.occasion(meta, EventSource::Gateway, "AdminApi", ReadOnly::Yes)?;
        let event = unauthenticated(Event::new(occasion), error);
        self.keep_traced(attempt, &event, Beside::default()).await
    }
}

impl Recorder {
    /// A call to the IAM API that nobody could be found behind; `action` as the caller wrote it.
    ///
    /// # Errors
    /// [`AuditUnavailable`]; the refusal isn't recorded.
    pub(in crate::flows) async fn unauthenticated_iam(
        &self,
        meta: &RequestMeta,
        action: &str,
        error: &AuthenticationError,
    ) -> Result<(), AuditUnavailable> {
        let attempt = attempt(Operation::Iam, Ended::failed(error.check()));
        if self.is_coalesced(Source::network_of(meta.source_ip), meta) {
            self.metrics.ended(attempt);
            return Ok(());
        }
        let occasion = self.occasion(meta, EventSource::Iam, action, ReadOnly::Yes)?;
        let event = unauthenticated(Event::new(occasion), error);
        self.keep_traced(attempt, &event, Beside::default()).await
    }
}

fn with_outcome<'a>(event: Event<'a>, outcome: &'a Outcome<'_>) -> Event<'a> {
    match outcome {
        Outcome::Done => event,
        Outcome::Intent { base, changes, of } => event
            .parameter(Parameter::BaseGeneration, *base)
            .parameter(Parameter::ChangeCount, *of as u64)
            .parameter(
                Parameter::Changes,
                ParameterValue::list(changes.iter().map(String::as_str)),
            )
            .checks([Check::new("intent", CheckOutcome::Passed)]),
        Outcome::Unchanged { base } => event.parameter(Parameter::BaseGeneration, *base),
        Outcome::Committed { generation } => event
            .parameter(Parameter::Generation, *generation)
            .checks([Check::new("committed", CheckOutcome::Passed)]),
        Outcome::Erasing { what } => event
            .parameter(Parameter::Changes, ParameterValue::list([what.as_str()]))
            .checks([Check::new("intent", CheckOutcome::Passed)]),
        Outcome::Erased { count } => event
            .parameter(Parameter::ChangeCount, *count as u64)
            .checks([Check::new("committed", CheckOutcome::Passed)]),
        Outcome::NotCommitted { why } => event
            .checks([Check::new("committed", CheckOutcome::Failed)])
            .refused("NotCommitted", why.as_str()),
        Outcome::Refused { check, code, why } => event
            .checks([Check::new(check, CheckOutcome::Failed)])
            .refused(code, why.as_str()),
        Outcome::Denied { why } => event
            .checks([Check::new("authorization", CheckOutcome::Failed)])
            .refused("AccessDenied", why.as_str()),
    }
}
