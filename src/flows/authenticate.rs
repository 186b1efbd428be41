//! Who signed a request.
//!
//! ```text
//! signed request
//!   └ sigv4::read                 the claim: this access key, this scope
//!      └ find the secret          a user's key, or credentials::open(session token)
//!         └ the session's role and provider are still there, the role with the same unique id
//!            └ scope and times    as far as it goes without the body
//!               └ verify          the signature, over what was received
//! ```
//! [`Authenticator::head`] asks all of it before the body is read, by the hash of the body that the
//! request states, so that nobody sends much who has no key. Nothing that it finds outlives the
//! reading: a session may end while its body is under way.

use std::sync::Arc;

use crate::audit::AuditUnavailable;
use crate::credentials::{self, OpenSession};
use crate::directory::{Descent, DirectoryError, Footing, LiveDirectory, Snapshot};
use crate::domain::{
    AccessKeyId, AccountId, IssuerName, KeyKind, Partition, Principal, ProviderArn, ProviderRef,
    Region, Secret, SecretAccessKey, UniqueId, UnixTime,
};
use crate::policy::IdentityPolicy;
use crate::sigv4::{self, ExpectedScope, HttpRequest, SigV4Error, UnverifiedSignature};

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
    pub session: Option<OpenSession>,
    /// The user behind a long-term key.
    pub user: Option<Arc<BootstrapAdmin>>,
    /// The region that was signed for.
    pub region: Region,
    /// The signature, by which a request is known again.
    pub signature: Secret<[u8; 32]>,
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
}

/// A key's owner and what its requests are signed with.
struct KeyHolder {
    principal: Principal,
    session: Option<OpenSession>,
    user: Option<Arc<BootstrapAdmin>>,
    secret: SecretAccessKey,
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
        let holder = self.holder(&signature, now).await?;
        let proof = *signature.signature();
        let verified = signature.verify(&holder.secret, &self.scope(service), now)?;
        let (key, region) = (verified.access_key_id(), verified.region());
        Ok(holder.caller(key, region, proof))
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
        Ok(holder.caller(key, region, *signature.signature()))
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
            (_, None) => self.user_holder(key),
            (_, Some(_)) => Err(AuthenticationError::InvalidToken),
        }
    }

    fn user_holder(&self, key: &AccessKeyId) -> Result<KeyHolder, AuthenticationError> {
        let admin = self
            .admin
            .as_ref()
            .filter(|admin| admin.access_key_id == *key);
        let admin = admin.ok_or(AuthenticationError::InvalidToken)?;
        Ok(KeyHolder {
            principal: admin.principal()?,
            session: None,
            user: Some(Arc::clone(admin)),
            secret: admin.secret_access_key.clone(),
        })
    }

    async fn session_holder(
        &self,
        key: &AccessKeyId,
        token: &str,
        now: UnixTime,
    ) -> Result<KeyHolder, AuthenticationError> {
        let mut snapshot = self.directory.snapshot(now)?;
        let (session, secret) = match credentials::open(token, key, snapshot.keys(), now) {
            Err(credentials::TokenError::UnknownKey) => {
                snapshot = self.directory.catch_up(now).await?;
                credentials::open(token, key, snapshot.keys(), now)?
            }
            other => other?,
        };
        if !is_alive(&session, &snapshot) {
            snapshot = self.directory.catch_up(now).await?;
        }
        if !is_alive(&session, &snapshot) || is_revoked(&session, key, &snapshot) {
            return Err(AuthenticationError::InvalidToken);
        }
        let principal = Principal::Session(session.principal.clone());
        Ok(KeyHolder {
            principal,
            session: Some(session),
            user: None,
            secret,
        })
    }
}

impl KeyHolder {
    fn caller(self, key: &AccessKeyId, region: &Region, signature: [u8; 32]) -> Caller {
        Caller {
            principal: self.principal,
            access_key_id: key.clone(),
            session: self.session,
            user: self.user,
            region: region.clone(),
            signature: Secret::new(signature),
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
        Ok(Principal::User {
            partition: self.partition,
            account: self.account,
            name,
            unique_id: self.unique_id(),
        })
    }

    /// The same for the same access key, so that it stays through restarts.
    fn unique_id(&self) -> UniqueId {
        let digest = aws_lc_rs::digest::digest(
            &aws_lc_rs::digest::SHA256,
            self.access_key_id.as_str().as_bytes(),
        );
        let bytes = digest.as_ref().first_chunk().copied().unwrap_or_default();
        UniqueId::from_random(crate::domain::UniqueIdKind::User, bytes)
    }
}

/// Whether the session was ended before its time.
fn is_revoked(session: &OpenSession, key: &AccessKeyId, snapshot: &Snapshot) -> bool {
    snapshot.revocations().end_credentials(&Descent {
        access_key_id: key,
        role: &session.principal.role_id,
        lineage: &session.lineage,
        issued_at: session.issued_at,
    })
}

/// Whether what the session was issued for is still there: the same role, and who vouched for it,
/// and neither was away in between.
fn is_alive(session: &OpenSession, snapshot: &Snapshot) -> bool {
    let principal = &session.principal;
    let role = snapshot.role(&principal.role);
    let role_stays = role.is_some_and(|entry| entry.role.unique_id == principal.role_id);
    let footing = Footing::Role(principal.role.account(), principal.role_id.clone());
    role_stays
        && snapshot.has_since(&footing, session.lineage.generation)
        && is_vouched_for(session, snapshot)
}

/// Whether the provider is still there under the same issuer. A connection must still be linked to
/// the role's account too: the link is what lets it speak there.
fn is_vouched_for(session: &OpenSession, snapshot: &Snapshot) -> bool {
    let lineage = &session.lineage;
    let stands = |footing: &Footing| snapshot.has_since(footing, lineage.generation);
    match (&lineage.provider, &lineage.issuer) {
        (ProviderRef::Connection(id), issuer) => {
            let account = session.principal.role.account();
            stands(&Footing::Connection(id.clone(), issuer.clone()))
                && stands(&Footing::Link(id.clone(), account))
        }
        (ProviderRef::Account(ProviderArn::Oidc(arn)), IssuerName::Oidc(issuer)) => {
            let provider = snapshot.oidc_provider_of(arn);
            provider.is_some_and(|provider| provider.url == *issuer)
                && stands(&Footing::OidcProvider(arn.account(), issuer.clone()))
        }
        (ProviderRef::Account(ProviderArn::Saml(arn)), IssuerName::Saml(entity)) => {
            let (account, name) = (arn.account(), arn.name().clone());
            snapshot.saml_provider(arn).is_some()
                && stands(&Footing::SamlProvider(account, name, entity.clone()))
        }
        (ProviderRef::Account(ProviderArn::Oidc(_)), IssuerName::Saml(_))
        | (ProviderRef::Account(ProviderArn::Saml(_)), IssuerName::Oidc(_)) => false,
    }
}
