//! `AssumeRoleWithWebIdentity`: an id_token or an access token in, credentials out. Not signed.

use super::assuming::{
    Bounds, ROLE_SECONDS, SESSION_NAME, arn, duration, role_arn, user_and_credentials,
};
use crate::domain::AccessTokenProvider;
use crate::flows::{
    AssumeRoleWithWebIdentity, PresentedToken, WebIdentityRequest, WebIdentitySession,
};
use crate::http::query::{Call, Parameters, QueryFault};
use crate::http::query::{Constraint, Quoting, Violations};
use crate::http::query::{Success, Value};
use crate::policy::AssumeAction;

const ROLE_ARN: Constraint = arn("roleArn");
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

pub(super) async fn answer(
    flow: &AssumeRoleWithWebIdentity,
    call: &Call<'_>,
) -> Result<Success<'static>, QueryFault> {
    let request = read(&call.parameters)?;
    let session = flow.run(request, call.meta).await?;
    Ok(render(session))
}

fn read<'a>(parameters: &'a Parameters<'_>) -> Result<WebIdentityRequest<'a>, QueryFault> {
    let duration = duration(parameters)?;
    let mut violations = Violations::default();
    let role = violations.required(parameters.find("RoleArn"), &ROLE_ARN);
    let session = violations.required(parameters.find("RoleSessionName"), &SESSION_NAME);
    let token = violations.required(parameters.find("WebIdentityToken"), &TOKEN);
    let provider_id = violations.optional(parameters.find("ProviderId"), &PROVIDER_ID);
    let bounds = Bounds::read(parameters, (duration, ROLE_SECONDS), &mut violations)?;
    let (Some(role), Some(session), Some(token), None) =
        (role, session, token, violations.message())
    else {
        return Err(QueryFault::validation(
            violations.message().unwrap_or_default(),
        ));
    };
    Ok(WebIdentityRequest {
        role: role_arn(role, AssumeAction::WithWebIdentity)?,
        session: session.parse().map_err(|_| QueryFault::malformed_input())?,
        token: presented(token, provider_id)?,
        duration: bounds.duration(),
        narrowing: bounds.narrowing()?,
    })
}

/// `ProviderId` says of which provider an access token is. What is an id_token to AWS must not be read
/// as one here because of another spelling, and the other way round.
fn presented<'a>(
    token: &'a str,
    provider_id: Option<&str>,
) -> Result<PresentedToken<'a>, QueryFault> {
    let Some(name) = provider_id else {
        return Ok(PresentedToken::IdToken(token));
    };
    let provider = AccessTokenProvider::named(name);
    provider
        .map(|provider| PresentedToken::AccessToken(provider, token))
        .ok_or_else(|| {
            QueryFault::validation(
                "ProviderId must be graph.facebook.com or www.amazon.com; leave it out for an OpenID Connect id_token",
            )
        })
}

fn render(session: WebIdentitySession) -> Success<'static> {
    let size = session.issued.packed_size;
    let (user, credentials) = user_and_credentials(session.issued);
    let mut members = vec![
        (
            "SubjectFromWebIdentityToken",
            String::from(session.subject).into(),
        ),
        ("Audience", String::from(session.audience).into()),
        ("AssumedRoleUser", user),
        ("Provider", session.provider.into()),
        ("Credentials", credentials),
    ];
    members.extend(size.map(|size| ("PackedPolicySize", Value::Number(size))));
    let source = session.source_identity.map(String::from);
    members.extend(source.map(|source| ("SourceIdentity", source.into())));
    Success::new("AssumeRoleWithWebIdentity", members)
}
