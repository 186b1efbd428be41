//! `AssumeRole`: the caller's signature for credentials of a role.

use super::assuming::{
    Bounds, MFA_SERIAL, ROLE_SECONDS, SESSION_NAME, TOKEN_CODE, arn, arn_of, duration, tags,
    user_and_credentials,
};
use crate::domain::Principal;
use crate::flows::{AssumeRole, AssumeRoleError, Caller, RoleRequest, RoleSession, ShownCode};
use crate::http::query::{Call, Parameters, QueryFault};
use crate::http::query::{Constraint, Quoting, Violations, is_word};
use crate::http::query::{Success, Value};
use crate::policy::{AssumeAction, Denial, StsAction};

const ROLE_ARN: Constraint = arn("roleArn");
const EXTERNAL_ID: Constraint = Constraint {
    field: "externalId",
    min: 2,
    max: 1224,
    pattern: Some((|text| text.chars().all(is_external), r"[\w+=,.@:\/-]*")),
    quoting: Quoting::Quoted,
};
pub(super) const SOURCE_IDENTITY: Constraint = Constraint {
    field: "sourceIdentity",
    min: 2,
    max: 64,
    pattern: Some((|text| text.chars().all(is_word), r"[\w+=,.@-]*")),
    quoting: Quoting::Quoted,
};
const ACTION: StsAction = StsAction::Assume(AssumeAction::AssumeRole);

fn is_external(c: char) -> bool {
    is_word(c) || ":/".contains(c)
}

pub(super) async fn answer(
    flow: &AssumeRole,
    call: &Call<'_>,
) -> Result<Success<'static>, QueryFault> {
    let headers = call.headers();
    let caller = flow.caller(&call.signed(&headers), call.meta).await?;
    let request = read(&call.parameters, &caller)?;
    let session = flow.run(request, &caller, call.meta).await;
    let session = session.map_err(|error| match error {
        AssumeRoleError::Denied(Denial::Refused { action, .. }) => {
            let role = role_text(&call.parameters);
            not_authorized(&caller.principal, action, role).recorded_by_flow()
        }
        error => error.into(),
    })?;
    Ok(render(session))
}

/// AWS's text: it is the same whether there is no such role, its trust policy is silent or denies, or the
/// caller's own policies do.
fn not_authorized(principal: &Principal, action: StsAction, resource: &str) -> QueryFault {
    let action = action.as_str();
    QueryFault::denied(format!(
        "User: {principal} is not authorized to perform: {action} on resource: {resource}"
    ))
}

fn read<'a>(
    parameters: &'a Parameters<'_>,
    caller: &Caller,
) -> Result<RoleRequest<'a>, QueryFault> {
    let duration = duration(parameters)?;
    let mut violations = Violations::default();
    let role = violations.required(parameters.find("RoleArn"), &ROLE_ARN);
    let session = violations.required(parameters.find("RoleSessionName"), &SESSION_NAME);
    let external_id = violations.optional(parameters.find("ExternalId"), &EXTERNAL_ID);
    let source = violations.optional(parameters.find("SourceIdentity"), &SOURCE_IDENTITY);
    let serial_number = violations.optional(parameters.find("SerialNumber"), &MFA_SERIAL);
    let code = violations.optional(parameters.find("TokenCode"), &TOKEN_CODE);
    let bounds = Bounds::read(parameters, (duration, ROLE_SECONDS), &mut violations)?;
    let (Some(role), Some(session), None) = (role, session, violations.message()) else {
        return Err(QueryFault::validation(
            violations.message().unwrap_or_default(),
        ));
    };
    if parameters.has_any("ProvidedContexts.") {
        return Err(QueryFault::validation(
            "ProvidedContexts: trusted token issuers are not supported; leave it out",
        ));
    }
    let role = arn_of(role, || not_authorized(&caller.principal, ACTION, role))?;
    let source_identity = source.map(str::parse).transpose();
    Ok(RoleRequest {
        role,
        session: session.parse().map_err(|_| QueryFault::malformed_input())?,
        duration: bounds.duration(),
        narrowing: bounds.narrowing()?,
        tags: tags(parameters)?,
        source_identity: source_identity
            .map_err(|_| QueryFault::validation("SourceIdentity must not begin with aws:"))?,
        external_id,
        shown: ShownCode {
            serial_number,
            code,
        },
    })
}

fn role_text<'a>(parameters: &'a Parameters<'_>) -> &'a str {
    parameters.find("RoleArn").unwrap_or_default()
}

fn render(session: RoleSession) -> Success<'static> {
    let size = session.issued.packed_size;
    let (user, credentials) = user_and_credentials(session.issued);
    let mut members = vec![("AssumedRoleUser", user), ("Credentials", credentials)];
    members.extend(size.map(|size| ("PackedPolicySize", Value::Number(size))));
    let source = session.source_identity.map(String::from);
    members.extend(source.map(|source| ("SourceIdentity", source.into())));
    Success::new("AssumeRole", members)
}
