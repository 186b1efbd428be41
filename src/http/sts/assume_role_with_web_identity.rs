//! `AssumeRoleWithWebIdentity`: an id_token in, credentials out. Not signed.

use super::answer::{Success, Value};
use super::validation::{
    Constraint, Quoting, Violations, is_arn_character, is_policy_character, is_word,
};
use super::{Call, Parameters, StsFault};
use crate::domain::{Arn, RoleArn, SessionDuration};
use crate::flows::{AssumeRoleWithWebIdentity, WebIdentityRequest, WebIdentitySession};
use crate::policy::{AssumeAction, IdentityPolicy, StsAction};

const ARN_PATTERN: &str =
    r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+";
const ROLE_ARN: Constraint = Constraint {
    field: "roleArn",
    min: 20,
    max: 2048,
    pattern: Some((is_arn_character, ARN_PATTERN)),
    quoting: Quoting::Quoted,
};
const SESSION_NAME: Constraint = Constraint {
    field: "roleSessionName",
    min: 2,
    max: 64,
    pattern: Some((is_word, r"[\w+=,.@-]*")),
    quoting: Quoting::Quoted,
};
const TOKEN: Constraint = Constraint {
    field: "webIdentityToken",
    min: 4,
    max: 20_000,
    pattern: None,
    quoting: Quoting::Withheld,
};
const PROVIDER_ID: Constraint = Constraint {
    field: "providerId",
    min: 4,
    max: 2048,
    pattern: None,
    quoting: Quoting::Quoted,
};
const POLICY: Constraint = Constraint {
    field: "policy",
    min: 1,
    max: 2048,
    pattern: Some((is_policy_character, r"[\u0009\u000A\u000D\u0020-\u00FF]+")),
    quoting: Quoting::Quoted,
};

pub(super) async fn answer(
    flow: &AssumeRoleWithWebIdentity,
    call: &Call<'_>,
) -> Result<Success<'static>, StsFault> {
    let request = read(&call.parameters)?;
    let session = flow.run(request, call.meta).await?;
    Ok(render(session))
}

fn read<'a>(parameters: &'a Parameters<'_>) -> Result<WebIdentityRequest<'a>, StsFault> {
    let duration = duration(parameters.find("DurationSeconds"))?;
    let mut violations = Violations::default();
    let role = violations.required(parameters.find("RoleArn"), &ROLE_ARN);
    let session = violations.required(parameters.find("RoleSessionName"), &SESSION_NAME);
    let token = violations.required(parameters.find("WebIdentityToken"), &TOKEN);
    let provider_id = violations.optional(parameters.find("ProviderId"), &PROVIDER_ID);
    let policy = violations.optional(parameters.find("Policy"), &POLICY);
    let bounds = (
        SessionDuration::MIN.seconds(),
        SessionDuration::MAX.seconds(),
    );
    let duration = violations.number(duration, "durationSeconds", bounds);
    let (Some(role), Some(session), Some(token), None) =
        (role, session, token, violations.message())
    else {
        return Err(StsFault::validation(
            violations.message().unwrap_or_default(),
        ));
    };
    refuse_unsupported(parameters, provider_id)?;
    Ok(WebIdentityRequest {
        role: role_arn(role)?,
        session: session.parse().map_err(|_| StsFault::malformed_input())?,
        token,
        duration: duration
            .and_then(SessionDuration::from_seconds)
            .unwrap_or(SessionDuration::DEFAULT),
        policy: policy.map(session_policy).transpose()?,
    })
}

/// `DurationSeconds` as Java reads an integer: a sign and leading zeros are fine.
fn duration(text: Option<&str>) -> Result<Option<i32>, StsFault> {
    let number = |text: &str| match text {
        "" => Err(StsFault::missing_number()),
        text => text.parse().map_err(|_| StsFault::malformed_input()),
    };
    text.map(number).transpose()
}

/// What is no ARN is invalid. An ARN that names something else than a role is refused as one of a
/// role that doesn't exist; whether there is a role is for the flow to know.
fn role_arn(text: &str) -> Result<RoleArn, StsFault> {
    if Arn::parse(text).is_err() {
        return Err(StsFault::validation(format!("{text} is invalid")));
    }
    let action = StsAction::Assume(AssumeAction::WithWebIdentity);
    text.parse().map_err(|_| StsFault::not_authorized(action))
}

fn session_policy(json: &str) -> Result<IdentityPolicy, StsFault> {
    json.parse().map_err(|error: crate::policy::PolicyError| {
        StsFault::new(
            actix_web::http::StatusCode::BAD_REQUEST,
            "MalformedPolicyDocument",
            error.to_string(),
        )
    })
}

/// What would narrow the session or name another kind of provider must not be passed over.
fn refuse_unsupported(
    parameters: &Parameters<'_>,
    provider_id: Option<&str>,
) -> Result<(), StsFault> {
    if provider_id.is_some() {
        return Err(StsFault::validation(
            "ProviderId is for OAuth 2.0 providers, which are not supported; leave it out for OpenID Connect",
        ));
    }
    if parameters.has_any("PolicyArns.") {
        return Err(StsFault::validation(
            "PolicyArns: there are no managed policies; send the session policy as Policy",
        ));
    }
    Ok(())
}

fn render(session: WebIdentitySession) -> Success<'static> {
    let credentials = session.issued.credentials;
    let credentials = Value::Members(vec![
        ("AccessKeyId", credentials.access_key_id.to_string().into()),
        (
            "SecretAccessKey",
            credentials.secret_access_key.expose().to_owned().into(),
        ),
        (
            "SessionToken",
            credentials.session_token.expose().to_owned().into(),
        ),
        ("Expiration", Value::Time(credentials.expiration)),
    ]);
    let user = Value::Members(vec![
        (
            "AssumedRoleId",
            session.issued.principal.assumed_role_id().into(),
        ),
        ("Arn", session.issued.principal.arn().into()),
    ]);
    let mut members = vec![
        (
            "SubjectFromWebIdentityToken",
            String::from(session.subject).into(),
        ),
        ("Audience", String::from(session.audience).into()),
        ("AssumedRoleUser", user),
        ("Provider", session.issuer.to_string().into()),
        ("Credentials", credentials),
    ];
    members.extend(
        session
            .issued
            .packed_size
            .map(|size| ("PackedPolicySize", Value::Number(size))),
    );
    let source = session.source_identity.map(String::from);
    members.extend(source.map(|source| ("SourceIdentity", source.into())));
    Success {
        response: "AssumeRoleWithWebIdentityResponse",
        result: "AssumeRoleWithWebIdentityResult",
        members,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (&'static str, String) {
        let fault = role_arn(text).unwrap_err();
        (fault.code(), fault.reason().to_owned())
    }

    #[test]
    fn what_is_no_arn_is_invalid() {
        for text in [
            "aaaaaaaaaaaaaaaaaaaaaaa",
            "arn:a:::x",
            "arn:a:a::aaaaaaaaaa:",
            "arn:aws:iam::123456789012",
        ] {
            let expected = ("ValidationError", [text, " is invalid"].concat());
            assert_eq!(refused(text), expected);
        }
    }

    #[test]
    fn an_arn_of_something_else_is_like_a_role_that_is_not_there() {
        for text in [
            "arn:aws:iam::123456789012:user/ines",
            "arn:aws:iam::1234:role/Reader",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:s3:::bucket/with/a/long/name",
            "arn:moon:iam::123456789012:role/Reader",
        ] {
            let message = "Not authorized to perform sts:AssumeRoleWithWebIdentity".to_owned();
            assert_eq!(refused(text), ("AccessDenied", message), "{text}");
        }
    }
}
