//! Who signed a request.
//!
//! ```text
//! signed request
//!   └ sigv4::read                 the claim: this access key, this scope
//!      └ find the secret          a user's or service's key, or the session token, opened
//!         └ the session's role and provider are still there, the role with the same unique id
//!            └ scope and times    as far as it goes without the body
//!               └ verify          the signature, over what was received
//! ```
//! [`Authenticator::head`] asks all of it before the body is read, by the hash of the body that the
//! request states, so that nobody sends much who has no key. Nothing that it finds outlives the
//! reading: a session may end while its body is under way.

use std::fmt;
use std::sync::Arc;

use super::reach::is_known_there;
use super::request::RequestMeta;
use super::standing::Ground;
use super::used_keys::{Used, UsedKeys};
use crate::audit::AuditUnavailable;
use crate::credentials::{self, OpenSession, OpenToken, OpenedTokens};
use crate::directory::{DirectoryError, KeyStatus, LiveDirectory, Snapshot};
use crate::domain::{
    AccessKeyId, AccountId, Endpoint, IamPath, KeyKind, Partition, Principal, Region, Secret,
    SecretAccessKey, UniqueId, UnixTime, UserPrincipal,
};
use crate::federation::known::KnownProviders;
use crate::policy::IdentityPolicy;
use crate::sigv4::{
    self, ExpectedScope, HttpRequest, Payload, ReceivedBody, ReceivedBy, SecretRef, SigV4Error,
    UnverifiedSignature,
};

/// The user `admin` that the environment can set up, with AdministratorAccess.
#[derive(Debug, Clone)]
pub struct BootstrapAdmin {
    /// Its access key.
    pub access_key_id: AccessKeyId,
    /// Its secret.
    pub secret_access_key: SecretAccessKey,
    /// Its account.
    pub account: AccountId,
    /// Its partition.
    pub partition: Partition,
    /// What it may do: AdministratorAccess.
    pub policy: IdentityPolicy,
}

/// A caller whose signature was verified.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who it is.
    pub principal: Principal,
    /// The key that signed.
    pub access_key_id: AccessKeyId,
    /// The session behind a temporary key.
    pub session: Option<Arc<OpenSession>>,
    /// The first administrator, of the environment, where it is they; users of the directory are looked up there.
    pub first_admin: Option<Arc<BootstrapAdmin>>,
    /// The region that was signed for.
    pub region: Region,
    /// The signature, by which a request is known again.
    pub signature: Secret<[u8; 32]>,
    /// When the request was signed, by the client's clock.
    pub signed_at: UnixTime,
    /// The directory that they were found in.
    pub(super) found_in: FoundIn,
    /// The key that the token of their session is sealed under.
    pub(super) sealed_under: Option<[u8; 4]>,
}

/// A directory in which somebody was found, with nothing there that ends what they signed with. None of whom no
/// directory has.
#[derive(Clone)]
pub(super) struct FoundIn(Option<Arc<Snapshot>>);

impl FoundIn {
    fn is(&self, snapshot: &Snapshot) -> bool {
        let found_in = self.0.as_deref();
        found_in.is_some_and(|found_in| std::ptr::eq(found_in, snapshot))
    }
}

impl fmt::Debug for FoundIn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let generation = self.0.as_ref().map(|snapshot| snapshot.generation());
        formatter.debug_tuple("FoundIn").field(&generation).finish()
    }
}

/// Why nobody was authenticated.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// The request is not signed.
    #[error("the request is not signed")]
    NotSigned,
    /// The signature is malformed, out of its time or scope, or wrong.
    #[error("the signature was not accepted")]
    Signature(#[from] SigV4Error),
    /// The access key is unknown, its session token missing or damaged, or what it was issued for is
    /// gone.
    #[error("the security token is not valid")]
    InvalidToken,
    /// The session is over.
    #[error("the session expired at {expired_at}")]
    ExpiredToken {
        /// When.
        expired_at: UnixTime,
    },
    /// The directory can't be read.
    #[error("the directory can't be read")]
    Unavailable(#[from] DirectoryError),
    /// The call can't be recorded.
    #[error("the audit log can't be written")]
    Audit(#[from] AuditUnavailable),
}

impl AuthenticationError {
    /// AWS's code, on the wire and in the audit.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotSigned => "MissingAuthenticationToken",
            Self::Signature(error) => error.code(),
            Self::InvalidToken => "InvalidClientTokenId",
            Self::ExpiredToken { .. } => "ExpiredToken",
            Self::Unavailable(_) | Self::Audit(_) => "ServiceUnavailable",
        }
    }

    /// Whether the caller is to blame, and may be guessing.
    pub const fn is_failed_proof(&self) -> bool {
        match self {
            Self::NotSigned
            | Self::Signature(_)
            | Self::InvalidToken
            | Self::ExpiredToken { .. } => true,
            Self::Unavailable(_) | Self::Audit(_) => false,
        }
    }

    /// The check that failed, for counting.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::NotSigned | Self::Signature(_) => "signature",
            Self::InvalidToken => "session token",
            Self::ExpiredToken { .. } => "expiry",
            Self::Unavailable(_) | Self::Audit(_) => "availability",
        }
    }
}

/// Finds out who signed.
#[derive(Debug, Clone)]
pub struct Authenticator {
    /// Where roles, providers and sealing keys are.
    pub directory: Arc<LiveDirectory>,
    /// The user that the environment set up, if it did.
    pub admin: Option<Arc<BootstrapAdmin>>,
    /// The regions that may be signed for.
    pub regions: Arc<[Region]>,
    /// The providers that every account knows, as far as this node takes what they say.
    pub known: Arc<KnownProviders>,
    /// The session tokens that were opened a moment ago.
    pub opened: Arc<OpenedTokens>,
    /// Which users' keys, and which roles, were used.
    pub used: Arc<UsedKeys>,
}

/// A key's owner and what its requests are signed with.
struct KeyHolder {
    principal: Principal,
    session: Option<Arc<OpenSession>>,
    first_admin: Option<Arc<BootstrapAdmin>>,
    secret: HeldSecret,
    found_in: FoundIn,
    sealed_under: Option<[u8; 4]>,
}

/// A user's or service's own secret, or that of a session.
enum HeldSecret {
    Own(SecretAccessKey),
    OfSession(Arc<OpenToken>),
}

impl<'s> From<&'s HeldSecret> for SecretRef<'s> {
    fn from(secret: &'s HeldSecret) -> Self {
        match secret {
            HeldSecret::Own(secret) => Self::Plain(secret),
            HeldSecret::OfSession(token) => Self::Shared(&token.secret),
        }
    }
}

/// What the head of a request proves whose body is not there yet.
pub(super) enum HeadProof {
    /// Whoever has the key's secret signed it, with the hash of the body that is to come.
    Signed(Box<Caller>),
    /// It names a key that there is, and states no hash. The id of a key is no secret.
    KeyAlone(UnverifiedHolder),
}

/// Whose the key is that a request names: nothing says that it comes from them.
pub(super) struct UnverifiedHolder {
    principal: Principal,
    session: Option<Arc<OpenSession>>,
}

/// Whose a key is, for knowing them again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holder<'a> {
    /// Who it is.
    pub principal: &'a Principal,
    /// The session behind a temporary key.
    pub session: Option<&'a OpenSession>,
}

impl UnverifiedHolder {
    /// For knowing them again.
    pub fn holder(&self) -> Holder<'_> {
        Holder {
            principal: &self.principal,
            session: self.session.as_deref(),
        }
    }
}

impl Caller {
    /// For knowing them again.
    pub(super) fn holder(&self) -> Holder<'_> {
        Holder {
            principal: &self.principal,
            session: self.session.as_deref(),
        }
    }
}

impl Authenticator {
    /// The caller behind a request to `service`.
    ///
    /// # Errors
    /// [`AuthenticationError`] of the first check that failed.
    pub async fn authenticate(
        &self,
        request: &HttpRequest<'_>,
        service: &'static str,
        now: UnixTime,
    ) -> Result<Caller, AuthenticationError> {
        let signature = sigv4::read(request)?.ok_or(AuthenticationError::NotSigned)?;
        self.signed_by(signature, &self.scope(service), now).await
    }

    /// The caller behind a call to STS. What is sent to a region's own endpoint must be signed for that
    /// region, by somebody who is known there. A presigned URL is good for a quarter of an hour at most:
    /// whoever finds one could have keys by it for as long.
    ///
    /// # Errors
    /// As [`Self::authenticate`]. Who is not known in the region has no valid token there, as at AWS.
    pub async fn authenticate_at_sts(
        &self,
        request: &HttpRequest<'_>,
        meta: &RequestMeta,
    ) -> Result<Caller, AuthenticationError> {
        let scope = match meta.endpoint {
            Endpoint::Global => self.scope("sts"),
            Endpoint::Regional(_) => ExpectedScope {
                service: "sts",
                regions: std::slice::from_ref(&meta.region),
            },
        };
        let signature = sigv4::read(request)?.ok_or(AuthenticationError::NotSigned)?;
        let signature = signature.no_longer_than_at_sts();
        let caller = self.signed_by(signature, &scope, meta.now).await?;
        if meta.endpoint == Endpoint::Global {
            return Ok(caller);
        }
        let token = caller.session.as_ref().map(|it| it.token_version);
        // A service belongs to the gateway, which is in every region.
        let Some(account) = caller.principal.account() else {
            return Ok(caller);
        };
        let is_known = |snapshot: &Snapshot| is_known_there(account, token, snapshot, meta);
        if is_known(&*self.directory.snapshot(meta.now)?)
            || is_known(&*self.directory.catch_up(meta.now).await?)
        {
            Ok(caller)
        } else {
            Err(AuthenticationError::InvalidToken)
        }
    }

    async fn signed_by(
        &self,
        signature: UnverifiedSignature<'_>,
        scope: &ExpectedScope<'_>,
        now: UnixTime,
    ) -> Result<Caller, AuthenticationError> {
        let holder = self.holder(&signature, now).await?;
        let proof = Proof::of(&signature);
        let verified = signature.verify(&holder.secret, scope, now)?;
        let (key, region) = verified.into_key_and_region();
        self.note_use(&holder, &key, (scope.service, &region), now);
        Ok(holder.caller(key, region, proof))
    }

    /// The caller behind a request to `service`, which must be signed by header: nobody may keep it and send
    /// it later.
    ///
    /// # Errors
    /// [`AuthenticationError`] of the first check that failed.
    pub async fn by_header(
        &self,
        request: &HttpRequest<'_>,
        service: &'static str,
        now: UnixTime,
    ) -> Result<Caller, AuthenticationError> {
        let signature = sigv4::read(request)?.ok_or(AuthenticationError::NotSigned)?;
        signature.refuse_presigned()?;
        self.signed_by(signature, &self.scope(service), now).await
    }

    /// The caller behind a request that a service received, and what the signature says of its body.
    ///
    /// # Errors
    /// [`AuthenticationError`] of the first check that failed.
    pub async fn received(
        &self,
        request: &HttpRequest<'_>,
        by: &ReceivedBy<'_>,
        body: &ReceivedBody,
        now: UnixTime,
    ) -> Result<(Caller, Payload), AuthenticationError> {
        let signature = sigv4::read(request)?.ok_or(AuthenticationError::NotSigned)?;
        let holder = self.holder(&signature, now).await?;
        let proof = Proof::of(&signature);
        let (verified, payload) = signature.verify_received(&holder.secret, by, body, now)?;
        let (key, region) = verified.into_key_and_region();
        self.note_use(&holder, &key, (by.service, &region), now);
        Ok((holder.caller(key, region, proof), payload))
    }

    /// The caller behind a request to `service` whose body is not there yet: it must be signed by
    /// header, and state the hash of its body.
    ///
    /// # Errors
    /// [`AuthenticationError`] of the first check that failed.
    pub async fn head(
        &self,
        request: &HttpRequest<'_>,
        service: &'static str,
        now: UnixTime,
    ) -> Result<Caller, AuthenticationError> {
        let signature = sigv4::read(request)?.ok_or(AuthenticationError::NotSigned)?;
        let holder = self.holder(&signature, now).await?;
        signature.verify_head(&holder.secret, &self.scope(service), now)?;
        let (key, region) = (signature.access_key_id(), signature.region());
        let proof = Proof::of(&signature);
        Ok(holder.caller(key.clone(), region.clone(), proof))
    }

    /// Notes that a user's own key was used, or a role by one of its sessions, so that it can be found out that
    /// nobody does any more.
    fn note_use(
        &self,
        holder: &KeyHolder,
        key: &AccessKeyId,
        scope: (&str, &Region),
        now: UnixTime,
    ) {
        let is_own = holder.session.is_none() && holder.first_admin.is_none();
        match &holder.principal {
            Principal::User(_) if is_own => self.used.note(Used::Key(key), scope, now),
            Principal::Session(session) => {
                self.used.note(Used::Role(&session.role_id), scope, now);
            }
            Principal::User(_)
            | Principal::Service(_)
            | Principal::FederatedUser(_)
            | Principal::Root(_) => {}
        }
    }

    /// What is proven of a request to `service` whose body is not there yet: it must be signed by header, now, with
    /// a key that there is.
    ///
    /// # Errors
    /// [`AuthenticationError`] of the first check that failed.
    pub(super) async fn head_proof(
        &self,
        request: &HttpRequest<'_>,
        service: &'static str,
        now: UnixTime,
    ) -> Result<HeadProof, AuthenticationError> {
        let signature = sigv4::read(request)?.ok_or(AuthenticationError::NotSigned)?;
        let holder = self.holder(&signature, now).await?;
        let scope = self.scope(service);
        match signature.verify_head(&holder.secret, &scope, now) {
            Ok(()) => {
                let (key, region) = (signature.access_key_id(), signature.region());
                let caller = holder.caller(key.clone(), region.clone(), Proof::of(&signature));
                Ok(HeadProof::Signed(Box::new(caller)))
            }
            Err(SigV4Error::MissingPayloadHash) => Ok(HeadProof::KeyAlone(UnverifiedHolder {
                principal: holder.principal,
                session: holder.session,
            })),
            Err(error) => Err(error.into()),
        }
    }

    fn scope(&self, service: &'static str) -> ExpectedScope<'_> {
        ExpectedScope {
            service,
            regions: &self.regions,
        }
    }

    async fn holder(
        &self,
        signature: &UnverifiedSignature<'_>,
        now: UnixTime,
    ) -> Result<KeyHolder, AuthenticationError> {
        let key = signature.access_key_id();
        match (key.kind(), signature.session_token()) {
            (Some(KeyKind::Temporary), Some(token)) => self.session_holder(key, token, now).await,
            (_, None) => match self.admin.as_ref() {
                Some(admin) if admin.access_key_id == *key => Ok(KeyHolder {
                    principal: admin.principal()?,
                    session: None,
                    first_admin: Some(Arc::clone(admin)),
                    secret: HeldSecret::Own(admin.secret_access_key.clone()),
                    found_in: FoundIn(None),
                    sealed_under: None,
                }),
                Some(_) | None => self.lasting_holder(key, now).await,
            },
            (_, Some(_)) => Err(AuthenticationError::InvalidToken),
        }
    }

    /// A user or service of the directory. Only a key that could be one of theirs is worth a look whether
    /// there is something newer.
    async fn lasting_holder(
        &self,
        key: &AccessKeyId,
        now: UnixTime,
    ) -> Result<KeyHolder, AuthenticationError> {
        let mut snapshot = self.directory.snapshot(now)?;
        let is_known = snapshot.holder_of_key(key).is_some();
        if !is_known && key.kind() == Some(KeyKind::LongTerm) {
            snapshot = self.directory.catch_up(now).await?;
        }
        let holder = snapshot.holder_of_key(key);
        let active = holder.filter(|(_, own)| own.status == KeyStatus::Active);
        let (principal, own) = active.ok_or(AuthenticationError::InvalidToken)?;
        Ok(KeyHolder {
            principal,
            session: None,
            first_admin: None,
            secret: HeldSecret::Own(own.secret()),
            found_in: FoundIn(Some(snapshot)),
            sealed_under: None,
        })
    }

    async fn session_holder(
        &self,
        key: &AccessKeyId,
        token: &str,
        now: UnixTime,
    ) -> Result<KeyHolder, AuthenticationError> {
        let mut snapshot = self.directory.snapshot(now)?;
        let opened = match self.opened.open(token, key, snapshot.keys(), now) {
            Err(credentials::TokenError::UnknownKey) => {
                snapshot = self.directory.catch_up(now).await?;
                self.opened.open(token, key, snapshot.keys(), now)?
            }
            other => other?,
        };
        let (principal, session) = (&opened.principal, &opened.session);
        if !self.ground(&snapshot).holds(principal, session) {
            snapshot = self.directory.catch_up(now).await?;
            let opens = snapshot.keys().find(opened.sealed_under).is_some();
            if !opens || !self.ground(&snapshot).holds(principal, session) {
                return Err(AuthenticationError::InvalidToken);
            }
        }
        if self.ground(&snapshot).is_revoked((principal, session), key) {
            return Err(AuthenticationError::InvalidToken);
        }
        Ok(KeyHolder {
            first_admin: self.admin_behind(principal),
            principal: principal.clone(),
            session: Some(Arc::clone(session)),
            sealed_under: Some(opened.sealed_under),
            secret: HeldSecret::OfSession(opened),
            found_in: FoundIn(Some(snapshot)),
        })
    }
}

impl Authenticator {
    /// Whether a caller who was authenticated a moment ago is still who they were, by the snapshot that something
    /// is issued by: what is issued carries its generation, and no revocation of that generation or an
    /// earlier one ends it.
    pub(super) fn stands(&self, caller: &Caller, snapshot: &Snapshot) -> bool {
        // What was asked of this directory then would be asked of it again.
        if caller.found_in.is(snapshot) {
            return true;
        }
        let key = &caller.access_key_id;
        match &caller.session {
            Some(session) => {
                let (ground, principal) = (self.ground(snapshot), &caller.principal);
                let sealing = caller.sealed_under.and_then(|id| snapshot.keys().find(id));
                sealing.is_some()
                    && ground.holds(principal, session)
                    && !ground.is_revoked((principal, session), key)
            }
            None if caller.first_admin.is_some() => true,
            None => snapshot.holder_of_key(key).is_some_and(|(principal, own)| {
                own.status == KeyStatus::Active && principal == caller.principal
            }),
        }
    }

    fn ground<'a>(&'a self, snapshot: &'a Snapshot) -> Ground<'a> {
        Ground {
            snapshot,
            admin: self.admin.as_ref(),
            known: &self.known,
        }
    }

    /// The user of the environment, where a session is theirs.
    fn admin_behind(&self, principal: &Principal) -> Option<Arc<BootstrapAdmin>> {
        let user = match principal {
            Principal::User(user) => user,
            Principal::FederatedUser(federated) => &federated.by,
            Principal::Session(_) | Principal::Service(_) | Principal::Root(_) => return None,
        };
        let admin = self.admin.as_ref();
        admin.filter(|admin| admin.is(user)).map(Arc::clone)
    }
}

/// What is kept of a signature once it was verified.
#[derive(Clone, Copy)]
struct Proof {
    signature: [u8; 32],
    signed_at: UnixTime,
}

impl Proof {
    const fn of(signature: &UnverifiedSignature<'_>) -> Self {
        Self {
            signature: *signature.signature(),
            signed_at: signature.signed_at(),
        }
    }
}

impl KeyHolder {
    fn caller(self, key: AccessKeyId, region: Region, proof: Proof) -> Caller {
        Caller {
            principal: self.principal,
            access_key_id: key,
            session: self.session,
            first_admin: self.first_admin,
            region,
            signature: Secret::new(proof.signature),
            signed_at: proof.signed_at,
            found_in: self.found_in,
            sealed_under: self.sealed_under,
        }
    }
}

impl From<credentials::TokenError> for AuthenticationError {
    fn from(error: credentials::TokenError) -> Self {
        match error {
            credentials::TokenError::Invalid | credentials::TokenError::UnknownKey => {
                Self::InvalidToken
            }
            credentials::TokenError::Expired { expired_at } => Self::ExpiredToken { expired_at },
        }
    }
}

impl BootstrapAdmin {
    fn principal(&self) -> Result<Principal, AuthenticationError> {
        let name = "admin"
            .parse()
            .map_err(|_| AuthenticationError::InvalidToken)?;
        Ok(Principal::User(UserPrincipal {
            partition: self.partition,
            account: self.account,
            path: IamPath::root(),
            name,
            unique_id: self.unique_id(),
        }))
    }

    /// Whether a user is this one, and no user of the directory who is called so.
    pub(super) fn is(&self, user: &UserPrincipal) -> bool {
        self.principal()
            .is_ok_and(|own| own == Principal::User(user.clone()))
    }

    /// The same for the same access key, so that it stays through restarts; nobody can make another user of it
    /// who doesn't know the secret.
    pub(super) fn unique_id(&self) -> UniqueId {
        let key = aws_lc_rs::hmac::Key::new(
            aws_lc_rs::hmac::HMAC_SHA256,
            self.secret_access_key.expose().as_bytes(),
        );
        let digest = aws_lc_rs::hmac::sign(&key, self.access_key_id.as_str().as_bytes());
        let bytes = digest.as_ref().first_chunk().copied().unwrap_or_default();
        UniqueId::from_random(crate::domain::UniqueIdKind::User, bytes)
    }
}
