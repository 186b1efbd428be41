//! `DecodeAuthorizationMessage`: what a refusal says.

use super::answer::Success;
use super::validation::{Constraint, Quoting, Violations};
use super::{Call, StsFault};
use crate::credentials::MAX_ENCODED_MESSAGE;
use crate::flows::UserSessions;
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
) -> Result<Success<'static>, StsFault> {
    let headers = call.headers();
    let signed = call.signed(&headers);
    let caller = flow.caller(Operation::DecodeAuthorizationMessage, &signed, call.meta);
    let caller = caller.await?;
    let mut violations = Violations::default();
    let encoded = violations.required(call.parameters.find("EncodedMessage"), &ENCODED_MESSAGE);
    let (Some(encoded), None) = (encoded, violations.message()) else {
        return Err(StsFault::validation(
            violations.message().unwrap_or_default(),
        ));
    };
    let message = flow.decode_authorization_message(encoded, &caller, call.meta);
    Ok(Success {
        response: "DecodeAuthorizationMessageResponse",
        result: "DecodeAuthorizationMessageResult",
        members: vec![("DecodedMessage", message.await?.into())],
    })
}
