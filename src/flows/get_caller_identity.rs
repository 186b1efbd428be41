//! `GetCallerIdentity`: who signed this request. No policy can forbid it.

use std::sync::Arc;

use super::authenticate::{AuthenticationError, Authenticator};
use super::record::Recorder;
use super::request::RequestMeta;
use crate::domain::Principal;
use crate::metrics::{Operation, Step};
use crate::sigv4::HttpRequest;

/// The flow and what it needs.
#[derive(Debug, Clone)]
pub struct GetCallerIdentity {
    /// Finds out who signed.
    pub authenticator: Authenticator,
    /// Where it is recorded.
    pub recorder: Arc<Recorder>,
}

impl GetCallerIdentity {
    /// The caller of a signed request.
    ///
    /// # Errors
    /// [`AuthenticationError`]
    pub async fn run(
        &self,
        request: &HttpRequest<'_>,
        meta: &RequestMeta,
    ) -> Result<Principal, AuthenticationError> {
        let metrics = self.recorder.metrics();
        let _whole = metrics.time(Operation::GetCallerIdentity, Step::Whole);
        let proving = metrics.time(Operation::GetCallerIdentity, Step::Prove);
        let authenticated = self
            .authenticator
            .authenticate(request, "sts", meta.now)
            .await;
        drop(proving);
        self.recorder
            .caller_identity(meta, authenticated.as_ref())
            .await?;
        Ok(authenticated?.principal)
    }
}
