//! `DecodeAuthorizationMessage`: what a refusal says.

use crate::credentials::MAX_ENCODED_MESSAGE;
use crate::flows::UserSessions;
use crate::http::query::Success;
use crate::http::query::{Call, QueryFault};
use crate::http::query::{Constraint, Quoting, Violations};
use crate::metrics::Operation;

const ENCODED_MESSAGE: Constraint = Constraint {
    field: "encodedMessage",
    min: 1,
    max: MAX_ENCODED_MESSAGE,
    pattern: None,
    // Whoever mistakes a session token for a message must not find it in the answer and the audit.
    quoting: Quoting::Withheld,
};

pub(super) async fn answer(
    flow: &UserSessions,
    call: &Call<'_>,
) -> Result<Success<'static>, QueryFault> {
    let headers = call.headers();
    let signed = call.signed(&headers);
    let caller = flow.caller(Operation::DecodeAuthorizationMessage, &signed, call.meta);
    let caller = caller.await?;
    let mut violations = Violations::default();
    let encoded = violations.required(call.parameters.find("EncodedMessage"), &ENCODED_MESSAGE);
    let (Some(encoded), None) = (encoded, violations.message()) else {
        return Err(QueryFault::validation(
            violations.message().unwrap_or_default(),
        ));
    };
    let message = flow.decode_authorization_message(encoded, &caller, call.meta);
    Ok(Success::new(
        "DecodeAuthorizationMessage",
        vec![("DecodedMessage", message.await?.into())],
    ))
}
