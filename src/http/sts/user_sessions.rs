//! `GetSessionToken`, `GetFederationToken` and `GetAccessKeyInfo`: what users do with keys of their own.

use super::assuming::{
    Bounds, MFA_SERIAL, SESSION_SECONDS, TOKEN_CODE, credentials, duration, tags,
};
use crate::domain::{AccessKeyId, Principal};
use crate::flows::{FederationRequest, ShownCode, UserSessions};
use crate::http::query::{Call, QueryFault};
use crate::http::query::{Constraint, Quoting, Violations, is_word};
use crate::http::query::{Success, Value};
use crate::metrics::Operation;

/// Seconds of a session where nothing is asked for (`GetSessionToken`, `GetFederationToken`).
const DEFAULT_SECONDS: u32 = 43_200;
/// `tradeInTokenType`, of which the model says nothing else.
const TRADE_IN_TOKEN: Constraint = Constraint {
    field: "tradeInToken",
    min: 1,
    max: MAX_TRADE_IN_TOKEN,
    pattern: None,
    quoting: Quoting::Withheld,
};
const MAX_TRADE_IN_TOKEN: usize = 20_000;
const NAME: Constraint = Constraint {
    field: "name",
    min: 2,
    max: 32,
    pattern: Some((|text| text.chars().all(is_word), r"[\w+=,.@-]*")),
    quoting: Quoting::Quoted,
};
const ACCESS_KEY_ID: Constraint = Constraint {
    field: "accessKeyId",
    min: 16,
    max: 128,
    pattern: Some((|text| text.chars().all(is_key), r"[\w]*")),
    quoting: Quoting::Quoted,
};

const fn is_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

pub(super) async fn get_session_token(
    flow: &UserSessions,
    call: &Call<'_>,
) -> Result<Success<'static>, QueryFault> {
    let headers = call.headers();
    let signed = call.signed(&headers);
    let caller = flow.caller(Operation::GetSessionToken, &signed, call.meta);
    let caller = caller.await?;
    refuse(
        call,
        &["Policy", "PolicyArns.", "Tags.", "TransitiveTagKeys."],
    )?;
    let duration = duration(&call.parameters)?;
    let mut violations = Violations::default();
    let find = |name| call.parameters.find(name);
    let seconds = violations.number(duration, "durationSeconds", SESSION_SECONDS);
    let serial_number = violations.optional(find("SerialNumber"), &MFA_SERIAL);
    let code = violations.optional(find("TokenCode"), &TOKEN_CODE);
    if let Some(message) = violations.message() {
        return Err(QueryFault::validation(message));
    }
    let shown = ShownCode {
        serial_number,
        code,
    };
    let asked = (seconds.unwrap_or(DEFAULT_SECONDS), shown);
    let issued = flow.get_session_token(asked, &caller, call.meta).await?;
    Ok(Success::new(
        "GetSessionToken",
        vec![("Credentials", credentials(issued.credentials))],
    ))
}

pub(super) async fn get_federation_token(
    flow: &UserSessions,
    call: &Call<'_>,
) -> Result<Success<'static>, QueryFault> {
    let headers = call.headers();
    let signed = call.signed(&headers);
    let caller = flow.caller(Operation::GetFederationToken, &signed, call.meta);
    let caller = caller.await?;
    refuse(call, &["SerialNumber", "TokenCode", "TransitiveTagKeys."])?;
    let duration = duration(&call.parameters)?;
    let mut violations = Violations::default();
    let name = violations.required(call.parameters.find("Name"), &NAME);
    let asked = (duration, SESSION_SECONDS);
    let bounds = Bounds::read(&call.parameters, asked, &mut violations)?;
    let (Some(name), None) = (name, violations.message()) else {
        return Err(QueryFault::validation(
            violations.message().unwrap_or_default(),
        ));
    };
    let request = FederationRequest {
        name: name.parse().map_err(|_| QueryFault::malformed_input())?,
        seconds: bounds.seconds().unwrap_or(DEFAULT_SECONDS),
        narrowing: bounds.narrowing()?,
        tags: tags(&call.parameters)?,
    };
    let issued = flow.get_federation_token(request, &caller, call.meta);
    let issued = issued.await?;
    let mut members = vec![
        ("Credentials", credentials(issued.credentials)),
        ("FederatedUser", federated(&issued.principal)),
    ];
    let size = issued.packed_size;
    members.extend(size.map(|size| ("PackedPolicySize", Value::Number(size))));
    Ok(Success::new("GetFederationToken", members))
}

/// What would narrow a session or prove something must not be passed over where the operation has no such
/// parameter.
fn refuse(call: &Call<'_>, names: &[&str]) -> Result<(), QueryFault> {
    match names.iter().find(|name| call.parameters.has_any(name)) {
        None => Ok(()),
        Some(name) => {
            let name = name.trim_end_matches('.');
            Err(QueryFault::validation(format!(
                "{name}: the operation has no such parameter; leave it out"
            )))
        }
    }
}

fn federated(principal: &Principal) -> Value<'static> {
    Value::Members(vec![
        ("FederatedUserId", principal.user_id().into()),
        ("Arn", principal.arn().into()),
    ])
}

pub(super) async fn get_access_key_info(
    flow: &UserSessions,
    call: &Call<'_>,
) -> Result<Success<'static>, QueryFault> {
    let headers = call.headers();
    let signed = call.signed(&headers);
    let caller = flow.caller(Operation::GetAccessKeyInfo, &signed, call.meta);
    let caller = caller.await?;
    let mut violations = Violations::default();
    let key = violations.required(call.parameters.find("AccessKeyId"), &ACCESS_KEY_ID);
    let key: Option<AccessKeyId> = key.and_then(|key| key.parse().ok());
    let Some(key) = key else {
        return Err(QueryFault::validation(
            violations.message().unwrap_or_default(),
        ));
    };
    let account = flow.get_access_key_info(&key, &caller, call.meta).await?;
    Ok(Success::new(
        "GetAccessKeyInfo",
        vec![("Account", account.to_string().into())],
    ))
}

pub(super) async fn get_delegated_access_token(
    flow: &UserSessions,
    call: &Call<'_>,
) -> Result<Success<'static>, QueryFault> {
    let headers = call.headers();
    let signed = call.signed(&headers);
    let caller = flow.caller(Operation::GetDelegatedAccessToken, &signed, call.meta);
    let caller = caller.await?;
    let mut violations = Violations::default();
    violations.required(call.parameters.find("TradeInToken"), &TRADE_IN_TOKEN);
    if let Some(message) = violations.message() {
        return Err(QueryFault::validation(message));
    }
    let issued = flow.get_delegated_access_token(&caller, call.meta).await?;
    Ok(Success::new(
        "GetDelegatedAccessToken",
        vec![("Credentials", credentials(issued.credentials))],
    ))
}
