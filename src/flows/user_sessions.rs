//! What a user does with a long-term key of their own: `GetSessionToken` and `GetFederationToken`; and what
//! is asked of STS by whoever has policies: `GetAccessKeyInfo` and `DecodeAuthorizationMessage`.
//!
//! ```text
//! signed request ── authenticate, admit
//!   ├ GetSessionToken      a long-term key; a code, where one is shown. No permission is asked for
//!   ├ GetFederationToken   a long-term key; sts:GetFederationToken, and sts:TagSession with tags
//!   ├ GetAccessKeyInfo     sts:GetAccessKeyInfo
//!   └ DecodeAuthorizationMessage   sts:DecodeAuthorizationMessage; of the caller's own account
//!      └ recorder          no record, no answer
//! ```

use std::fmt;
use std::sync::Arc;

use super::authenticate::{AuthenticationError, Authenticator, Caller};
use super::caller_context::{caller_context, describe_tags};
use super::mfa::{self, DevicesOf, MfaError, ShownCode};
use super::narrowing::{Narrowing, UnknownPolicy};
use super::own_policies::Asking;
use super::rates::admit_caller;
use super::reach::{RegionDisabled, reach};
use super::record::{CallerRecord, Recorder};
use super::request::RequestMeta;
use super::signed_caller::signed_caller;
use super::unavailable::Unavailable;
use crate::audit::AuditUnavailable;
use crate::credentials::{self, Extent, IssueError, IssuedToUser, MessageError, Mint, UserSession};
use crate::directory::{DirectoryError, LiveDirectory, Snapshot};
use crate::domain::{AccessKeyId, AccountId, FederatedName, Principal, SessionTags, UserPrincipal};
use crate::entropy::Entropy;
use crate::metrics::{Operation, Step};
use crate::sigv4::HttpRequest;
use crate::store::OneTimeUse;
use crate::throttle::{Throttle, Throttled};

/// The flows and what they need.
#[derive(Clone)]
pub struct UserSessions {
    /// Finds out who signed.
    pub authenticator: Authenticator,
    /// Users, policies, sealing keys.
    pub directory: Arc<LiveDirectory>,
    /// The codes that were used.
    pub marks: Arc<dyn OneTimeUse>,
    /// How often somebody may ask.
    pub throttle: Arc<Throttle>,
    /// Where it is recorded.
    pub recorder: Arc<Recorder>,
    /// Randomness for keys and tokens.
    pub entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for UserSessions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("UserSessions")
    }
}

/// A session that may do what one of the user's own policies allow, within what it is narrowed to.
#[derive(Debug, Clone)]
pub struct FederationRequest {
    /// What whoever it is for is called.
    pub name: FederatedName,
    /// How long it lasts, in seconds.
    pub seconds: u32,
    /// What it stays within; without any it may do nothing that a policy of its user allows.
    pub narrowing: Narrowing,
    /// Its tags.
    pub tags: SessionTags,
}

/// Why a signed call about the caller's own session is refused.
#[derive(Debug, thiserror::Error)]
pub enum UserSessionError {
    /// Nobody was authenticated.
    #[error(transparent)]
    Authentication(#[from] AuthenticationError),
    /// The caller asks too often.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// It takes a user's long-term key.
    #[error("Cannot call {0} with session credentials")]
    SessionCredentials(&'static str),
    /// A service has no policies and no session of its own.
    #[error(
        "Cannot call {0} as a service: a service may take roles that trust it, and ask what others may do"
    )]
    ServiceCaller(&'static str),
    /// The caller's policies don't allow it: AWS's text.
    #[error("{0}")]
    Denied(String),
    /// The second factor doesn't count.
    #[error(transparent)]
    Mfa(#[from] MfaError),
    /// A managed policy that the session should stay within is none that the account has.
    #[error(transparent)]
    UnknownPolicy(#[from] UnknownPolicy),
    /// STS gives no credentials for the caller's account in this region.
    #[error(transparent)]
    RegionDisabled(#[from] RegionDisabled),
    /// No trade-in token is good: none is given out here.
    #[error("the trade-in token is not one that can be exchanged")]
    TradeInToken,
    /// The access key says no account.
    #[error("the access key belongs to no account that is known here")]
    UnknownKey,
    /// The message is none that was sealed for the caller's account.
    #[error("Message is not valid")]
    InvalidMessage,
    /// The token would be too large.
    #[error("the session token would take {percent} per cent of its room")]
    TooLarge {
        /// Over 100.
        percent: u32,
    },
    /// This node can't answer.
    #[error(transparent)]
    Unavailable(Unavailable),
}

impl UserSessionError {
    /// AWS's code, on the wire and in the audit.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Authentication(error) => error.code(),
            Self::Throttled(_) => "Throttling",
            Self::Mfa(MfaError::Unavailable(_)) | Self::Unavailable(_) => "ServiceUnavailable",
            Self::SessionCredentials(_)
            | Self::ServiceCaller(_)
            | Self::Denied(_)
            | Self::Mfa(_) => "AccessDenied",
            Self::UnknownPolicy(_) => "MalformedPolicyDocument",
            Self::RegionDisabled(_) => "RegionDisabledException",
            Self::TradeInToken => "ExpiredTradeInTokenException",
            Self::UnknownKey => "ValidationError",
            Self::InvalidMessage => "InvalidAuthorizationMessageException",
            Self::TooLarge { .. } => "PackedPolicyTooLarge",
        }
    }

    /// The check that failed, for the trace.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::Authentication(error) => error.check(),
            Self::Throttled(_) => "rate",
            Self::Mfa(MfaError::Unavailable(_)) | Self::Unavailable(_) => "availability",
            Self::SessionCredentials(_) => "long-term key",
            Self::ServiceCaller(_) => "caller",
            Self::Denied(_) => "policies",
            Self::Mfa(_) => "second factor",
            Self::UnknownPolicy(_) => "session policy",
            Self::RegionDisabled(_) => "region",
            Self::TradeInToken => "trade-in token",
            Self::UnknownKey => "access key",
            Self::InvalidMessage => "message",
            Self::TooLarge { .. } => "token size",
        }
    }

    /// Whether the proof of identity itself did not hold: the caller may be guessing.
    pub const fn is_failed_proof(&self) -> bool {
        match self {
            Self::Authentication(error) => error.is_failed_proof(),
            Self::Mfa(error) => error.is_failed_proof(),
            _ => false,
        }
    }
}

impl From<DirectoryError> for UserSessionError {
    fn from(error: DirectoryError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<AuditUnavailable> for UserSessionError {
    fn from(error: AuditUnavailable) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<IssueError> for UserSessionError {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::TooLarge { percent } => Self::TooLarge { percent },
            other => Self::Unavailable(other.into()),
        }
    }
}

impl UserSessions {
    /// Who asks; whoever is not known is told nothing else of the request.
    ///
    /// # Errors
    /// [`UserSessionError::Authentication`], which is recorded.
    pub async fn caller(
        &self,
        operation: Operation,
        request: &HttpRequest<'_>,
        meta: &RequestMeta,
    ) -> Result<Caller, UserSessionError> {
        let by = (&self.authenticator, self.recorder.as_ref());
        Ok(signed_caller(by, operation, request, meta).await?)
    }

    /// Credentials for a session of the caller's own, for so many seconds.
    ///
    /// # Errors
    /// [`UserSessionError`], recorded; nothing was issued.
    pub async fn get_session_token(
        &self,
        (seconds, shown): (u32, ShownCode<'_>),
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<IssuedToUser, UserSessionError> {
        let operation = Operation::GetSessionToken;
        let _whole = self.recorder.metrics().time(operation, Step::Whole);
        let result = self.session_token((seconds, shown), caller, meta).await;
        self.recorded(operation, caller, result, meta).await
    }

    async fn session_token(
        &self,
        (seconds, shown): (u32, ShownCode<'_>),
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<IssuedToUser, UserSessionError> {
        let user = long_term_user(caller, "GetSessionToken")?;
        admit_caller(&self.throttle, caller)?;
        let snapshot = self.snapshot(caller, meta)?;
        let devices = snapshot.user(user).map(|found| DevicesOf {
            user: found,
            partition: user.partition,
            account: user.account,
        });
        let mfa_at = mfa::take(shown, devices, &self.marks, meta).await?;
        // The store was asked meanwhile.
        let snapshot = self.snapshot(caller, meta)?;
        let asked = UserSession {
            user: user.clone(),
            federated: None,
            generation: snapshot.generation(),
            seconds,
            tags: SessionTags::none(),
        };
        let extent = Extent {
            mfa_at,
            token_version: reach(user.account, &snapshot, meta)?,
            ..Extent::default()
        };
        Ok(credentials::issue_to_user(
            asked,
            extent,
            self.mint(&snapshot, meta),
        )?)
    }

    /// Credentials for whoever the caller names.
    ///
    /// # Errors
    /// [`UserSessionError`], recorded; nothing was issued.
    pub async fn get_federation_token(
        &self,
        request: FederationRequest,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<IssuedToUser, UserSessionError> {
        let operation = Operation::GetFederationToken;
        let _whole = self.recorder.metrics().time(operation, Step::Whole);
        let result = self.federation_token(request, caller, meta);
        self.recorded(operation, caller, result, meta).await
    }

    fn federation_token(
        &self,
        request: FederationRequest,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<IssuedToUser, UserSessionError> {
        let user = long_term_user(caller, "GetFederationToken")?;
        admit_caller(&self.throttle, caller)?;
        let snapshot = self.snapshot(caller, meta)?;
        let (partition, account) = (user.partition, user.account);
        let resource = format!(
            "arn:{partition}:sts::{account}:federated-user/{}",
            request.name
        );
        let mut context = caller_context(caller, &snapshot, meta);
        describe_tags(&mut context, &request.tags);
        let asking = Asking {
            caller,
            snapshot: &snapshot,
            context: &context,
            account,
        };
        let denied = UserSessionError::Denied;
        asking
            .ask("sts:GetFederationToken", &resource)
            .map_err(denied)?;
        if !request.tags.is_empty() {
            asking.ask("sts:TagSession", &resource).map_err(denied)?;
        }
        let extent = Extent {
            token_version: reach(account, &snapshot, meta)?,
            ..request.narrowing.extent(account, &snapshot)?
        };
        let asked = UserSession {
            user: user.clone(),
            federated: Some(request.name),
            generation: snapshot.generation(),
            seconds: request.seconds,
            tags: request.tags,
        };
        Ok(credentials::issue_to_user(
            asked,
            extent,
            self.mint(&snapshot, meta),
        )?)
    }

    /// Exchanges no trade-in token: partners of AWS are given such, and nobody here.
    ///
    /// # Errors
    /// [`UserSessionError::TradeInToken`], recorded; or that the caller asks too often.
    pub async fn get_delegated_access_token(
        &self,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<IssuedToUser, UserSessionError> {
        let operation = Operation::GetDelegatedAccessToken;
        let admitted = admit_caller(&self.throttle, caller);
        let error = admitted.map_or_else(Into::into, |()| UserSessionError::TradeInToken);
        self.recorded(operation, caller, Err(error), meta).await
    }

    /// The account that an access key belongs to: a user's here, or the one that the id itself says.
    ///
    /// # Errors
    /// [`UserSessionError`], recorded.
    pub async fn get_access_key_info(
        &self,
        key: &AccessKeyId,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<AccountId, UserSessionError> {
        let operation = Operation::GetAccessKeyInfo;
        let result = self.access_key_info(key, caller, meta);
        let record = match &result {
            Ok(_) => CallerRecord::Told(caller),
            Err(error) => CallerRecord::Refused(caller, error),
        };
        self.recorder.signed_call(meta, operation, record).await?;
        result
    }

    fn access_key_info(
        &self,
        key: &AccessKeyId,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<AccountId, UserSessionError> {
        let (snapshot, _) =
            self.permitted(("GetAccessKeyInfo", "sts:GetAccessKeyInfo"), caller, meta)?;
        if snapshot.service_of_key(key).is_some() {
            return Err(UserSessionError::UnknownKey);
        }
        let known = snapshot.user_of_key(key);
        let account = known.map(|entry| entry.principal.account);
        let account = account.or_else(|| key.account());
        account.ok_or(UserSessionError::UnknownKey)
    }

    /// What a refusal of somebody of the caller's account says.
    ///
    /// # Errors
    /// [`UserSessionError`], recorded.
    pub async fn decode_authorization_message(
        &self,
        encoded: &str,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<String, UserSessionError> {
        let operation = Operation::DecodeAuthorizationMessage;
        let result = self.decoded_message(encoded, caller, meta).await;
        let record = match &result {
            Ok(_) => CallerRecord::Told(caller),
            Err(error) => CallerRecord::Refused(caller, error),
        };
        self.recorder.signed_call(meta, operation, record).await?;
        result
    }

    async fn decoded_message(
        &self,
        encoded: &str,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<String, UserSessionError> {
        let action = (
            "DecodeAuthorizationMessage",
            "sts:DecodeAuthorizationMessage",
        );
        let (snapshot, account) = self.permitted(action, caller, meta)?;
        let mut opened = credentials::open_message(encoded, account, snapshot.keys());
        if opened == Err(MessageError::UnknownKey) {
            let newer = self.directory.catch_up(meta.now).await?;
            opened = credentials::open_message(encoded, account, newer.keys());
        }
        opened.map_err(|_| UserSessionError::InvalidMessage)
    }

    /// The directory by which the caller's policies allow an action on `*`, and the caller's account.
    fn permitted(
        &self,
        (operation, action): (&'static str, &str),
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<(Arc<Snapshot>, AccountId), UserSessionError> {
        let is_own_session =
            matches!(caller.principal, Principal::User(_)) && caller.session.is_some();
        let is_bound = matches!(
            caller.principal,
            Principal::FederatedUser(_) | Principal::Root(_)
        );
        if is_own_session || is_bound {
            return Err(UserSessionError::SessionCredentials(operation));
        }
        let account = caller.principal.account();
        let account = account.ok_or(UserSessionError::ServiceCaller(operation))?;
        admit_caller(&self.throttle, caller)?;
        let snapshot = self.snapshot(caller, meta)?;
        let context = caller_context(caller, &snapshot, meta);
        let asking = Asking {
            caller,
            snapshot: &snapshot,
            context: &context,
            account,
        };
        let denied = UserSessionError::Denied;
        asking.ask(action, "*").map_err(denied)?;
        drop(context);
        Ok((snapshot, account))
    }

    /// The directory, in which the caller still is who they were when their signature was verified.
    fn snapshot(
        &self,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<Arc<Snapshot>, UserSessionError> {
        let snapshot = self.directory.snapshot(meta.now)?;
        if self.authenticator.stands(caller, &snapshot) {
            Ok(snapshot)
        } else {
            Err(AuthenticationError::InvalidToken.into())
        }
    }

    fn mint<'a>(&'a self, snapshot: &'a Snapshot, meta: &RequestMeta) -> Mint<'a> {
        Mint {
            keys: snapshot.keys(),
            now: meta.now,
            entropy: self.entropy.as_ref(),
        }
    }

    async fn recorded(
        &self,
        operation: Operation,
        caller: &Caller,
        result: Result<IssuedToUser, UserSessionError>,
        meta: &RequestMeta,
    ) -> Result<IssuedToUser, UserSessionError> {
        let record = match &result {
            Ok(issued) => CallerRecord::Issued(caller, issued),
            Err(error) => CallerRecord::Refused(caller, error),
        };
        self.recorder.signed_call(meta, operation, record).await?;
        result
    }
}

/// The user behind a long-term key; nobody else has a session to give away.
fn long_term_user<'c>(
    caller: &'c Caller,
    operation: &'static str,
) -> Result<&'c UserPrincipal, UserSessionError> {
    match (&caller.principal, &caller.session) {
        (Principal::User(user), None) => Ok(user),
        (Principal::Service(_), _) => Err(UserSessionError::ServiceCaller(operation)),
        _ => Err(UserSessionError::SessionCredentials(operation)),
    }
}
