//! `GetWebIdentityToken`: who signs is given a token that tells others so, and what others verify it by.
//!
//! ```text
//! signed request ── authenticate, admit: a user, or a session of a role
//!   └ sts:GetWebIdentityToken, and sts:TagGetWebIdentityToken with tags
//!      └ the account gives such tokens; none outlives the caller's session
//!         └ WebIdentityKey::sign
//!            └ recorder          no record, no answer
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::authenticate::{AuthenticationError, Authenticator, Caller};
use super::caller_context::{caller_context, describe_tags};
use super::issuers::Issuers;
use super::own_policies::{Asking, own_tags};
use super::rates::admit_caller;
use super::reach::{RegionDisabled, reach};
use super::record::{CallerRecord, Recorder, Refusal, VouchedFor};
use super::request::RequestMeta;
use super::signed_caller::signed_caller;
use super::unavailable::Unavailable;
use crate::audit::AuditUnavailable;
use crate::directory::{DirectoryError, Snapshot};
use crate::domain::{AccountId, OwnTags, Principal, SessionTags, UnixTime};
use crate::federation::outbound::{AwsClaims, Claims, NotSigned, SigningAlgorithm, WebIdentityKey};
use crate::metrics::{Operation, Step};
use crate::policy::Values;
use crate::sigv4::HttpRequest;
use crate::throttle::{Throttle, Throttled};

const OPERATION: Operation = Operation::GetWebIdentityToken;
const ACTION: &str = "sts:GetWebIdentityToken";
const TAG_ACTION: &str = "sts:TagGetWebIdentityToken";

/// What is asked for.
#[derive(Debug, Clone)]
pub struct TokenRequest<'a> {
    /// For whom it is: 1 to 10.
    pub audiences: Vec<&'a str>,
    /// How it is signed.
    pub algorithm: SigningAlgorithm,
    /// How long it is good, in seconds: 60 to 3,600.
    pub seconds: u32,
    /// What it says beside.
    pub tags: SessionTags,
}

/// A token that tells others who was given it. It opens what they let its bearer do, so it has no `Debug`.
pub struct WebIdentityToken {
    /// The JWT.
    pub token: String,
    /// From when it is over.
    pub expiration: UnixTime,
}

/// The flow and what it needs.
#[derive(Clone)]
pub struct GetWebIdentityToken {
    /// Finds out who signed.
    pub authenticator: Authenticator,
    /// Who vouches, and with which keys.
    pub issuers: Issuers,
    /// How often somebody may ask.
    pub throttle: Arc<Throttle>,
    /// Where it is recorded.
    pub recorder: Arc<Recorder>,
}

impl fmt::Debug for GetWebIdentityToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("GetWebIdentityToken")
    }
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenRefused {
    /// Nobody was authenticated.
    #[error(transparent)]
    Authentication(#[from] AuthenticationError),
    /// The caller asks too often.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// It takes a user's long-term key, or a session of a role.
    #[error("Cannot call GetWebIdentityToken with such credentials")]
    Credentials,
    /// The caller's policies don't allow it: AWS's text.
    #[error("{0}")]
    Denied(String),
    /// The account gives no such tokens.
    #[error("the account gives its users and roles no tokens for others")]
    Disabled,
    /// STS is not active for the account in this region.
    #[error(transparent)]
    RegionDisabled(#[from] RegionDisabled),
    /// The token would be good for longer than the caller's own session.
    #[error("the token would outlive the calling session, which ends at {ends_at}")]
    OutlivesSession {
        /// When that ends.
        ends_at: UnixTime,
    },
    /// The token says too much.
    #[error("the claims would take {bytes} bytes, which is too many")]
    TooLarge {
        /// How many.
        bytes: usize,
    },
    /// This node can't answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl TokenRefused {
    /// AWS's code, on the wire and in the audit.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Authentication(error) => error.code(),
            Self::Throttled(_) => "Throttling",
            Self::Credentials | Self::Denied(_) => "AccessDenied",
            Self::Disabled => "OutboundWebIdentityFederationDisabledException",
            Self::RegionDisabled(_) => "RegionDisabledException",
            Self::OutlivesSession { .. } => "SessionDurationEscalationException",
            Self::TooLarge { .. } => "JWTPayloadSizeExceededException",
            Self::Unavailable(_) => "ServiceUnavailable",
        }
    }

    /// The check that failed, for the trace.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::Authentication(error) => error.check(),
            Self::Throttled(_) => "rate",
            Self::Credentials => "caller",
            Self::Denied(_) => "policies",
            Self::Disabled => "outbound federation",
            Self::RegionDisabled(_) => "region",
            Self::OutlivesSession { .. } => "duration",
            Self::TooLarge { .. } => "token size",
            Self::Unavailable(_) => "availability",
        }
    }

    /// Whether the proof of identity itself did not hold: the caller may be guessing.
    pub const fn is_failed_proof(&self) -> bool {
        match self {
            Self::Authentication(error) => error.is_failed_proof(),
            _ => false,
        }
    }
}

impl From<DirectoryError> for TokenRefused {
    fn from(error: DirectoryError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<AuditUnavailable> for TokenRefused {
    fn from(error: AuditUnavailable) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<NotSigned> for TokenRefused {
    fn from(error: NotSigned) -> Self {
        match error {
            NotSigned::TooLarge { bytes } => Self::TooLarge { bytes },
            NotSigned::Signature => Self::Unavailable(Unavailable::NoWebIdentityKey),
        }
    }
}

impl GetWebIdentityToken {
    /// Who asks; whoever is not known is told nothing else of the request.
    ///
    /// # Errors
    /// [`TokenRefused::Authentication`], which is recorded.
    pub async fn caller(
        &self,
        request: &HttpRequest<'_>,
        meta: &RequestMeta,
    ) -> Result<Caller, TokenRefused> {
        let by = (&self.authenticator, self.recorder.as_ref());
        Ok(signed_caller(by, OPERATION, request, meta).await?)
    }

    /// Runs the flow; the attempt is recorded before this answers.
    ///
    /// # Errors
    /// [`TokenRefused`]; there is no token.
    pub async fn run(
        &self,
        request: TokenRequest<'_>,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<WebIdentityToken, TokenRefused> {
        let _whole = self.recorder.metrics().time(OPERATION, Step::Whole);
        let result = self.token(&request, caller, meta).await;
        let vouched = VouchedFor {
            audiences: &request.audiences,
            algorithm: request.algorithm,
        };
        let record = match &result {
            Ok(_) => CallerRecord::Vouched(caller, vouched),
            Err(error) => CallerRecord::Denied(
                caller,
                Refusal {
                    code: error.code(),
                    check: error.check(),
                    why: error,
                    asked: &[],
                },
            ),
        };
        self.recorder.signed_call(meta, OPERATION, record).await?;
        result
    }

    async fn token(
        &self,
        request: &TokenRequest<'_>,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<WebIdentityToken, TokenRefused> {
        let (account, subject) = subject(caller).ok_or(TokenRefused::Credentials)?;
        admit_caller(&self.throttle, caller)?;
        // Nobody asks again whether a token holds: who is gone or revoked elsewhere must not get one.
        let snapshot = self.issuers.directory.catch_up(meta.now).await?;
        if !self.authenticator.stands(caller, &snapshot) {
            return Err(AuthenticationError::InvalidToken.into());
        }
        authorise(request, (caller, account), &snapshot, meta)?;
        let settings = snapshot.account(account).map(|account| &account.settings);
        if !settings.is_some_and(|settings| settings.outbound_federation) {
            return Err(TokenRefused::Disabled);
        }
        reach(account, &snapshot, meta)?;
        let expiration = expiration(request, caller, meta)?;
        let _issuing = self.recorder.metrics().time(OPERATION, Step::Issue);
        let newest = self.issuers.ready(meta.now).await?;
        let keys = newest.web_identity_keys().map_err(Unavailable::from)?;
        let key = keys.signing(meta.now);
        let key = key.ok_or(Unavailable::NoWebIdentityKey)?;
        let said = Said {
            issuer: &self.issuers.of(account),
            account,
            subject: &subject,
            expiration,
        };
        let token = said.sign(key, (request, caller), &snapshot, meta)?;
        Ok(WebIdentityToken { token, expiration })
    }
}

/// Of which account and as whom the caller is told to others: as the role, and not as its session. A
/// session of a user's own and a federated user may ask STS who they are, and the former assume roles; that
/// is all (IAM user guide, "Compare AWS STS credentials").
fn subject(caller: &Caller) -> Option<(AccountId, String)> {
    match (&caller.principal, &caller.session) {
        (Principal::User(user), None) => Some((user.account, user.arn())),
        (Principal::Session(session), Some(_)) => {
            let role = &session.role;
            Some((role.account(), role.as_str().to_owned()))
        }
        _ => None,
    }
}

fn authorise(
    request: &TokenRequest<'_>,
    (caller, account): (&Caller, AccountId),
    snapshot: &Snapshot,
    meta: &RequestMeta,
) -> Result<(), TokenRefused> {
    let mut context = caller_context(caller, snapshot, meta);
    let audiences: Values<'_> = request.audiences.iter().copied().collect();
    context.set("sts:IdentityTokenAudience", audiences);
    context.set("sts:SigningAlgorithm", request.algorithm.as_str());
    context.set("sts:DurationSeconds", request.seconds.to_string());
    describe_tags(&mut context, &request.tags);
    let asking = Asking {
        caller,
        snapshot,
        context: &context,
        account,
    };
    let denied = TokenRefused::Denied;
    asking.ask(ACTION, "*").map_err(denied)?;
    if !request.tags.is_empty() {
        asking.ask(TAG_ACTION, "*").map_err(denied)?;
    }
    Ok(())
}

/// When the token is over, which must not be later than the caller's own session.
fn expiration(
    request: &TokenRequest<'_>,
    caller: &Caller,
    meta: &RequestMeta,
) -> Result<UnixTime, TokenRefused> {
    let expiration = meta.now.plus(request.seconds.into());
    match caller.session.as_ref().map(|session| session.expires_at) {
        Some(ends_at) if expiration > ends_at => Err(TokenRefused::OutlivesSession { ends_at }),
        Some(_) | None => Ok(expiration),
    }
}

/// What a token says of its bearer.
struct Said<'a> {
    issuer: &'a str,
    account: AccountId,
    subject: &'a str,
    expiration: UnixTime,
}

impl Said<'_> {
    fn sign(
        &self,
        key: &WebIdentityKey,
        (request, caller): (&TokenRequest<'_>, &Caller),
        snapshot: &Snapshot,
        meta: &RequestMeta,
    ) -> Result<String, NotSigned> {
        let request_tags = request.tags.iter();
        let claims = Claims {
            iss: self.issuer,
            audiences: &request.audiences,
            sub: self.subject,
            iat: meta.now,
            exp: self.expiration,
            jti: meta.id,
            aws: AwsClaims {
                aws_account: self.account,
                source_region: &meta.region,
                principal_tags: principal_tags(caller, snapshot),
                request_tags: request_tags
                    .map(|(key, value, _)| (key.as_str(), value.as_str()))
                    .collect(),
            },
        };
        key.sign(&claims, request.algorithm)
    }
}

/// Those of the user or role; a session's own go before those of the same key.
fn principal_tags<'a>(caller: &'a Caller, snapshot: &'a Snapshot) -> BTreeMap<&'a str, &'a str> {
    let session = caller.session.as_ref().map(|session| &session.tags);
    let own = own_tags(&caller.principal, snapshot).into_iter();
    let own = own
        .flat_map(OwnTags::iter)
        .filter(|(key, _)| !session.is_some_and(|tags| tags.has(key)))
        .map(|(key, value)| (key.as_str(), value.as_str()));
    let of_session = session.into_iter().flat_map(SessionTags::iter);
    let of_session = of_session.map(|(key, value, _)| (key.as_str(), value.as_str()));
    own.chain(of_session).collect()
}
