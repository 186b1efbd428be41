//! What the operations that assume a role share: parameters and members of the answer.

use super::answer::Value;
use super::validation::{Constraint, Quoting, Violations, is_arn_character, is_policy_character};
use super::{Parameters, StsFault};
use crate::credentials::Issued;
use crate::domain::{Arn, RoleArn, SessionDuration};
use crate::policy::{AssumeAction, IdentityPolicy, StsAction};

const ARN_PATTERN: &str =
    r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+";
const POLICY: Constraint = Constraint {
    field: "policy",
    min: 1,
    max: 2048,
    pattern: Some((is_policy_character, r"[\u0009\u000A\u000D\u0020-\u00FF]+")),
    quoting: Quoting::Quoted,
};

/// `arnType`, under the member's name.
pub(super) const fn arn(field: &'static str) -> Constraint {
    Constraint {
        field,
        min: 20,
        max: 2048,
        pattern: Some((is_arn_character, ARN_PATTERN)),
        quoting: Quoting::Quoted,
    }
}

/// What a session may last and may do at the most, as it is asked for.
pub(super) struct Bounds<'a> {
    duration: Option<u32>,
    policy: Option<&'a str>,
}

impl<'a> Bounds<'a> {
    /// Reads `DurationSeconds` and `Policy`; what breaks the model's bounds is added to `violations`.
    pub(super) fn read(
        parameters: &'a Parameters<'_>,
        duration: Option<i32>,
        violations: &mut Violations,
    ) -> Self {
        let bounds = (
            SessionDuration::MIN.seconds(),
            SessionDuration::MAX.seconds(),
        );
        Self {
            policy: violations.optional(parameters.find("Policy"), &POLICY),
            duration: violations.number(duration, "durationSeconds", bounds),
        }
    }

    /// How long the session shall last.
    pub(super) fn duration(&self) -> SessionDuration {
        self.duration
            .and_then(SessionDuration::from_seconds)
            .unwrap_or(SessionDuration::DEFAULT)
    }

    /// What it may do at the most.
    pub(super) fn policy(&self) -> Result<Option<IdentityPolicy>, StsFault> {
        self.policy.map(session_policy).transpose()
    }
}

/// `DurationSeconds` as Java reads an integer: a sign and leading zeros are fine.
pub(super) fn duration(parameters: &Parameters<'_>) -> Result<Option<i32>, StsFault> {
    let number = |text: &str| match text {
        "" => Err(StsFault::missing_number()),
        text => text.parse().map_err(|_| StsFault::malformed_input()),
    };
    parameters.find("DurationSeconds").map(number).transpose()
}

/// What is no ARN is invalid. An ARN that names something else than a role is refused as one of a
/// role that doesn't exist; whether there is a role is for the flow to know.
pub(super) fn role_arn(text: &str, action: AssumeAction) -> Result<RoleArn, StsFault> {
    check_arn(text)?;
    let action = StsAction::Assume(action);
    text.parse().map_err(|_| StsFault::not_authorized(action))
}

/// What is no ARN is invalid.
pub(super) fn check_arn(text: &str) -> Result<(), StsFault> {
    match Arn::parse(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(StsFault::validation([text, " is invalid"].concat())),
    }
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

/// What would narrow the session must not be passed over.
pub(super) fn refuse_managed_policies(parameters: &Parameters<'_>) -> Result<(), StsFault> {
    if parameters.has_any("PolicyArns.") {
        return Err(StsFault::validation(
            "PolicyArns: there are no managed policies; send the session policy as Policy",
        ));
    }
    Ok(())
}

/// The members `AssumedRoleUser` and `Credentials`.
pub(super) fn user_and_credentials(issued: &Issued) -> (Value<'static>, Value<'static>) {
    let credentials = &issued.credentials;
    let secret = credentials.secret_access_key.expose().to_owned();
    let token = credentials.session_token.expose().to_owned();
    let user = vec![
        ("AssumedRoleId", issued.principal.assumed_role_id().into()),
        ("Arn", issued.principal.arn().into()),
    ];
    let credentials = vec![
        ("AccessKeyId", credentials.access_key_id.to_string().into()),
        ("SecretAccessKey", secret.into()),
        ("SessionToken", token.into()),
        ("Expiration", Value::Time(credentials.expiration)),
    ];
    (Value::Members(user), Value::Members(credentials))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, action: AssumeAction) -> (&'static str, String) {
        let fault = role_arn(text, action).unwrap_err();
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
            assert_eq!(refused(text, AssumeAction::WithWebIdentity), expected);
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
            for (action, name) in [
                (AssumeAction::WithWebIdentity, "AssumeRoleWithWebIdentity"),
                (AssumeAction::WithSaml, "AssumeRoleWithSAML"),
            ] {
                let message = ["Not authorized to perform sts:", name].concat();
                assert_eq!(refused(text, action), ("AccessDenied", message), "{text}");
            }
        }
    }
}
