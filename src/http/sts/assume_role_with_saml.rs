//! `AssumeRoleWithSAML`: a SAML response in, credentials out. Not signed.

use super::assuming::{
    Bounds, ROLE_SECONDS, arn, check_arn, duration, role_arn, user_and_credentials,
};
use super::saml_error;
use crate::domain::SamlProviderArn;
use crate::flows::{AssumeRoleWithSaml, SamlRequest, SamlSession};
use crate::http::query::{Call, Parameters, QueryFault};
use crate::http::query::{Constraint, Quoting, Violations};
use crate::http::query::{Success, Value};
use crate::policy::AssumeAction;

const ROLE_ARN: Constraint = arn("roleArn");
const PRINCIPAL_ARN: Constraint = arn("principalArn");
const ASSERTION: Constraint = Constraint {
    field: "sAMLAssertion",
    min: 4,
    max: 100_000,
    pattern: None,
    quoting: Quoting::Withheld,
};

pub(super) async fn answer(
    flow: &AssumeRoleWithSaml,
    call: &Call<'_>,
) -> Result<Success<'static>, QueryFault> {
    let request = read(&call.parameters)?;
    let session = flow.run(request, call.meta).await?;
    Ok(render(session))
}

fn read<'a>(parameters: &'a Parameters<'_>) -> Result<SamlRequest<'a>, QueryFault> {
    let duration = duration(parameters)?;
    let mut violations = Violations::default();
    let role = violations.required(parameters.find("RoleArn"), &ROLE_ARN);
    let provider = violations.required(parameters.find("PrincipalArn"), &PRINCIPAL_ARN);
    let assertion = violations.required(parameters.find("SAMLAssertion"), &ASSERTION);
    let bounds = Bounds::read(parameters, (duration, ROLE_SECONDS), &mut violations)?;
    let (Some(role), Some(provider), Some(assertion), None) =
        (role, provider, assertion, violations.message())
    else {
        return Err(QueryFault::validation(
            violations.message().unwrap_or_default(),
        ));
    };
    Ok(SamlRequest {
        role: role_arn(role, AssumeAction::WithSaml)?,
        provider: provider_arn(provider)?,
        assertion,
        duration: bounds.duration(),
        narrowing: bounds.narrowing()?,
    })
}

/// An ARN of something else is refused as one of a provider that doesn't exist.
fn provider_arn(text: &str) -> Result<SamlProviderArn, QueryFault> {
    check_arn(text)?;
    text.parse().map_err(|_| saml_error::no_provider())
}

fn render(session: SamlSession) -> Success<'static> {
    let size = session.issued.packed_size;
    let (user, credentials) = user_and_credentials(session.issued);
    let person = session.person;
    let mut members = vec![
        ("Issuer", String::from(person.issuer).into()),
        ("AssumedRoleUser", user),
        ("Credentials", credentials),
        ("Subject", String::from(person.subject).into()),
        ("SubjectType", person.subject_type.into()),
        ("Audience", person.recipient.into()),
        ("NameQualifier", person.name_qualifier.into()),
    ];
    members.extend(size.map(|size| ("PackedPolicySize", Value::Number(size))));
    let source = session.source_identity.map(String::from);
    members.extend(source.map(|source| ("SourceIdentity", source.into())));
    Success::new("AssumeRoleWithSAML", members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_of_something_else_is_like_a_provider_that_is_not_there() {
        for text in [
            "arn:aws:iam::123456789012:role/Reader",
            "arn:aws:iam::123456789012:oidc-provider/idp.example.com",
            "arn:aws:iam::123456789012:saml-provider/",
            "arn:moon:iam::123456789012:saml-provider/Partners",
        ] {
            assert_eq!(provider_arn(text).unwrap_err(), saml_error::no_provider());
        }
        let invalid = provider_arn("saml-provider/Partners").unwrap_err();
        assert_eq!(invalid.code(), "ValidationError");
    }
}
