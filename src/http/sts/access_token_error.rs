//! What a refused access token looks like on the wire.

use actix_web::http::StatusCode;

use crate::federation::access_token::AccessTokenError;
use crate::http::query::QueryFault;
use crate::http::query::sentence;

/// AWS's text where one is known; the check's own text otherwise. None of them quotes the token, and
/// what is wrong at this node or at the provider is for those who run it.
pub(super) fn of(error: &AccessTokenError) -> QueryFault {
    let message = match error {
        AccessTokenError::NotConfigured { provider } => {
            format!("No OpenIDConnect provider found in your account for {provider}")
        }
        AccessTokenError::Secret(_)
        | AccessTokenError::Busy
        | AccessTokenError::Resting
        | AccessTokenError::Unreachable(_)
        | AccessTokenError::Answer { .. } => {
            "Couldn't ask your identity provider about the token; try again".to_owned()
        }
        AccessTokenError::Rejected { provider, status } => rejected(provider, *status),
        AccessTokenError::OtherApp { .. } => "Incorrect token audience".to_owned(),
        AccessTokenError::Expired { now, expired_at } => format!(
            "Token expired: current date/time {now} must be before the expiration date/time {expired_at}"
        ),
        AccessTokenError::TooOld { seconds } => format!("Token too old: {seconds}"),
        AccessTokenError::TooLong { .. }
        | AccessTokenError::Characters
        | AccessTokenError::NotValid
        | AccessTokenError::Kind { .. }
        | AccessTokenError::IssuedInFuture { .. }
        | AccessTokenError::AgeUnknown => sentence(error),
    };
    let is_rejected = error.code() == "IDPRejectedClaim";
    let status = if is_rejected {
        StatusCode::FORBIDDEN
    } else {
        StatusCode::BAD_REQUEST
    };
    QueryFault::new(status, error.code(), message)
}

fn rejected(provider: &str, status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok();
    let reason = reason.and_then(|status| status.canonical_reason());
    let reason = reason.unwrap_or_default();
    format!("{provider}: {provider} responded with HTTP/1.1 {status} {reason}")
}
