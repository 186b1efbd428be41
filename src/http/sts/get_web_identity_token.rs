//! `GetWebIdentityToken`: the caller's signature for a token that tells others who it is.

use super::assuming::{duration, tags};
use crate::flows::{GetWebIdentityToken, TokenRequest, WebIdentityToken};
use crate::http::query::{Call, Parameters, QueryFault};
use crate::http::query::{Constraint, Quoting, Violations};
use crate::http::query::{Success, Value};

const AUDIENCE: Constraint = Constraint {
    field: "audience",
    min: 1,
    max: 1000,
    pattern: None,
    quoting: Quoting::Quoted,
};
const ALGORITHM: Constraint = Constraint {
    field: "signingAlgorithm",
    min: 5,
    max: 5,
    pattern: None,
    quoting: Quoting::Quoted,
};
/// `webIdentityTokenAudienceListType`
const MAX_AUDIENCES: usize = 10;
/// `webIdentityTokenDurationSecondsType`
const SECONDS: (u32, u32) = (60, 3600);
const DEFAULT_SECONDS: u32 = 300;

pub(super) async fn answer(
    flow: &GetWebIdentityToken,
    call: &Call<'_>,
) -> Result<Success<'static>, QueryFault> {
    let headers = call.headers();
    let caller = flow.caller(&call.signed(&headers), call.meta).await?;
    let request = read(&call.parameters)?;
    let token = flow.run(request, &caller, call.meta).await?;
    Ok(render(token))
}

fn read<'a>(parameters: &'a Parameters<'_>) -> Result<TokenRequest<'a>, QueryFault> {
    let asked = duration(parameters)?;
    let mut violations = Violations::default();
    let audiences = parameters.list("Audience", "")?;
    if audiences.is_empty() {
        violations.required(None, &AUDIENCE);
    }
    for audience in &audiences {
        violations.optional(Some(audience), &AUDIENCE);
    }
    let algorithm = violations.required(parameters.find("SigningAlgorithm"), &ALGORITHM);
    let seconds = violations.number(asked, "durationSeconds", SECONDS);
    let (Some(algorithm), None) = (algorithm, violations.message()) else {
        return Err(QueryFault::validation(
            violations.message().unwrap_or_default(),
        ));
    };
    if audiences.len() > MAX_AUDIENCES {
        return Err(QueryFault::validation(format!(
            "1 validation error detected: Value at 'audience' failed to satisfy constraint: Member must have length less than or equal to {MAX_AUDIENCES}"
        )));
    }
    if parameters.has_any("TransitiveTagKeys.") {
        return Err(QueryFault::validation(
            "TransitiveTagKeys: the operation has no such parameter; leave it out",
        ));
    }
    let algorithm = algorithm.parse();
    Ok(TokenRequest {
        audiences,
        algorithm: algorithm
            .map_err(|_| QueryFault::validation("SigningAlgorithm must be RS256 or ES384"))?,
        seconds: seconds.unwrap_or(DEFAULT_SECONDS),
        tags: tags(parameters)?,
    })
}

fn render(token: WebIdentityToken) -> Success<'static> {
    Success::new(
        "GetWebIdentityToken",
        vec![
            ("WebIdentityToken", token.token.into()),
            ("Expiration", Value::Time(token.expiration)),
        ],
    )
}
