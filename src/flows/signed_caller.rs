//! Who signed a call to STS, recorded where nobody did.

use super::authenticate::{AuthenticationError, Authenticator, Caller};
use super::record::{CallerRecord, Recorder};
use super::request::RequestMeta;
use crate::metrics::{Operation, Step};
use crate::sigv4::HttpRequest;

/// Who asks for `operation`; whoever is not known is told nothing else of the request.
///
/// # Errors
/// [`AuthenticationError`], which is recorded.
pub(super) async fn signed_caller(
    (authenticator, recorder): (&Authenticator, &Recorder),
    operation: Operation,
    request: &HttpRequest<'_>,
    meta: &RequestMeta,
) -> Result<Caller, AuthenticationError> {
    let proving = recorder.metrics().time(operation, Step::Prove);
    let authenticated = authenticator.authenticate_at_sts(request, meta).await;
    drop(proving);
    if let Err(error) = &authenticated {
        let record = CallerRecord::Unknown(error);
        Box::pin(recorder.signed_call(meta, operation, record)).await?;
    }
    authenticated
}
