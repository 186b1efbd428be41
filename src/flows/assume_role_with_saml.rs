//! `AssumeRoleWithSAML`: a SAML response becomes a session of a role.
//!
//! ```text
//! response ── decode ── the provider that PrincipalArn names, which pins the issuer
//!   └ federation: prove                       both verifiers, issuer, audience, recipient, times; nobody
//!                                             has revoked its person since it was issued
//!      └ AskedSession                         the pair is listed; session name, tags, latest end
//!         └ policy::decide                    the role's trust policy decides alone
//!            └ credentials::issue             kept nowhere, and told to nobody yet
//!               └ redeem or unless_redeemed   what the browser used, or what may be used once
//!                  └ recorder                 no record, no answer
//! ```
//!
//! A refusal uses nothing up.

use std::fmt;
use std::sync::Arc;

use super::assume_role_error::AssumeRoleError;
use super::assume_role_with_web_identity::terms;
use super::even_time::EvenTime;
use super::misses::{is_silence, misses};
use super::narrowing::Narrowing;
use super::rates::admit_person;
use super::reach::reach;
use super::record::{AssumeRecord, Person, Recorder, SamlRecord};
use super::request::RequestMeta;
use super::revoked::check_proven;
use super::saml_conditions::SamlCaller;
use super::saml_session::AskedSession;
use crate::audit::EventSource;
use crate::credentials::{self, Extent, Issued, Mint};
use crate::decisions::{Beside, TracedCheck};
use crate::directory::{LiveDirectory, SamlProvider, Snapshot};
use crate::domain::{
    Audience, Claims, EntityId, IssuerName, Lineage, Origin, ProvenPerson, ProviderRef, RoleArn,
    SamlProviderArn, SessionDuration, SessionName, SourceIdentity, Subject,
};
use crate::entropy::Entropy;
use crate::federation::saml::checks::{AcceptedAssertion, Request};
use crate::federation::saml::prove::{
    OwnNames, Presented, ProvenAssertion, SamlIdentityProvider, SamlProofError, SamlVerifier,
    UnverifiedResponse,
};
use crate::federation::saml::settings::Replay;
use crate::federation::{ProvenIdentity, RedeemError};
use crate::metrics::{Operation, Step};
use crate::policy::{self, AssumeAction, Assumption, Caller, Decision, Grant};
use crate::store::OneTimeUse;
use crate::throttle::Throttle;

const OPERATION: Operation = Operation::AssumeRoleWithSaml;

/// What is asked for. It holds the assertion, so it has no `Debug`.
#[derive(Clone)]
pub struct SamlRequest<'a> {
    /// The role.
    pub role: RoleArn,
    /// The provider of the role's account.
    pub provider: SamlProviderArn,
    /// The response in base64; nothing of it is proven.
    pub assertion: &'a str,
    /// How long the session shall last.
    pub duration: SessionDuration,
    /// What the session stays within.
    pub narrowing: Narrowing,
}

/// What is given.
#[derive(Debug)]
pub struct SamlSession {
    /// The credentials and their session.
    pub issued: Issued,
    /// Whose they are.
    pub person: SamlPerson,
    /// Who stands behind the session.
    pub source_identity: Option<SourceIdentity>,
}

/// Who an assertion is about, as AWS tells it.
#[derive(Debug)]
pub struct SamlPerson {
    /// The name identifier.
    pub subject: Subject,
    /// Its format, as AWS writes it.
    pub subject_type: String,
    /// The provider's entity ID.
    pub issuer: EntityId,
    /// The address that the response was sent to, which AWS calls the audience.
    pub recipient: String,
    /// AWS's name for everybody of this issuer at this provider.
    pub name_qualifier: String,
}

impl SamlPerson {
    fn of(caller: &SamlCaller<'_>) -> Self {
        Self {
            subject: caller.subject.clone(),
            subject_type: caller.subject_type().to_owned(),
            issuer: caller.issuer.clone(),
            recipient: caller.recipient().to_owned(),
            name_qualifier: caller.name_qualifier(),
        }
    }
}

/// The flow and what it needs.
#[derive(Clone)]
pub struct AssumeRoleWithSaml {
    /// Roles, providers, sealing keys, keys that open what is encrypted to us.
    pub directory: Arc<LiveDirectory>,
    /// Proves responses.
    pub verifier: SamlVerifier,
    /// What assertions must call us.
    pub own: Arc<OwnNames>,
    /// What was used: by the portal, or here where it may be used once.
    pub marks: Arc<dyn OneTimeUse>,
    /// How often somebody may ask.
    pub throttle: Arc<Throttle>,
    /// Where it is recorded.
    pub recorder: Arc<Recorder>,
    /// Randomness for keys and tokens.
    pub entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for AssumeRoleWithSaml {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AssumeRoleWithSaml")
    }
}

/// What is known about an attempt, for its record, whatever becomes of it.
#[derive(Debug, Default)]
struct Known {
    /// It was counted among the calls of its person; once, by however many directories it is decided.
    is_admitted: bool,
    /// When it was known who asks, and began to be decided.
    decided_from: Option<EvenTime>,
    proven: Option<Proven>,
    session: Option<SessionName>,
    /// What the statements of the trust policy lack.
    misses: Vec<TracedCheck<'static>>,
}

/// What a response has proven.
#[derive(Debug)]
struct Proven {
    issuer: IssuerName,
    audience: Audience,
    subject: Subject,
    assertion_id: String,
    /// The names of attributes that are no text.
    dropped: Vec<String>,
    claims: Claims,
}

impl AssumeRoleWithSaml {
    /// Runs the flow; the attempt is recorded before this answers.
    ///
    /// # Errors
    /// [`AssumeRoleError`]; nothing was issued.
    pub async fn run(
        &self,
        request: SamlRequest<'_>,
        meta: &RequestMeta,
    ) -> Result<SamlSession, AssumeRoleError> {
        let whole = self.recorder.metrics().time(OPERATION, Step::Whole);
        let mut known = Known::default();
        let result = self.assume(&request, meta, &mut known).await;
        let proven = known.proven.as_ref();
        let record = AssumeRecord {
            source: EventSource::Sts,
            role: &request.role,
            session: known.session.as_ref(),
            duration: request.duration,
            caller: None,
            person: proven.map(|proven| proven.person(&request.provider)),
            lineage: result.as_ref().ok().map(|session| &session.issued.lineage),
            rules: &[],
            saml: Some(SamlRecord {
                provider: &request.provider,
                assertion_id: proven.map(|proven| &*proven.assertion_id),
                dropped: proven.map_or(&[], |proven| &proven.dropped),
            }),
            result: result.as_ref().map(|session| &session.issued),
            beside: Beside {
                claims: proven
                    .filter(|_| result.is_err())
                    .map(|proven| &proven.claims),
                checks: &known.misses,
                ..Beside::default()
            },
        };
        self.recorder.assumption(meta, OPERATION, &record).await?;
        drop(whole);
        if let Some(time) = known.decided_from {
            time.hold(&result).await;
        }
        result
    }

    /// Decides by the snapshot at hand, and once more where that refuses and a newer one is there. The
    /// look is the same whatever the refusal is, so that its time doesn't tell which roles exist.
    async fn assume(
        &self,
        request: &SamlRequest<'_>,
        meta: &RequestMeta,
        known: &mut Known,
    ) -> Result<SamlSession, AssumeRoleError> {
        let snapshot = self.directory.snapshot(meta.now)?;
        self.check_line(&snapshot, &request.provider)?;
        let response = UnverifiedResponse::decode(request.assertion)?;
        let first = self
            .assume_by(&snapshot, (request, &response), meta, known)
            .await;
        if !first.as_ref().is_err_and(AssumeRoleError::may_have_changed) {
            return first;
        }
        match self.directory.newer_than(&snapshot, meta.now).await? {
            Some(newer) => {
                self.assume_by(&newer, (request, &response), meta, known)
                    .await
            }
            None => first,
        }
    }

    /// Where the second verifier's line for this provider is full, the response need not be read.
    fn check_line(&self, snapshot: &Snapshot, arn: &SamlProviderArn) -> Result<(), SamlProofError> {
        match snapshot.saml_provider(arn) {
            Some(provider) if provider.settings.second_opinion => self
                .verifier
                .check_line(&ProviderRef::Account(arn.clone().into())),
            Some(_) | None => Ok(()),
        }
    }

    async fn assume_by(
        &self,
        snapshot: &Snapshot,
        (request, response): (&SamlRequest<'_>, &UnverifiedResponse),
        meta: &RequestMeta,
        known: &mut Known,
    ) -> Result<SamlSession, AssumeRoleError> {
        known.misses.clear();
        let provider = snapshot.saml_provider(&request.provider);
        let provider = provider.ok_or(AssumeRoleError::NoSamlProvider)?;
        let presented = Presented {
            response,
            request: Request::OfTheCaller,
            keys: snapshot.service_provider_keys()?,
            now: meta.now,
        };
        let proven = self.prove(&presented, provider, request).await?;
        let (identity, assertion) = proven.into_parts();
        known.proven = Some(Proven::of(&identity, &assertion));
        check_proven(snapshot, &identity)?;
        let person = (identity.issuer(), identity.subject());
        let account = request.provider.account();
        if !known.is_admitted {
            admit_person(&self.throttle, identity.provider(), person, account)?;
            known.is_admitted = true;
        }
        let caller = SamlCaller {
            provider: &request.provider,
            issuer: provider.entity_id(),
            subject: identity.subject(),
            claims: identity.claims(),
        };
        let pair = (&request.role, &request.provider);
        let asked = AskedSession::read(&assertion, caller.claims, pair, meta.now)?;
        let person = SamlPerson::of(&caller);
        let _issuing = self.recorder.metrics().time(OPERATION, Step::Issue);
        let grant = decide_and_note(request, &caller, asked, (snapshot, meta), known)?;
        let account = request.role.account();
        let token_version = reach(account, snapshot, meta)?;
        let source_identity = grant.source_identity().cloned();
        let extent = Extent {
            token_version,
            ..request.narrowing.extent(account, snapshot)?
        };
        let mint = Mint {
            keys: snapshot.keys(),
            now: meta.now,
            entropy: self.entropy.as_ref(),
        };
        let issued = credentials::issue(grant, extent, mint)?;
        let replay = replay_of(&assertion, provider);
        self.use_up(identity, replay, meta).await?;
        Ok(SamlSession {
            issued,
            person,
            source_identity,
        })
    }

    async fn prove(
        &self,
        presented: &Presented<'_>,
        provider: &SamlProvider,
        request: &SamlRequest<'_>,
    ) -> Result<ProvenAssertion, SamlProofError> {
        let _proving = self.recorder.metrics().time(OPERATION, Step::Prove);
        let provider = SamlIdentityProvider::of_account(
            request.provider.clone(),
            provider.metadata.metadata(),
            &provider.settings,
            &self.own,
            provider.decryption_keys(),
        );
        self.verifier.prove(presented, &provider).await
    }

    /// Takes the proof: where it may be used again, the portal must not have used it; otherwise nobody
    /// may have (decision 9).
    async fn use_up(
        &self,
        identity: ProvenIdentity,
        replay: Replay,
        meta: &RequestMeta,
    ) -> Result<(), RedeemError> {
        let marks = self.marks.as_ref();
        match replay {
            Replay::Reusable => identity.unless_redeemed(marks, meta.now).await?,
            Replay::Once => identity.redeem(marks, meta.now).await?,
        };
        Ok(())
    }
}

/// Whether the assertion is good once: where it says so itself, or the account says so of its provider.
fn replay_of(assertion: &AcceptedAssertion, provider: &SamlProvider) -> Replay {
    if assertion.is_for_one_use() {
        Replay::Once
    } else {
        provider.settings.replay
    }
}

/// Decides, and notes what the statements of the trust policy lack where it is silent.
fn decide_and_note(
    request: &SamlRequest<'_>,
    caller: &SamlCaller<'_>,
    asked: AskedSession,
    (snapshot, meta): (&Snapshot, &RequestMeta),
    known: &mut Known,
) -> Result<Grant, AssumeRoleError> {
    known.session = Some(asked.name.clone());
    known.decided_from.get_or_insert_with(EvenTime::begin);
    let decided = decide(request, caller, asked.clone(), snapshot, meta);
    if let Err(error) = &decided
        && is_silence(error)
    {
        let role = snapshot.role(&request.role).map(terms);
        let assumption = assumption(request, caller, asked, snapshot, meta);
        known.misses = misses(&assumption, role);
    }
    decided
}

fn decide(
    request: &SamlRequest<'_>,
    caller: &SamlCaller<'_>,
    asked: AskedSession,
    snapshot: &Snapshot,
    meta: &RequestMeta,
) -> Result<Grant, AssumeRoleError> {
    let assumption = assumption(request, caller, asked, snapshot, meta);
    let role = snapshot.role(&request.role).map(terms);
    match policy::decide(assumption, role) {
        Decision::Permit(grant) => Ok(grant),
        Decision::Deny(denial) => Err(AssumeRoleError::Denied(denial)),
    }
}

/// What the role's trust policy is asked.
fn assumption<'a>(
    request: &'a SamlRequest<'_>,
    caller: &SamlCaller<'a>,
    asked: AskedSession,
    snapshot: &Snapshot,
    meta: &'a RequestMeta,
) -> Assumption<'a> {
    Assumption {
        action: AssumeAction::WithSaml,
        caller: Caller::Federated {
            provider: request.provider.as_str(),
        },
        context: caller.context(meta),
        session: asked.name,
        tags: asked.terms.tags,
        source_identity: asked.terms.source_identity,
        duration: request.duration,
        ends_by: asked.ends_by,
        lineage: Lineage {
            origin: Origin::Person(ProvenPerson {
                provider: ProviderRef::Account(request.provider.clone().into()),
                issuer: caller.issuer.clone().into(),
                subject: caller.subject.clone(),
            }),
            rule: None,
            generation: snapshot.generation(),
            sign_in: None,
            through: Vec::new(),
        },
    }
}

impl Proven {
    fn of(identity: &ProvenIdentity, assertion: &AcceptedAssertion) -> Self {
        let dropped = assertion.dropped().iter();
        Self {
            issuer: identity.issuer().clone(),
            audience: identity.audience().clone(),
            subject: identity.subject().clone(),
            assertion_id: assertion.id().to_owned(),
            dropped: dropped.map(|it| it.name.clone()).collect(),
            claims: identity.claims().clone(),
        }
    }

    const fn person<'a>(&'a self, provider: &'a SamlProviderArn) -> Person<'a> {
        Person {
            provider: Some(provider),
            issuer: &self.issuer,
            audience: &self.audience,
            subject: &self.subject,
        }
    }
}
