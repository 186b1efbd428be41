//! `AssumeRoleWithWebIdentity`: an id_token, or the access token of a provider that gives none, becomes a
//! session of a role.
//!
//! ```text
//! token ── parse ── the issuer's provider in the role's account, or one that every account knows
//!   └ federation: verify                      signature, issuer, audience, times
//!     or inspect an access token              the provider is asked once, whatever comes of it
//!      └ unless_redeemed                      only where the portal's own client is an audience; nobody
//!                                             has revoked its person since it was issued
//!         └ admit_person                      neither the person nor the account asks too often
//!            └ policy::decide                 the role's trust policy decides alone
//!               └ credentials::issue
//!                  └ recorder                 no record, no answer
//! ```

use std::fmt;
use std::sync::Arc;

use super::assume_role_error::AssumeRoleError;
use super::even_time::EvenTime;
use super::issuers::OwnIssuers;
use super::misses::{is_silence, misses};
use super::narrowing::Narrowing;
use super::rates::admit_person;
use super::reach::reach;
use super::record::{AssumeRecord, Recorder};
use super::request::RequestMeta;
use super::revoked::check_proof;
use super::web_identity_conditions;
use crate::audit::EventSource;
use crate::credentials::{self, Extent, Issued, Mint};
use crate::decisions::{Beside, TracedCheck};
use crate::directory::{LiveDirectory, OidcProvider, RoleEntry, Snapshot};
use crate::domain::{
    AccessTokenProvider, Audience, FederatedIdentity, IssuerName, KnownProvider, Lineage, Origin,
    ProvenPerson, ProviderRef, RoleArn, SessionDuration, SessionName, SourceIdentity, Subject,
};
use crate::entropy::Entropy;
use crate::federation::access_token::UnverifiedAccessToken;
use crate::federation::id_token::UnverifiedIdToken;
use crate::federation::key_cache::KeyCache;
use crate::federation::known::KnownProviders;
use crate::federation::{self, ProvenIdentity};
use crate::metrics::{Operation, Step};
use crate::policy::{self, AssumeAction, Assumption, Caller, Decision, Grant, RoleTerms};
use crate::store::OneTimeUse;
use crate::throttle::Throttle;

const OPERATION: Operation = Operation::AssumeRoleWithWebIdentity;

/// What is asked for. It holds the token, so it has no `Debug`.
#[derive(Clone)]
pub struct WebIdentityRequest<'a> {
    /// The role.
    pub role: RoleArn,
    /// What the session shall be called.
    pub session: SessionName,
    /// What proves who asks.
    pub token: PresentedToken<'a>,
    /// How long the session shall last.
    pub duration: SessionDuration,
    /// What the session stays within.
    pub narrowing: Narrowing,
}

/// A token of which nothing is proven. It has no `Debug`.
#[derive(Clone, Copy)]
pub enum PresentedToken<'a> {
    /// An id_token.
    IdToken(&'a str),
    /// An access token of this provider.
    AccessToken(AccessTokenProvider, &'a str),
}

/// A token as far as it can be judged without the directory. An access token is asked about once: a
/// second question might have another answer.
enum Proof<'a> {
    IdToken(&'a str),
    Inspected(Box<ProvenIdentity>),
}

/// A request and its proof.
struct Attempt<'a> {
    request: &'a WebIdentityRequest<'a>,
    proof: Proof<'a>,
    meta: &'a RequestMeta,
}

/// What is given.
#[derive(Debug)]
pub struct WebIdentitySession {
    /// The credentials and their session.
    pub issued: Issued,
    /// The person.
    pub subject: Subject,
    /// The client that the token was for.
    pub audience: Audience,
    /// Who vouched for the person: an issuer, or the host name of a provider of access tokens.
    pub provider: String,
    /// Who stands behind the session.
    pub source_identity: Option<SourceIdentity>,
}

/// The flow and what it needs.
#[derive(Clone)]
pub struct AssumeRoleWithWebIdentity {
    /// Roles, providers, sealing keys.
    pub directory: Arc<LiveDirectory>,
    /// The providers' keys.
    pub keys: Arc<KeyCache>,
    /// The providers that every account knows.
    pub known: Arc<KnownProviders>,
    /// The gateway's own issuers, which nobody is federated by.
    pub own_issuers: OwnIssuers,
    /// What the portal has consumed.
    pub marks: Arc<dyn OneTimeUse>,
    /// How often somebody may ask.
    pub throttle: Arc<Throttle>,
    /// Where it is recorded.
    pub recorder: Arc<Recorder>,
    /// Randomness for keys and tokens.
    pub entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for AssumeRoleWithWebIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AssumeRoleWithWebIdentity")
    }
}

/// What is known about an attempt, for its record, whatever becomes of it.
#[derive(Debug, Default)]
struct Known {
    /// It was counted among the calls of its person; once, by however many directories it is decided.
    is_admitted: bool,
    /// When it was known who asks, and began to be decided.
    decided_from: Option<EvenTime>,
    identity: Option<FederatedIdentity>,
    /// What the statements of the trust policy lack, by the directory that refused.
    misses: Vec<TracedCheck<'static>>,
}

impl Known {
    /// What only the trace has. What succeeds comes often, and the trust policy alone decided it, so that claims are
    /// left out of it.
    fn beside(&self, is_refused: bool) -> Beside<'_> {
        let identity = self.identity.as_ref();
        Beside {
            provider: identity.map(|identity| &identity.provider),
            claims: identity
                .filter(|_| is_refused)
                .map(|identity| &identity.claims),
            ..Beside::default()
        }
    }
}

impl AssumeRoleWithWebIdentity {
    /// Runs the flow; the attempt is recorded before this answers.
    ///
    /// # Errors
    /// [`AssumeRoleError`]; nothing was issued.
    pub async fn run(
        &self,
        request: WebIdentityRequest<'_>,
        meta: &RequestMeta,
    ) -> Result<WebIdentitySession, AssumeRoleError> {
        let whole = self.recorder.metrics().time(OPERATION, Step::Whole);
        let mut known = Known::default();
        let result = self.assume(&request, meta, &mut known).await;
        let record = AssumeRecord {
            source: EventSource::Sts,
            role: &request.role,
            session: Some(&request.session),
            duration: request.duration,
            caller: None,
            person: known.identity.as_ref().map(Into::into),
            lineage: result.as_ref().ok().map(|session| &session.issued.lineage),
            rules: &[],
            saml: None,
            result: result.as_ref().map(|session| &session.issued),
            beside: Beside {
                checks: &known.misses,
                ..known.beside(result.is_err())
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
        request: &WebIdentityRequest<'_>,
        meta: &RequestMeta,
        known: &mut Known,
    ) -> Result<WebIdentitySession, AssumeRoleError> {
        let snapshot = self.directory.snapshot(meta.now)?;
        let attempt = Attempt {
            request,
            proof: self.proof(request.token, meta).await?,
            meta,
        };
        let first = self.assume_by(&snapshot, &attempt, known).await;
        if !first.as_ref().is_err_and(AssumeRoleError::may_have_changed) {
            return first;
        }
        match self.directory.newer_than(&snapshot, meta.now).await? {
            Some(newer) => self.assume_by(&newer, &attempt, known).await,
            None => first,
        }
    }

    async fn proof<'a>(
        &self,
        token: PresentedToken<'a>,
        meta: &RequestMeta,
    ) -> Result<Proof<'a>, AssumeRoleError> {
        let (provider, text) = match token {
            PresentedToken::IdToken(text) => return Ok(Proof::IdToken(text)),
            PresentedToken::AccessToken(provider, text) => (provider, text),
        };
        let _proving = self.recorder.metrics().time(OPERATION, Step::Prove);
        let token = UnverifiedAccessToken::parse(text)?;
        let proven = self.known.inspector().prove(provider, token, meta.now);
        Ok(Proof::Inspected(Box::new(proven.await?)))
    }

    async fn assume_by(
        &self,
        snapshot: &Snapshot,
        attempt: &Attempt<'_>,
        known: &mut Known,
    ) -> Result<WebIdentitySession, AssumeRoleError> {
        let Attempt { request, meta, .. } = *attempt;
        known.misses.clear();
        let proven = match &attempt.proof {
            Proof::Inspected(proven) => ProvenIdentity::clone(proven),
            Proof::IdToken(text) => {
                let token = UnverifiedIdToken::parse(text)?;
                self.prove(token, &request.role, snapshot, meta).await?
            }
        };
        let issued_at = proven.issued_at();
        let Known {
            is_admitted,
            decided_from,
            identity,
            misses,
        } = known;
        let identity = identity.insert(self.take(proven, snapshot, meta).await?);
        check_proof(snapshot, identity, issued_at)?;
        let person = (&identity.issuer, &identity.subject);
        let account = request.role.account();
        if !*is_admitted {
            admit_person(&self.throttle, &identity.provider, person, account)?;
            *is_admitted = true;
        }
        let _issuing = self.recorder.metrics().time(OPERATION, Step::Issue);
        decided_from.get_or_insert_with(EvenTime::begin);
        let decided = decide(request, identity, snapshot, meta);
        if decided.as_ref().is_err_and(is_silence) {
            *misses = lacking(request, identity, snapshot, meta);
        }
        let grant = decided?;
        let source_identity = grant.source_identity().cloned();
        let extent = Extent {
            token_version: reach(account, snapshot, meta)?,
            ..request.narrowing.extent(account, snapshot)?
        };
        let mint = Mint {
            keys: snapshot.keys(),
            now: meta.now,
            entropy: self.entropy.as_ref(),
        };
        let issued = credentials::issue(grant, extent, mint)?;
        Ok(WebIdentitySession {
            issued,
            subject: identity.subject.clone(),
            audience: identity.audience.clone(),
            provider: provider_name(identity),
            source_identity,
        })
    }

    async fn prove(
        &self,
        token: UnverifiedIdToken<'_>,
        role: &RoleArn,
        snapshot: &Snapshot,
        meta: &RequestMeta,
    ) -> Result<ProvenIdentity, AssumeRoleError> {
        let _proving = self.recorder.metrics().time(OPERATION, Step::Prove);
        if self.own_issuers.has(token.unverified_issuer()) {
            return Err(no_provider(&token));
        }
        let Some(provider) = provider(snapshot, role, &token) else {
            let known = self.known.oidc(token.unverified_issuer());
            let known = known.ok_or_else(|| no_provider(&token))?;
            return Ok(known.prove(token, &self.keys, meta.now).await?);
        };
        let arn = provider.arn(snapshot.partition(), role.account());
        let provider = federation::OidcProvider {
            reference: ProviderRef::Account(arn.into()),
            issuer: provider.url.clone(),
            clients: provider.client_ids.clone(),
        };
        Ok(provider.prove(token, &self.keys, meta.now).await?)
    }

    /// A token that the portal's client was given may have signed somebody in, once; any other is
    /// taken without asking the store (decisions 6 and 9).
    async fn take(
        &self,
        proven: ProvenIdentity,
        snapshot: &Snapshot,
        meta: &RequestMeta,
    ) -> Result<FederatedIdentity, AssumeRoleError> {
        let audiences = proven
            .claims()
            .get("aud")
            .map_or(&[][..], |claim| &claim.values);
        if audiences
            .iter()
            .any(|audience| snapshot.is_login_client(proven.issuer(), audience))
        {
            return Ok(proven
                .unless_redeemed(self.marks.as_ref(), meta.now)
                .await?);
        }
        Ok(proven.into_federated())
    }
}

/// The account's own provider of the token's issuer; it goes before one that every account knows.
fn provider<'s>(
    snapshot: &'s Snapshot,
    role: &RoleArn,
    token: &UnverifiedIdToken<'_>,
) -> Option<&'s OidcProvider> {
    snapshot.oidc_provider(role.account(), token.unverified_issuer())
}

fn no_provider(token: &UnverifiedIdToken<'_>) -> AssumeRoleError {
    const SHOWN: usize = 255;
    AssumeRoleError::NoProvider {
        issuer: token.unverified_issuer().chars().take(SHOWN).collect(),
    }
}

/// As AWS's answer names it.
fn provider_name(identity: &FederatedIdentity) -> String {
    match &identity.provider {
        ProviderRef::Known(known @ (KnownProvider::Facebook | KnownProvider::Amazon)) => {
            known.name().to_owned()
        }
        ProviderRef::Known(KnownProvider::Google)
        | ProviderRef::Account(_)
        | ProviderRef::Connection(_) => identity.issuer.to_string(),
    }
}

fn decide(
    request: &WebIdentityRequest<'_>,
    identity: &FederatedIdentity,
    snapshot: &Snapshot,
    meta: &RequestMeta,
) -> Result<Grant, AssumeRoleError> {
    let assumption = assumption(request, identity, snapshot, meta)?;
    let role = snapshot.role(&request.role).map(terms);
    match policy::decide(assumption, role) {
        Decision::Permit(grant) => Ok(grant),
        Decision::Deny(denial) => Err(AssumeRoleError::Denied(denial)),
    }
}

/// What the statements of the role's trust policy lack.
fn lacking(
    request: &WebIdentityRequest<'_>,
    identity: &FederatedIdentity,
    snapshot: &Snapshot,
    meta: &RequestMeta,
) -> Vec<TracedCheck<'static>> {
    let role = snapshot.role(&request.role).map(terms);
    let assumption = assumption(request, identity, snapshot, meta);
    assumption.map_or_else(|_| Vec::new(), |assumption| misses(&assumption, role))
}

/// What the role's trust policy is asked.
fn assumption<'a>(
    request: &WebIdentityRequest<'_>,
    identity: &'a FederatedIdentity,
    snapshot: &Snapshot,
    meta: &'a RequestMeta,
) -> Result<Assumption<'a>, AssumeRoleError> {
    let nobody = || AssumeRoleError::NoProvider {
        issuer: identity.issuer.to_string(),
    };
    let provider = match &identity.provider {
        ProviderRef::Account(provider) => provider.as_str(),
        ProviderRef::Known(known) => known.name(),
        ProviderRef::Connection(_) => return Err(nobody()),
    };
    let IssuerName::Oidc(issuer) = &identity.issuer else {
        return Err(nobody());
    };
    let session = web_identity_conditions::session_terms(&identity.claims)?;
    Ok(Assumption {
        action: AssumeAction::WithWebIdentity,
        caller: Caller::Federated { provider },
        context: web_identity_conditions::context(issuer, identity, meta),
        session: request.session.clone(),
        tags: session.tags,
        source_identity: session.source_identity,
        duration: request.duration,
        ends_by: None,
        lineage: Lineage {
            origin: Origin::Person(ProvenPerson {
                provider: identity.provider.clone(),
                issuer: identity.issuer.clone(),
                subject: identity.subject.clone(),
            }),
            rule: None,
            generation: snapshot.generation(),
            sign_in: None,
            through: Vec::new(),
        },
    })
}

/// What a role says of being assumed.
pub(super) fn terms(entry: RoleEntry<'_>) -> RoleTerms<'_> {
    RoleTerms {
        arn: entry.arn,
        id: &entry.role.unique_id,
        trust: &entry.role.trust,
        max_session: entry.role.max_session_duration,
    }
}
