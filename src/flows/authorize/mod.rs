//! `POST /authorize`: a service asks whether a request that it received may pass.
//!
//! ```text
//! signed call ── authenticate: a registered service
//!   └ its question: of its own requests and actions, about accounts in its reach
//!      └ the request that it received: who signed it          nobody ─> deny, with AWS's code
//!         └ they ask not too often                                no ─> deny
//!            └ policy::authorise: every policy that has a say
//!               └ recorder                                   no record, no answer
//! ```
//! Nothing is marked as used: the services of a region may each ask about the same request, and one
//! that receives it twice must be answered twice. Within 15 minutes a captured request is as good as
//! the first, as at AWS; it is the service's transport that keeps it from strangers (decision 74).

mod answer;
mod keys;
mod question;

use std::fmt;
use std::sync::Arc;

pub use answer::{Answer, Decided, RefusalText, Verdict, unproven};
pub use keys::{KeyError, KeyValues, ServiceKeys};
pub use question::{Question, QuestionError, Resource};

use super::authenticate::{AuthenticationError, Authenticator, Caller};
use super::caller_context::{USUAL_KEYS, describe_caller};
use super::own_policies::OwnPolicies;
use super::rates::admit_question;
use super::reach::is_known_in;
use super::record::{AuthorizeRecord, Recorder};
use super::request::RequestMeta;
use super::unavailable::Unavailable;
use crate::audit::AuditUnavailable;
use crate::credentials::{IssueError, seal_message};
use crate::directory::{DirectoryError, LiveDirectory, Role, Service, Snapshot};
use crate::domain::{AccountId, ActionName, Principal, Regions, RoleArn, ServiceName};
use crate::entropy::Entropy;
use crate::metrics::{Operation, Step};
use crate::policy::{
    Authorisation, Authority, Caller as PolicyCaller, Context, PolicyKind, Refusal, Request,
    Target, TargetPolicy, authorise, authorization_message,
};
use crate::sigv4::{HttpRequest, Payload, ReceivedBy};
use crate::throttle::Throttle;

const OPERATION: Operation = Operation::Authorize;
/// The service that questions are signed for.
const SERVICE: &str = "rolegate";

/// The flow and what it needs.
#[derive(Clone)]
pub struct Authorize {
    /// Finds out who signed.
    pub authenticator: Authenticator,
    /// Services, roles, policies.
    pub directory: Arc<LiveDirectory>,
    /// Which regions accounts have from the beginning.
    pub regions: Arc<Regions>,
    /// How often callers may ask.
    pub throttle: Arc<Throttle>,
    /// Where it is recorded.
    pub recorder: Arc<Recorder>,
    /// Randomness for what is sealed.
    pub entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for Authorize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Authorize")
    }
}

/// Why a question is not answered.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizeError {
    /// Nobody is known to ask.
    #[error(transparent)]
    Authentication(#[from] AuthenticationError),
    /// Somebody asks who is no service.
    #[error("{0} is no registered service, and only those may ask what others may do")]
    NotAService(String),
    /// The question can't be answered.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// This node can't answer.
    #[error(transparent)]
    Unavailable(Unavailable),
}

impl AuthorizeError {
    /// The code, on the wire and in the audit.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Authentication(error) => error.code(),
            Self::NotAService(_) => "AccessDenied",
            Self::Question(error) if error.is_denial() => "AccessDenied",
            Self::Question(_) => "ValidationError",
            Self::Unavailable(_) => "ServiceUnavailable",
        }
    }

    /// The check that failed.
    pub(super) const fn check(&self) -> &'static str {
        match self {
            Self::Authentication(error) => error.check(),
            Self::NotAService(_) => "service",
            Self::Question(_) => "request",
            Self::Unavailable(_) => "availability",
        }
    }
}

impl From<DirectoryError> for AuthorizeError {
    fn from(error: DirectoryError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<IssueError> for AuthorizeError {
    fn from(error: IssueError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<AuditUnavailable> for AuthorizeError {
    fn from(error: AuditUnavailable) -> Self {
        Self::Unavailable(error.into())
    }
}

impl Authorize {
    /// The service that asks. It signs by header, so that nobody keeps a question and asks it again later.
    ///
    /// # Errors
    /// [`AuthorizeError`], recorded.
    pub async fn service(
        &self,
        request: &HttpRequest<'_>,
        meta: &RequestMeta,
    ) -> Result<Caller, AuthorizeError> {
        let proving = self.recorder.metrics().time(OPERATION, Step::Prove);
        let found = self
            .authenticator
            .by_header(request, SERVICE, meta.now)
            .await;
        drop(proving);
        match found {
            Ok(caller) if matches!(caller.principal, Principal::Service(_)) => Ok(caller),
            Ok(caller) => {
                let error = AuthorizeError::NotAService(caller.principal.arn());
                Err(Box::pin(self.refused(Some(&caller), error, meta)).await)
            }
            Err(error) => Err(Box::pin(self.refused(None, error.into(), meta)).await),
        }
    }

    /// The refusal, recorded; or that it can't be.
    pub async fn refused(
        &self,
        service: Option<&Caller>,
        error: AuthorizeError,
        meta: &RequestMeta,
    ) -> AuthorizeError {
        let record = AuthorizeRecord {
            service,
            question: None,
            result: Err(&error),
        };
        match self.recorder.authorisation(meta, &record).await {
            Ok(()) => error,
            Err(unrecorded) => unrecorded.into(),
        }
    }

    /// Answers a question; it is recorded before.
    ///
    /// # Errors
    /// [`AuthorizeError`]; nothing was decided.
    pub async fn run(
        &self,
        question: &Question<'_>,
        service: &Caller,
        meta: &RequestMeta,
    ) -> Result<Answer, AuthorizeError> {
        let _whole = self.recorder.metrics().time(OPERATION, Step::Whole);
        let result = self.answer(question, service, meta).await;
        let record = AuthorizeRecord {
            service: Some(service),
            question: Some(question),
            result: result.as_ref(),
        };
        self.recorder.authorisation(meta, &record).await?;
        result
    }

    async fn answer(
        &self,
        question: &Question<'_>,
        service: &Caller,
        meta: &RequestMeta,
    ) -> Result<Answer, AuthorizeError> {
        let (name, registered) = self.registered(service, meta)?;
        question.check(&name, &registered)?;
        let by = ReceivedBy {
            service: question.service.as_str(),
            regions: match &question.region {
                Some(region) => std::slice::from_ref(region),
                None => &self.authenticator.regions,
            },
        };
        let received =
            self.authenticator
                .received(&question.request, &by, &question.body, meta.now);
        let (caller, payload) = match received.await {
            Ok((caller, payload)) => (Arc::new(caller), payload),
            Err(error) if error.is_failed_proof() => return Ok(Answer::Unproven(error)),
            Err(error) => return Err(error.into()),
        };
        let account = caller.principal.account();
        if account.is_some_and(|account| !registered.reach.has(account)) {
            return Ok(Answer::OutOfReach(caller));
        }
        if !self.is_known_in_its_region(&caller, meta)? {
            return Ok(Answer::Unproven(AuthenticationError::InvalidToken));
        }
        if let Err(throttled) = admit_question(&self.throttle, &caller) {
            return Ok(Answer::Throttled(caller, throttled));
        }
        self.decide(question, (&name, caller, payload), meta)
    }

    /// Whether the caller's account has the region that the request was signed for, and their token counts
    /// there: as at STS (decision 75).
    fn is_known_in_its_region(
        &self,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<bool, AuthorizeError> {
        let Some(account) = caller.principal.account() else {
            return Ok(true);
        };
        let Some(known) = self.regions.find(caller.region.as_str()) else {
            return Ok(false);
        };
        let token = caller.session.as_ref().map(|it| it.token_version);
        let snapshot = self.directory.snapshot(meta.now)?;
        let region = (&known.region, known.enabling);
        Ok(is_known_in(region, account, token, &snapshot))
    }

    /// The service, as it is registered now.
    fn registered(
        &self,
        service: &Caller,
        meta: &RequestMeta,
    ) -> Result<(ServiceName, Arc<Service>), AuthorizeError> {
        let snapshot = self.directory.snapshot(meta.now)?;
        let Principal::Service(name) = &service.principal else {
            return Err(AuthorizeError::NotAService(service.principal.arn()));
        };
        let stands = self.authenticator.stands(service, &snapshot);
        let found = snapshot.service(name).filter(|_| stands);
        let found = found.ok_or(AuthenticationError::InvalidToken)?;
        Ok((name.clone(), Arc::clone(found)))
    }

    /// Decides by the directory in which the caller still stands.
    fn decide(
        &self,
        question: &Question<'_>,
        (service, caller, payload): (&ServiceName, Arc<Caller>, Payload),
        meta: &RequestMeta,
    ) -> Result<Answer, AuthorizeError> {
        let _issuing = self.recorder.metrics().time(OPERATION, Step::Issue);
        let snapshot = self.directory.snapshot(meta.now)?;
        let own = OwnPolicies::of(&caller, &snapshot);
        let own = own.filter(|_| self.authenticator.stands(&caller, &snapshot));
        let Some(own) = own else {
            return Ok(Answer::Unproven(AuthenticationError::InvalidToken));
        };
        let matter = Matter {
            question,
            service,
            caller: &caller,
            snapshot: &snapshot,
            meta,
        };
        let (verdict, told) = matter.decide(&own);
        let refusal = match told {
            None => None,
            Some((message, decision)) => Some(RefusalText {
                message,
                encoded: self.sealed(&decision, &caller, &snapshot, meta)?,
            }),
        };
        Ok(Answer::Decided(Box::new(Decided {
            tags: answer::tags(&caller, &snapshot),
            generation: snapshot.generation(),
            caller: Arc::clone(&caller),
            payload,
            verdict,
            refusal,
        })))
    }

    /// A decision, sealed for the account of whom it is about.
    fn sealed(
        &self,
        decision: &str,
        caller: &Caller,
        snapshot: &Snapshot,
        meta: &RequestMeta,
    ) -> Result<Option<String>, IssueError> {
        let Some(account) = caller.principal.account() else {
            return Ok(None);
        };
        let keys = (snapshot.keys(), meta.now);
        seal_message(decision, account, keys, self.entropy.as_ref()).map(Some)
    }
}

/// What is decided, and by what.
struct Matter<'a> {
    question: &'a Question<'a>,
    service: &'a ServiceName,
    caller: &'a Caller,
    snapshot: &'a Snapshot,
    meta: &'a RequestMeta,
}

impl<'a> Matter<'a> {
    fn request<'r>(&'r self, context: &'r Context<'r>) -> Request<'r> {
        Request {
            caller: PolicyCaller::from(&self.caller.principal),
            action: self.question.action.as_str(),
            resource: &self.question.resource.arn,
            context,
        }
    }

    /// Sets the condition keys that the gateway knows.
    fn describe(&self, context: &mut Context<'a>) {
        self.meta.describe_time(context);
        describe_caller(context, self.caller, self.snapshot, self.meta.now);
        context.set("aws:RequestedRegion", self.caller.region.as_str());
        context.set("aws:ViaAWSService", "false");
        match self.question.resource.account {
            Some(account) => context.set_account("aws:ResourceAccount", account),
            None => context.clear("aws:ResourceAccount"),
        };
        if is_pass_role(&self.question.action) {
            context.set("iam:PassedToService", self.service.as_str());
            if let Some(role) = self.role().filter(|_| self.is_of_the_caller()) {
                describe_role(context, role);
            }
        }
    }

    /// The role that the resource is, where there is such a one.
    fn role(&self) -> Option<&'a Role> {
        let arn: RoleArn = self.question.resource.arn.parse().ok()?;
        let entry = self.snapshot.role(&arn)?;
        Some(entry.role)
    }

    /// Whether the resource says to be of the caller's account.
    fn is_of_the_caller(&self) -> bool {
        self.question.resource.account == self.caller.principal.account()
    }

    /// Whether the caller may do anything there at all: a service is bound to the accounts that it is registered for.
    fn is_in_reach(&self, account: AccountId) -> bool {
        match &self.caller.principal {
            Principal::Service(name) => {
                let service = self.snapshot.service(name);
                service.is_some_and(|service| service.reach.has(account))
            }
            _ => true,
        }
    }

    /// The verdict; where the request may not pass AWS's text, and the whole decision for whoever may
    /// decode it.
    fn decide(&self, own: &OwnPolicies<'_>) -> (Verdict, Option<(String, String)>) {
        let mut context = Context::with_capacity(USUAL_KEYS);
        self.question.keys.describe(&mut context);
        self.describe(&mut context);
        let request = self.request(&context);
        let authority = own.authority();
        let target = self.target();
        let decision = match &target {
            Some(target) if self.is_in_reach(target.account) => {
                authorise(&request, &authority, target)
            }
            Some(_) | None => Authorisation::Deny(Refusal::Silent(PolicyKind::ResourceBased)),
        };
        let (verdict, refusal) = match decision {
            Authorisation::Deny(refusal) => (Verdict::Deny(refusal.clone()), refusal),
            // Whether there is such a role is nobody's to find out: it is as if no policy allowed it.
            Authorisation::Allow { .. } if self.passes_nothing() => {
                let refusal = Refusal::Silent(PolicyKind::IdentityBased);
                (Verdict::NoSuchRole, refusal)
            }
            Authorisation::Allow { by } => return (Verdict::Allow(by), None),
        };
        let message = refusal.message(&request);
        let decision = Authorisation::Deny(refusal);
        let whole = target.map(|target| {
            if Some(target.account) == self.caller.principal.account() {
                authorization_message(&request, &authority, &target, &decision)
            } else {
                self.own_side(&authority, target, &decision)
            }
        });
        (verdict, Some((message, whole.unwrap_or_default())))
    }

    /// The decision without what another account's resource says, and without what the service says of it:
    /// that is not for the caller's account to read.
    fn own_side(
        &self,
        authority: &Authority<'_>,
        target: Target<'_>,
        decision: &Authorisation,
    ) -> String {
        let mut context = Context::new();
        self.describe(&mut context);
        let target = Target {
            policy: TargetPolicy::Silent,
            ..target
        };
        authorization_message(&self.request(&context), authority, &target, decision)
    }

    /// Whether a role is to be passed that there is not. One of another account is refused as anything of
    /// another account is that has no policy of its own.
    fn passes_nothing(&self) -> bool {
        is_pass_role(&self.question.action) && self.role().is_none()
    }

    /// The resource's side; none where nobody's account has it.
    fn target(&self) -> Option<Target<'a>> {
        let resource = &self.question.resource;
        let account = resource.account.or_else(|| self.caller.principal.account());
        Some(Target {
            partition: resource.partition.unwrap_or(self.snapshot.partition()),
            account: account?,
            policy: match &self.question.policy {
                None => TargetPolicy::Silent,
                Some(policy) => TargetPolicy::Resource {
                    name: &resource.arn,
                    policy,
                },
            },
        })
    }
}

/// The role's own tags.
fn describe_role<'a>(context: &mut Context<'a>, role: &'a Role) {
    for (key, value) in role.tags.iter() {
        for prefix in ["aws:ResourceTag/", "iam:ResourceTag/"] {
            context.set([prefix, key.as_str()].concat(), value.as_str());
        }
    }
}

/// Whether a service is handed a role.
fn is_pass_role(action: &ActionName) -> bool {
    action.as_str().eq_ignore_ascii_case("iam:PassRole")
}
