//! The IAM API (version 2010-05-08): users, keys, roles, policies, providers and devices of the caller's own
//! account.
//!
//! ```text
//! signed request ── authenticate, admit
//!   ├ what takes long is prepared    where the directory at hand allows it
//!   └ a turn, the newest directory   what another node wrote a moment ago is there
//!      └ authorise                   iam:<Action> on the resource, by the caller's own policies
//!         └ Action::run              pure: an answer, and what changes; or a refusal in IAM's words
//!            ├ nothing changes       one record, then the answer
//!            ├ codes are used up     so that nobody shows them again
//!            └ commit                intent and outcome are recorded; a conflict begins anew
//! ```
//! Each area is one file; an action is a value with its parameters, and says by itself what it asks of the
//! caller's policies and what it does.

pub mod access_keys;
pub mod account;
pub mod authorization_details;
mod error;
pub mod groups;
pub mod holders;
pub mod instance_profiles;
mod links;
mod long_bodies;
pub mod membership;
pub mod mfa_devices;
pub mod oidc_providers;
pub mod policies;
pub mod roles;
pub mod saml_providers;
mod scene;
pub mod simulate;
pub mod tagging;
pub mod user_settings;
pub mod users;
pub mod users_devices;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use error::{IamCode, IamError, Refusal};
pub use long_bodies::{LongBodyError, Sender};
pub use scene::{Done, Page, PageRequest, Question, Scene};

use super::authenticate::{AuthenticationError, Authenticator, Caller};
use super::caller_context::caller_context;
use super::issuers::FitIssuers;
use super::mfa::UsedCode;
use super::own_policies::OwnPolicies;
use super::rates::admit_caller;
use super::record::{Deed, Outcome, Recorder, Subject};
use super::recorded_change::{RecordedChange, RecordedChangeError};
use super::request::RequestMeta;
use crate::causes::with_causes;
use crate::directory::{CommitError, LiveDirectory, Snapshot, told};
use crate::domain::Principal;
use crate::entropy::Entropy;
use crate::metrics::{Operation, Step};
use crate::policy::{Authorisation, Caller as PolicyCaller, Context, Request, Target, authorise};
use crate::sigv4::HttpRequest;
use crate::store::{KeyUses, OneTimeUse, Redeemed, UsedKey};
use crate::throttle::Throttle;

/// One action of the API, its parameters read.
pub trait Action: Send + Sync {
    /// What is answered.
    type Answer: Send;

    /// As policies name it, without `iam:`.
    const NAME: &'static str;
    /// Whether it can change anything.
    const WRITES: bool;

    /// What the caller's policies are asked, all of which they must allow.
    ///
    /// # Errors
    /// [`Refusal`] where it can't be told what the action is about, e.g. which user is meant.
    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal>;

    /// The key or role whose last use [`Scene::last_use`] is to tell.
    fn looks_up(&self, _: &Scene<'_>) -> Option<UsedKey> {
        None
    }

    /// What takes long and needs no directory, such as reading a long document: done elsewhere than where
    /// callers are answered, before a turn is taken, and only where the caller's policies allow the action.
    fn preparation(&self) -> Option<Preparation> {
        None
    }

    /// The answer, and what changes; may run again with a newer directory.
    ///
    /// # Errors
    /// [`Refusal`]; nothing changes.
    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal>;
}

/// Work that is done beforehand. What it leaves is kept by whoever gave it.
pub type Preparation = Box<dyn FnOnce() + Send>;

/// Nobody waits longer for a turn: a session must not act long after it was looked at.
pub const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// So many times is a change tried that other nodes come before; then the caller is told.
pub const MAX_TRIES: u32 = 16;

/// The API and what it needs.
#[derive(Clone)]
pub struct Iam {
    /// Finds out who signed.
    pub authenticator: Authenticator,
    /// What is read and changed.
    pub directory: Arc<LiveDirectory>,
    /// Which codes of devices were used.
    pub marks: Arc<dyn OneTimeUse>,
    /// When keys and roles were last used.
    pub key_uses: Arc<dyn KeyUses>,
    /// How often somebody may ask.
    pub throttle: Arc<Throttle>,
    /// Where it is recorded.
    pub recorder: Arc<Recorder>,
    /// Draws unique ids and keys.
    pub entropy: Arc<dyn Entropy>,
    /// The issuers that may be providers.
    pub issuers: FitIssuers,
}

impl fmt::Debug for Iam {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Iam")
    }
}

/// Why one try came to no answer.
enum Failed {
    /// Another node changed the directory first.
    Conflict,
    /// It is refused, or can't be done.
    For(IamError),
}

impl<E: Into<IamError>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::For(error.into())
    }
}

impl Iam {
    /// Who asks; whoever is not known is told nothing else of the request.
    ///
    /// # Errors
    /// [`AuthenticationError`], recorded.
    pub async fn caller(
        &self,
        request: &HttpRequest<'_>,
        action: &str,
        meta: &RequestMeta,
    ) -> Result<Caller, AuthenticationError> {
        let proving = self.recorder.metrics().time(Operation::Iam, Step::Prove);
        let found = self.authenticator.by_header(request, "iam", meta.now).await;
        drop(proving);
        let found = found.and_then(of_iam);
        if let Err(error) = &found {
            self.recorder
                .unauthenticated_iam(meta, action, error)
                .await?;
        }
        found
    }

    /// Does what is asked, for this caller.
    ///
    /// # Errors
    /// [`IamError`], recorded; nothing was changed, unless the store could not say whether it was.
    pub async fn run<A: Action>(
        &self,
        action: &A,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<A::Answer, IamError> {
        let _whole = self.recorder.metrics().time(Operation::Iam, Step::Whole);
        if let Err(throttled) = admit_caller(&self.throttle, caller) {
            return self.refused::<A>(caller, meta, throttled.into()).await;
        }
        self.prepare(action, caller, meta).await;
        let turn = async {
            if A::WRITES {
                Some(self.directory.turn().await)
            } else {
                None
            }
        };
        let Ok(_turn) = tokio::time::timeout(LONGEST_WAIT, turn).await else {
            return self.refused::<A>(caller, meta, IamError::Busy).await;
        };
        let mut used_up = BTreeSet::new();
        for _ in 0..MAX_TRIES {
            match self.attempt(action, (caller, &mut used_up), meta).await {
                Ok(answer) => return Ok(answer),
                Err(Failed::Conflict) => {}
                Err(Failed::For(error)) => return self.refused::<A>(caller, meta, error).await,
            }
        }
        self.refused::<A>(caller, meta, IamError::Busy).await
    }

    /// Prepares what takes long while nobody waits for it, by the directory at hand. Where that doesn't allow the
    /// action, a newer one may: then it is prepared in turn.
    async fn prepare<A: Action>(&self, action: &A, caller: &Caller, meta: &RequestMeta) {
        let Some(work) = action.preparation() else {
            return;
        };
        let Ok(snapshot) = self.directory.snapshot(meta.now) else {
            return;
        };
        let is_allowed = || {
            if !self.authenticator.stands(caller, &snapshot) {
                return false;
            }
            let drawn = (self.entropy.as_ref(), &self.issuers);
            let Ok(scene) = Scene::new(caller, &snapshot, meta, drawn) else {
                return false;
            };
            let asked = action.asks(&scene);
            asked.is_ok_and(|asked| check_allowed(&asked, &scene, meta).is_ok())
        };
        if is_allowed() {
            do_elsewhere(work).await;
        }
    }

    async fn attempt<A: Action>(
        &self,
        action: &A,
        (caller, used_up): (&Caller, &mut BTreeSet<UsedCode>),
        meta: &RequestMeta,
    ) -> Result<A::Answer, Failed> {
        let snapshot = self.directory.catch_up(meta.now).await?;
        // Who waited may have been shut out meanwhile, and so may who was authenticated by what is older.
        if !self.authenticator.stands(caller, &snapshot) {
            return Err(IamError::Ended.into());
        }
        let mut scene = Scene::new(
            caller,
            &snapshot,
            meta,
            (self.entropy.as_ref(), &self.issuers),
        )?;
        let asked = action.asks(&scene).map_err(IamError::from)?;
        check_allowed(&asked, &scene, meta)?;
        if let Some(key) = action.looks_up(&scene) {
            // What decides nothing keeps nobody from an answer.
            let used = self.key_uses.last_use(key).await;
            scene.last_use = used.unwrap_or_else(|error| {
                tracing::warn!(
                    error = with_causes(&error),
                    "it can't be told when something was last used"
                );
                None
            });
        }
        if let Some(work) = action.preparation() {
            do_elsewhere(work).await;
        }
        let done = action.run(&scene).map_err(IamError::from)?;
        let subject = Subject::Caller(caller);
        if done.changes.is_empty() {
            let read = Outcome::Done;
            let recorded = self.recorder.admin(meta, &subject, deed::<A>(), read);
            recorded.await?;
            return Ok(done.answer);
        }
        self.use_up(done.codes, used_up, meta).await?;
        let changes = scene.with_account(done.changes);
        let before = snapshot.directory();
        let lines = changes.iter().flat_map(|change| told(change, before));
        let lines: Vec<String> = lines.collect();
        let change = RecordedChange {
            directory: &self.directory,
            recorder: &self.recorder,
            subject,
            deed: deed::<A>(),
            meta,
            lines: &lines,
        };
        match change.commit(snapshot.generation(), changes).await {
            Ok(_) => Ok(done.answer),
            Err(RecordedChangeError::Commit(CommitError::Conflict { .. })) => Err(Failed::Conflict),
            Err(error) => Err(Failed::For(
                IamError::from(error).of_account(scene.account_id),
            )),
        }
    }

    /// Uses codes up, those that an earlier try used left aside.
    async fn use_up(
        &self,
        codes: Vec<UsedCode>,
        used_up: &mut BTreeSet<UsedCode>,
        meta: &RequestMeta,
    ) -> Result<(), IamError> {
        for code in codes {
            if used_up.contains(&code) {
                continue;
            }
            match code.use_up(&self.marks, meta.now).await? {
                Redeemed::First => used_up.insert(code),
                Redeemed::Again => return Err(Refusal::wrong_code().into()),
            };
        }
        Ok(())
    }

    /// The refusal, recorded where it isn't yet; one that can't be is none.
    async fn refused<A: Action>(
        &self,
        caller: &Caller,
        meta: &RequestMeta,
        error: IamError,
    ) -> Result<A::Answer, IamError> {
        if error.is_recorded() {
            return Err(error);
        }
        let outcome = Outcome::Refused {
            check: error.check(),
            code: error.code(),
            why: with_causes(&error),
        };
        let subject = Subject::Caller(caller);
        self.recorder
            .admin(meta, &subject, deed::<A>(), outcome)
            .await?;
        Err(error)
    }
}

async fn do_elsewhere(work: Preparation) {
    // What could not be done there is done in its place.
    let _done = tokio::task::spawn_blocking(work).await;
}

/// Who may call IAM at all (IAM user guide, "Comparing STS credentials"): sessions of federated users may not,
/// those of users only with a second factor, and services have no account whose directory they could read.
fn of_iam(caller: Caller) -> Result<Caller, AuthenticationError> {
    let is_welcome = match (&caller.principal, &caller.session) {
        (Principal::Service(_) | Principal::FederatedUser(_), _) => false,
        (Principal::User(_), Some(session)) => session.mfa_at.is_some(),
        (Principal::User(_), None) | (Principal::Session(_) | Principal::Root(_), _) => true,
    };
    is_welcome
        .then_some(caller)
        .ok_or(AuthenticationError::InvalidToken)
}

/// How the records call an action.
const fn deed<A: Action>() -> Deed {
    Deed::iam(A::NAME, A::WRITES)
}

/// Whether the caller's policies allow all that is asked.
fn check_allowed(
    asked: &[Question],
    scene: &Scene<'_>,
    meta: &RequestMeta,
) -> Result<(), IamError> {
    let (caller, snapshot): (&Caller, &Snapshot) = (scene.caller, scene.snapshot);
    let own = OwnPolicies::of(caller, snapshot).ok_or(IamError::CallerGone)?;
    // What asks nothing would be allowed to everybody.
    if asked.is_empty() {
        let text = "The action asks for no permission, and is allowed to nobody; tell who runs the gateway.";
        return Err(IamError::Denied(text.to_owned()));
    }
    let mut about_caller = caller_context(caller, snapshot, meta);
    about_caller.set_account("aws:ResourceAccount", scene.account_id);
    for question in asked {
        let mut context = Context::over(&about_caller);
        for (key, values) in &question.keys {
            context.set(key.as_str(), values.clone());
        }
        let request = Request {
            caller: PolicyCaller::from(&caller.principal),
            action: &question.action,
            resource: &question.resource,
            context: &context,
        };
        let target = Target::without_policy(scene.partition, scene.account_id);
        if let Authorisation::Deny(refusal) = authorise(&request, &own.authority(), &target) {
            let resource = question.shown.as_deref().unwrap_or(&question.resource);
            let shown = Request {
                resource,
                ..request
            };
            return Err(IamError::Denied(refusal.message(&shown)));
        }
    }
    Ok(())
}
