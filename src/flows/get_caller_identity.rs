//! `GetCallerIdentity`: who signed this request. No policy can forbid it.

use std::sync::Arc;

use super::authenticate::{AuthenticationError, Authenticator, Caller};
use super::rates::admit_caller;
use super::record::{CallerRecord, Recorder};
use super::request::RequestMeta;
use super::signed_caller::signed_caller;
use crate::audit::AuditUnavailable;
use crate::domain::Principal;
use crate::metrics::{Operation, Step};
use crate::sigv4::HttpRequest;
use crate::throttle::{Throttle, Throttled};

/// The flow and what it needs.
#[derive(Debug, Clone)]
pub struct GetCallerIdentity {
    /// Finds out who signed.
    pub authenticator: Authenticator,
    /// How often they may ask.
    pub throttle: Arc<Throttle>,
    /// Where it is recorded.
    pub recorder: Arc<Recorder>,
}

/// Why nobody is told who they are.
#[derive(Debug, thiserror::Error)]
pub enum CallerIdentityError {
    /// Nobody was authenticated.
    #[error(transparent)]
    Authentication(#[from] AuthenticationError),
    /// The caller, or its account, asks too often.
    #[error(transparent)]
    Throttled(#[from] Throttled),
}

impl From<AuditUnavailable> for CallerIdentityError {
    fn from(error: AuditUnavailable) -> Self {
        Self::Authentication(error.into())
    }
}

impl GetCallerIdentity {
    /// The caller of a signed request.
    ///
    /// # Errors
    /// [`CallerIdentityError`]
    pub async fn run(
        &self,
        request: &HttpRequest<'_>,
        meta: &RequestMeta,
    ) -> Result<Principal, CallerIdentityError> {
        let metrics = self.recorder.metrics();
        let _whole = metrics.time(Operation::GetCallerIdentity, Step::Whole);
        let by = (&self.authenticator, self.recorder.as_ref());
        let caller = signed_caller(by, Operation::GetCallerIdentity, request, meta).await?;
        self.tell(caller, meta).await
    }

    async fn tell(
        &self,
        caller: Caller,
        meta: &RequestMeta,
    ) -> Result<Principal, CallerIdentityError> {
        let admitted = admit_caller(&self.throttle, &caller);
        let record = match &admitted {
            Ok(()) => CallerRecord::Told(&caller),
            Err(throttled) => CallerRecord::Throttled(&caller, throttled),
        };
        self.recorder
            .signed_call(meta, Operation::GetCallerIdentity, record)
            .await?;
        admitted?;
        Ok(caller.principal)
    }
}
